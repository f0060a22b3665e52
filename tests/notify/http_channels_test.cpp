// Slack, PagerDuty and webhooks through doubles in their documented shapes: what they are sent, and what their answers
// mean for the next try.
#include <simdjson.h>

#include <catch2/catch.hpp>

#include "actors/notify/pagerduty.hpp"
#include "actors/notify/slack.hpp"
#include "actors/notify/webhook.hpp"
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
const char* const whsec = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const std::string routing_key(32, 'k');

SlackChannel slack(Outside& outside, const HttpDouble& server) {
  return {{"ops", Secret(outside.url(server, "/services/T0/B0/hidden"))}, "https://hub.example", outside.transport()};
}
PagerDutyChannel pagerduty(Outside& outside, const HttpDouble& server) {
  return {{"ops", Secret(routing_key), outside.url(server)}, "https://hub.example", outside.transport()};
}
WebhookChannel webhook(Outside& outside, const HttpDouble& server) {
  return {{"home", outside.url(server, "/x"), {Secret(whsec)}, outside.transport().policy}, outside.transport()};
}

struct Row {
  Script script;
  Outcome outcome;
};

template <class Make>
void check_table(Make make, std::initializer_list<Row> table) {
  Outside outside;
  for (const Row& row : table) {
    CAPTURE(row.script.bytes.substr(0, 200));
    HttpDouble server({row.script}, &outside.certificate);
    const Delivery delivery = make(outside, server).deliver(alert_notice(), {1, monday_noon});
    CHECK(delivery.outcome == row.outcome);
    CHECK(server.asked().size() == 1);
    CHECK_FALSE(delivery.detail.empty());
    for (const char* hidden : {"hidden", "<html", "MfKQ", "kkkk"})
      CHECK(delivery.detail.find(hidden) == std::string::npos);
  }
}

const std::string endless_head = "HTTP/1.1 500 Oops\r\n\r\n";

}  // namespace

TEST_CASE("what Slack's answers mean for the next try") {
  check_table(slack, {
                         {answer(200, "ok"), Outcome::delivered},
                         {answer(200, "<html>Please log in</html>"), Outcome::later},
                         {answer(400, "invalid_payload"), Outcome::refused},
                         {answer(400, "user_not_found"), Outcome::disabled},
                         {answer(403, "action_prohibited"), Outcome::disabled},
                         {answer(403, "invalid_token"), Outcome::disabled},
                         {answer(404, "channel_not_found"), Outcome::disabled},
                         {answer(404, "no_service\n"), Outcome::disabled},
                         {answer(410, "channel_is_archived"), Outcome::disabled},
                         {answer(403, "<html>Forbidden by your proxy</html>"), Outcome::later},
                         {answer(404, ""), Outcome::later},
                         {answer(429, "rate_limited", "Retry-After: 30\r\n"), Outcome::later},
                         {answer(500, "rollup_error"), Outcome::later},
                         {answer(302, "", "Location: https://service.test/\r\n"), Outcome::later},
                         {Script{std::string(4096, 'x'), Script::Then::repeat, endless_head}, Outcome::later},
                         {Script{"", Script::Then::reset, {}}, Outcome::later},
                         {Script{"not HTTP at all\r\n\r\n", Script::Then::close, {}}, Outcome::later},
                     });
}

TEST_CASE("what PagerDuty's answers mean for the next try") {
  check_table(pagerduty, {
                             {answer(202, R"({"status":"success","message":"Event processed","dedup_key":"x"})"),
                              Outcome::delivered},
                             {answer(200, "<html>"), Outcome::later},
                             {answer(400, R"({"status":"invalid event","message":"x","errors":[]})"), Outcome::refused},
                             {answer(403, ""), Outcome::disabled},
                             {answer(404, "<html>"), Outcome::disabled},
                             {answer(429, ""), Outcome::later},
                             {answer(500, "<html>"), Outcome::later},
                             {answer(503, ""), Outcome::later},
                             {Script{"", Script::Then::close, {}}, Outcome::later},
                         });
}

TEST_CASE("what a webhook's answers mean for the next try") {
  check_table(webhook, {
                           {answer(200, "whatever"), Outcome::delivered},
                           {answer(204, ""), Outcome::delivered},
                           {answer(299, ""), Outcome::delivered},
                           {answer(301, "", "Location: https://service.test/\r\n"), Outcome::later},
                           {answer(307, "", "Location: http://169.254.169.254/\r\n"), Outcome::later},
                           {answer(400, ""), Outcome::later},
                           {answer(404, ""), Outcome::later},
                           {answer(410, ""), Outcome::disabled},
                           {answer(429, "", "Retry-After: 60\r\n"), Outcome::later},
                           {answer(502, "<html>"), Outcome::later},
                           {answer(504, ""), Outcome::later},
                       });
}

TEST_CASE("the wait that a service asks for is kept") {
  Outside outside;
  HttpDouble server(
      {answer(429, "rate_limited", "Retry-After: 30\r\n"),
       answer(503, "", "Retry-After: Mon, 02 Jun 2025 10:02:00 GMT\r\n"), answer(503, "", "Retry-After: soon\r\n")},
      &outside.certificate);
  auto channel = slack(outside, server);
  CHECK(channel.deliver(alert_notice(), {1, monday_noon}).not_before == monday_noon + 30 * second_us);
  CHECK(channel.deliver(alert_notice(), {2, monday_noon}).not_before == monday_noon + 2 * minute_us);
  CHECK_FALSE(channel.deliver(alert_notice(), {3, monday_noon}).not_before);
}

