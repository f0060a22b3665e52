// Standard Webhooks signatures against the published vector, and bodies against their rules.
#include <simdjson.h>

#include <catch2/catch.hpp>

#include "actors/notify/webhook.hpp"
#include "tests/notify/notices.hpp"
#include "tests/support/shared_data.hpp"

using namespace heliograph;
using namespace heliograph::notify;

namespace {

const char* const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

Secret key_of(const std::string& text) {
  auto key = webhook_key(Secret(text));
  REQUIRE(key.has_value());
  return *key;
}

}  // namespace

TEST_CASE("a webhook is signed as the worked example of Standard Webhooks is") {
  CHECK(webhook_signatures({key_of(secret)}, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, "{\"test\": 2432232314}") ==
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

TEST_CASE("the recorded webhook vector holds") {
  const auto text = tests::shared_text("protocols/fixtures/notifications/standard_webhooks_vectors.json");
  if (!text) return;
  simdjson::dom::parser parser;
  const auto vector = parser.parse(*text);
  const auto value = [&](const char* name) { return std::string(std::string_view(vector[name])); };
  CHECK(webhook_signatures({key_of(value("secret"))}, value("webhook-id"), std::stoll(value("webhook-timestamp")),
                           value("body")) == value("webhook-signature"));
}

TEST_CASE("while a secret is changed, both sign") {
  const std::string other = "whsec_" + std::string("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
  const std::string both = webhook_signatures({key_of(other), key_of(secret)}, "n-1", 5, "{}");
  CHECK(both == webhook_signatures({key_of(other)}, "n-1", 5, "{}") + " " +
                    webhook_signatures({key_of(secret)}, "n-1", 5, "{}"));
}

TEST_CASE("a secret that is none is refused and not repeated") {
  for (const char* bad : {"", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_", "whsec_c2hvcnQ=",
                          "whsk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS"}) {
    const auto key = webhook_key(Secret(bad));
    CAPTURE(bad);
    REQUIRE_FALSE(key.has_value());
    CHECK(key.error().sentence.find("MfKQ") == std::string::npos);
  }
}

TEST_CASE("a webhook's body names type, time and data, and nothing of an approval that could decide it") {
  const Notice approval = approval_notice();
  const std::string body = webhook_body(approval);
  simdjson::dom::parser parser;
  const auto json = parser.parse(body);
  CHECK(std::string_view(json["type"]) == "approval.requested");
  CHECK(std::string_view(json["timestamp"]) == "2025-06-02T10:00:00.000Z");
  CHECK(std::string_view(json["data"]["sentence"]) == approval.approval->sentence);
  CHECK_FALSE(mentions_a_secret(body, approval));
  CHECK(webhook_body(alert_notice()).find("\"alert.raised\"") != std::string::npos);
  Notice resolved = alert_notice();
  resolved.phase = Phase::resolved;
  CHECK(webhook_body(resolved).find("\"alert.resolved\"") != std::string::npos);
}

TEST_CASE("a webhook's body stays under 20 kB and is valid JSON whatever stands in it") {
  Notice notice = approval_notice();
  for (std::string* field : {&notice.title, &notice.text, &notice.site_name, &notice.subject_key,
                             &notice.approval->sentence, &notice.approval->why, &notice.approval->asked_by})
    *field = [] {
      std::string text;
      for (int i = 0; i < 100'000; ++i) text += static_cast<char>(i * 7);
      return text;
    }();
  const std::string body = webhook_body(notice);
  CHECK(body.size() < 20'000);
  simdjson::dom::parser parser;
  CHECK(parser.parse(body).error() == simdjson::SUCCESS);
}
