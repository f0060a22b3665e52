// Text messages through a double of Twilio in its documented shapes: one message for one notice, whatever happens to
// the answers on their way.
#include "actors/notify/twilio.hpp"

#include <catch2/catch.hpp>

#include "actors/notify/form.hpp"
#include "actors/notify/templates.hpp"
#include "events/base64.hpp"
#include "events/json.hpp"
#include "tests/notify/notices.hpp"
#include "tests/notify/outside.hpp"
#include "tests/support/shared_data.hpp"

using namespace heliograph;
using namespace heliograph::notify;
using heliograph::testing::answer;
using heliograph::testing::HttpDouble;
using heliograph::testing::Script;

namespace {

using Outcome = Delivery::Outcome;
const std::string account = "AC" + std::string(32, 'a'), sid = "SM" + std::string(32, 'b');

TwilioChannel channel_to(Outside& outside, const HttpDouble& server) {
  TwilioOptions options;
  options.account_sid = account;
  options.password = Secret("12345");
  options.from = "+15005550006";
  options.base = outside.url(server);
  return TwilioChannel(options, {"anna", "+15558675310"}, outside.transport());
}

Script created() { return answer(201, R"({"sid":")" + sid + R"(","status":"queued","error_code":null})"); }

Script error(int status, int code) {
  return answer(status, R"({"code":)" + std::to_string(code) + R"(,"message":"x","more_info":"y","status":)" +
                            std::to_string(status) + "}");
}

Script list_with(const std::string& body, const std::string& status = "delivered") {
  JsonWriter json;
  json.begin_object().key("messages").begin_array();
  json.begin_object()
      .field("sid", "SM" + std::string(32, 'c'))
      .field("body", "Another one")
      .field("status", "sent")
      .end_object();
  json.begin_object().field("sid", sid).field("body", body).field("status", status).end_object();
  return answer(200, json.end_array().end_object().str());
}

}  // namespace

TEST_CASE("an approval is posted to Twilio as one form") {
  Outside outside;
  HttpDouble server({created()}, &outside.certificate);
  auto channel = channel_to(outside, server);
  const Notice notice = approval_notice();
  const Delivery delivery = channel.deliver(notice, {1, monday_noon});
  CHECK(delivery.outcome == Outcome::delivered);
  CHECK(delivery.reference == sid);
  const auto asked = server.asked();
  REQUIRE(asked.size() == 1);
  CHECK(asked[0].method == "POST");
  CHECK(asked[0].target == "/2010-04-01/Accounts/" + account + "/Messages.json");
  CHECK(asked[0].headers.at("authorization") == "Basic " + base64(account + ":12345"));
  CHECK(parse_form(asked[0].body).value() == Form{{"To", "+15558675310"},
                                                  {"Body", sms_text(notice).value()},
                                                  {"From", "+15005550006"},
                                                  {"ValidityPeriod", "900"}});
}

TEST_CASE("the recorded answers of Twilio are understood") {
  const auto message = tests::shared_text("protocols/fixtures/notifications/twilio_message_created.json");
  const auto refusal = tests::shared_text("protocols/fixtures/notifications/twilio_error.json");
  if (!message || !refusal) return;
  Outside outside;
  HttpDouble server({answer(201, *message), answer(400, *refusal)}, &outside.certificate);
  auto channel = channel_to(outside, server);
  CHECK(channel.deliver(alert_notice(), {1, monday_noon}).reference == "SM" + std::string(32, 'a'));
  const Delivery second = channel.deliver(alert_notice(), {1, monday_noon});
  CHECK(second.outcome == Outcome::disabled);
  CHECK(second.detail == "Twilio answered 400, error 21211: the number is none.");
}