TEST_CASE("Slack is sent text and one block with a button, and nothing that decides an approval") {
  Outside outside;
  HttpDouble server({answer(200, "ok")}, &outside.certificate);
  const Notice notice = approval_notice();
  CHECK(slack(outside, server).deliver(notice, {1, monday_noon}).outcome == Outcome::delivered);
  const auto asked = server.asked();
  REQUIRE(asked.size() == 1);
  CHECK(asked[0].target == "/services/T0/B0/hidden");
  CHECK_FALSE(mentions_a_secret(asked[0].body, notice));
  simdjson::dom::parser parser;
  const auto json = parser.parse(asked[0].body);
  CHECK(std::string_view(json["text"]) == "Villa: Pause miner 1");
  CHECK(std::string_view(json["blocks"].at(0)["text"]["type"]) == "mrkdwn");
  CHECK(std::string_view(json["blocks"].at(1)["elements"].at(0)["url"]) == "https://hub.example");
}

TEST_CASE("an incident at PagerDuty is triggered, acknowledged and resolved under one key, in the documented shape") {
  Outside outside;
  HttpDouble server({answer(202, "{}")}, &outside.certificate);
  auto channel = pagerduty(outside, server);
  Notice notice = alert_notice();
  std::vector<std::string> actions;
  for (const Phase phase : {Phase::raised, Phase::acknowledged, Phase::resolved}) {
    notice.phase = phase;
    CHECK(channel.deliver(notice, {1, monday_noon}).reference == notice.subject_key);
  }
  const auto asked = server.asked();
  REQUIRE(asked.size() == 3);
  for (const auto& request : asked) {
    CHECK(request.target == "/v2/enqueue");
    simdjson::dom::parser parser;
    const auto json = parser.parse(request.body);
    CHECK(std::string_view(json["dedup_key"]) == notice.subject_key);
    CHECK(std::string_view(json["routing_key"]) == routing_key);
    actions.emplace_back(std::string_view(json["event_action"]));
  }
  CHECK(actions == std::vector<std::string>{"trigger", "acknowledge", "resolve"});
  const auto documented = tests::shared_text("protocols/fixtures/notifications/pagerduty_events.json");
  if (!documented) return;
  simdjson::dom::parser ours_parser, theirs_parser;
  const simdjson::dom::element theirs = theirs_parser.parse(*documented)["trigger"];
  const simdjson::dom::object ours = ours_parser.parse(asked[0].body);
  for (const auto [key, value] : ours) {
    CAPTURE(key);
    CHECK(theirs[key].error() == simdjson::SUCCESS);
  }
  for (const auto [key, value] : simdjson::dom::object(ours["payload"])) {
    CAPTURE(key);
    CHECK(theirs["payload"][key].error() == simdjson::SUCCESS);
  }
}

TEST_CASE("PagerDuty gets alerts only, and keys of at most 255 characters") {
  Outside outside;
  HttpDouble server({answer(202, "{}")}, &outside.certificate);
  auto channel = pagerduty(outside, server);
  CHECK(channel.deliver(approval_notice(), {1, monday_noon}).outcome == Outcome::refused);
  CHECK(server.connections() == 0);
  Notice long_key = alert_notice(), other = alert_notice();
  long_key.subject_key = std::string(400, 'x');
  other.subject_key = std::string(400, 'x') + "y";
  const auto first = channel.deliver(long_key, {1, monday_noon}).reference,
             second = channel.deliver(other, {1, monday_noon}).reference;
  CHECK(first.size() <= 255);
  CHECK(first != second);
}

TEST_CASE("a webhook carries its id through every try, the time of the try, and a signature that fits") {
  Outside outside;
  HttpDouble server({answer(500, ""), answer(200, "")}, &outside.certificate);
  auto channel = webhook(outside, server);
  CHECK(channel.deliver(alert_notice(), {1, monday_noon}).outcome == Outcome::later);
  CHECK(channel.deliver(alert_notice(), {2, monday_noon + hour_us}).outcome == Outcome::delivered);
  const auto asked = server.asked();
  REQUIRE(asked.size() == 2);
  CHECK(asked[0].body == asked[1].body);
  for (const auto& request : asked) {
    CHECK(request.headers.at("webhook-id") == "n-4711");
    const auto at = std::stoll(request.headers.at("webhook-timestamp"));
    CHECK(request.headers.at("webhook-signature") ==
          webhook_signatures({webhook_key(Secret(whsec)).value()}, "n-4711", at, request.body));
  }
  CHECK(std::stoll(asked[1].headers.at("webhook-timestamp")) - std::stoll(asked[0].headers.at("webhook-timestamp")) ==
        3600);
}

TEST_CASE("a webhook's own policy decides where it may go") {
  Outside outside;
  HttpDouble server({answer(200, "")}, &outside.certificate);
  WebhookChannel strict({"home", outside.url(server, "/x"), {Secret(whsec)}, {}}, outside.transport());
  const Delivery delivery = strict.deliver(alert_notice(), {1, monday_noon});
  CHECK(delivery.outcome == Outcome::later);  // a name may stand for another address tomorrow
  CHECK(server.connections() == 0);
  WebhookChannel literal({"home", "https://10.0.0.1/x", {Secret(whsec)}, {}}, outside.transport());
  CHECK(literal.deliver(alert_notice(), {1, monday_noon}).outcome == Outcome::disabled);
}