TEST_CASE("what Twilio's errors mean for the next try") {
  struct Row {
    Script script;
    Outcome outcome;
  };
  const Row table[] = {
      {error(401, 20003), Outcome::disabled},
      {error(404, 20404), Outcome::disabled},
      {error(400, 21211), Outcome::disabled},
      {error(400, 21606), Outcome::disabled},
      {error(400, 21608), Outcome::disabled},
      {error(400, 21610), Outcome::disabled},
      {error(400, 21612), Outcome::disabled},
      {error(400, 21614), Outcome::disabled},
      {error(400, 21617), Outcome::refused},
      {error(429, 20429), Outcome::later},
      {answer(429, "", "Retry-After: 3\r\n"), Outcome::later},
      {error(500, 20500), Outcome::later},
      {answer(503, "<html>"), Outcome::later},
      {answer(400, "<html>no JSON</html>"), Outcome::later},
      {answer(401, "<html>"), Outcome::disabled},
      {answer(302, "", "Location: https://service.test/\r\n"), Outcome::later},
      {answer(201, "<html>"), Outcome::later},
      {answer(201, "{}"), Outcome::later},
      {answer(400, "[1,2"), Outcome::later},
      {answer(400, R"({"code":"21211"})"), Outcome::later},
  };
  Outside outside;
  for (const Row& row : table) {
    CAPTURE(row.script.bytes);
    HttpDouble server({row.script}, &outside.certificate);
    const Delivery delivery = channel_to(outside, server).deliver(alert_notice(), {1, monday_noon});
    CHECK(delivery.outcome == row.outcome);
    CHECK_FALSE(delivery.detail.empty());
    CHECK(delivery.detail.find("html") == std::string::npos);
    CHECK(delivery.detail.find("12345") == std::string::npos);
  }
}

TEST_CASE("when an answer was lost, the next try finds the message and sends no second one") {
  Outside outside;
  const std::string text = sms_text(approval_notice()).value();
  HttpDouble server({Script{"", Script::Then::reset, {}}, list_with("Sent from your Twilio trial account - " + text)},
                    &outside.certificate);
  auto channel = channel_to(outside, server);
  CHECK(channel.deliver(approval_notice(), {1, monday_noon}).outcome == Outcome::later);
  const Delivery second = channel.deliver(approval_notice(), {2, monday_noon + minute_us});
  CHECK(second.outcome == Outcome::delivered);
  CHECK(second.reference == sid);
  const auto asked = server.asked();
  REQUIRE(asked.size() == 2);
  CHECK(asked[1].method == "GET");
  CHECK(asked[1].target ==
        "/2010-04-01/Accounts/" + account + "/Messages.json?To=%2B15558675310&DateSent%3E=2025-06-01&PageSize=20");
  CHECK(asked[1].headers.count("authorization") == 1);
}

TEST_CASE("when no message went out, or it failed there, the next try sends it") {
  Outside outside;
  for (const Script& list : {list_with("Villa: something else"), list_with(sms_text(alert_notice()).value(), "failed"),
                             answer(200, R"({"messages":[]})")}) {
    HttpDouble server({list, created()}, &outside.certificate);
    CHECK(channel_to(outside, server).deliver(alert_notice(), {2, monday_noon}).outcome == Outcome::delivered);
    CHECK(server.asked().size() == 2);
  }
}

TEST_CASE("when it cannot be found out whether the message went out, nothing is sent") {
  Outside outside;
  for (const Script& list : {answer(503, ""), answer(200, "<html>"), answer(200, R"({"messages":[{"sid":1}]})"),
                             answer(200, R"({"messages":[],"x":")" + std::string(70'000, 'x') + "\"}"),
                             Script{"", Script::Then::close, {}}}) {
    HttpDouble server({list, created()}, &outside.certificate);
    CHECK(channel_to(outside, server).deliver(alert_notice(), {2, monday_noon}).outcome == Outcome::later);
    CHECK(server.asked().size() == 1);
  }
}

TEST_CASE("an approval that is too long or too late is not asked for by text message") {
  Outside outside;
  HttpDouble server({created()}, &outside.certificate);
  auto channel = channel_to(outside, server);
  Notice notice = approval_notice();
  CHECK(channel.deliver(notice, {1, notice.approval->expires_at}).outcome == Outcome::refused);
  notice.approval->sentence = std::string(200, 'x');
  CHECK(channel.deliver(notice, {1, monday_noon}).outcome == Outcome::refused);
  CHECK(server.connections() == 0);
}
