// Who is told what and when: pure, from facts alone. And the proofs that answers carry.
#include "actors/notify/outbox.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

using namespace heliograph;
using namespace heliograph::notify;

namespace {

constexpr Micros noon = 1'748'858'400'000'000;  // 2025-06-02T10:00Z, a Monday: 12:00 in Warsaw
const SiteKey villa{{"acme"}, {"villa"}}, annex{{"acme"}, {"annex"}};

Digest key_of(unsigned char byte) {
  Digest key{};
  key.fill(byte);
  return key;
}

/// An outbox that hears facts at a running time.
struct Post {
  explicit Post(std::vector<Route> host = {}, std::string base = "https://hub.example/") : outbox(ApprovalProof(key_of(7)), std::move(base), std::move(host)) {
    SiteConfigured settings;
    settings.name = "Villa", settings.time_zone = "Europe/Warsaw";
    fact(settings);
  }
  Position fact(Event event, Principal who = {PrincipalKind::user, "anna"}, SiteKey site = villa) {
    Record record;
    record.envelope.site = std::move(site);
    record.envelope.position = ++position;
    record.envelope.occurred_at = now;
    record.envelope.principal = std::move(who);
    record.body = std::move(event);
    outbox.apply(record);
    records.push_back(record);
    return position;
  }
  void people(bool critical_only = false, DayWindow quiet = {}) {
    PreferencesSet wishes;
    wishes.mail = "anna@example.org", wishes.sms = "+48123456789", wishes.critical_only = critical_only, wishes.quiet_hours = quiet;
    fact(wishes);
  }
  Position ask(const std::string& command = "c-1") {
    fact(CommandRequested{{command}, {"miner-1"}, Action::switch_on, 0, "sun"}, {PrincipalKind::agent, "planner"});
    return fact(ApprovalRequested{{command}, "Switch \"Miner 1\" (miner-1) on.", now + 5 * minute_us});
  }
  /// What is due now, as "mail: title".
  std::vector<std::string> due() {
    std::vector<std::string> out;
    taken = outbox.take_due(now);
    for (const Due& each : taken) out.push_back(std::string(name(each.route.kind)) + ": " + each.notice.title);
    std::sort(out.begin(), out.end());
    return out;
  }
  std::optional<NotificationSettled> end(Delivery::Outcome outcome, std::size_t which = 0) { return outbox.ended(taken.at(which).delivery, {outcome, "because", {}, "ref"}, now); }
  void end_all() {
    for (const Due& each : taken)
      if (const auto settled = outbox.ended(each.delivery, {Delivery::Outcome::delivered, {}, {}, "ref"}, now)) fact(*settled);
  }

  Outbox outbox;
  Micros now = noon;
  Position position = 0;
  std::vector<Due> taken;
  std::vector<Record> records;
};

const std::vector<Route> services = {{ChannelKind::slack, "slack/ops", {}}, {ChannelKind::pagerduty, "pagerduty/ops", {}}, {ChannelKind::webhook, "webhook/ops", {}}};
using Strings = std::vector<std::string>;

}  // namespace

TEST_CASE("a question goes to people with a link and codes, to services without") {
  Post post(services);
  post.people();
  post.ask();
  const std::string title = "Switch \"Miner 1\" (miner-1) on.";
  CHECK(post.due() == Strings{"mail: " + title, "slack: " + title, "sms: " + title, "webhook: " + title});
  for (const Due& due : post.taken) {
    REQUIRE(due.notice.approval);
    const ApprovalInvitation& invitation = *due.notice.approval;
    CHECK(invitation.asked_by == "agent:planner");
    CHECK(invitation.why == "sun");
    const bool mail = due.route.kind == ChannelKind::mail, sms = due.route.kind == ChannelKind::sms;
    CHECK(invitation.url.empty() != mail);
    CHECK(invitation.mail_code.empty() != mail);
    CHECK(invitation.sms_code.empty() != sms);
    if (mail) {
      const std::string url = invitation.url.reveal();
      REQUIRE(url.starts_with("https://hub.example/approve/"));
      const auto found = post.outbox.by_link(url.substr(28));
      REQUIRE(found);
      CHECK(found->contact == "anna@example.org");
      CHECK(found->asked->open);
      CHECK(post.outbox.is_code(*found->asked, ChannelKind::mail, found->contact, invitation.mail_code.reveal()));
    }
    if (sms) {
      const auto asked = post.outbox.by_number("+48123456789");
      REQUIRE(asked.size() == 1);
      CHECK(post.outbox.is_code(*asked.front(), ChannelKind::sms, "+48123456789", invitation.sms_code.reveal()));
      CHECK_FALSE(post.outbox.is_code(*asked.front(), ChannelKind::mail, "anna@example.org", invitation.sms_code.reveal()));
    }
    CHECK(due.route.name.find("example.org") == std::string::npos);  // the record names no address
  }
  CHECK(post.due().empty());  // handed out once
}

TEST_CASE("without a public address no mail can be answered, so none asks") {
  Post post({}, "");
  post.people();
  post.ask();
  CHECK(post.due() == Strings{"sms: Switch \"Miner 1\" (miner-1) on."});
}

TEST_CASE("before the time is over there is a reminder, after an answer there is none, and nothing is asked any more") {
  Post post;
  post.people();
  SECTION("nobody answers") {
    post.ask();
    post.due();
    post.end_all();
    post.now += 5 * minute_us - Outbox::remind_before - second_us;
    CHECK(post.due().empty());
    post.now += second_us;
    CHECK(post.due() == Strings{"mail: Still waits for a yes: Switch \"Miner 1\" (miner-1) on."});
    post.end_all();
    post.fact(CommandCancelled{{"c-1"}, Cancelled::expired, ""});
    CHECK(post.due() == Strings{"mail: Not done: nobody said yes in time"});
  }
  SECTION("somebody does") {
    post.ask();
    post.fact(ApprovalDecided{{"c-1"}, true, ApprovalChannel::api});
    CHECK(post.due().empty());  // not even the invitation
    CHECK_FALSE(post.outbox.by_number("+48123456789").front()->open);
    post.fact(CommandVerified{{"c-1"}, 5});
    CHECK(post.due() == Strings{"mail: Done"});
  }
  SECTION("a command that nobody was asked about makes no noise") {
    post.fact(CommandRequested{{"c-2"}, {"miner-1"}, Action::switch_on, 0, "sun"});
    post.fact(CommandVerified{{"c-2"}, 5});
    CHECK(post.due().empty());
  }
}

TEST_CASE("results name what came of it") {
  Post post;
  post.people();
  post.ask();
  post.due();
  post.end_all();
  SECTION("refused at the last look") {
    post.fact(CommandRefused{{"c-1"}, {{"soc-floor", "low", {}, {}, "", 0}}, 1});
    CHECK(post.due() == Strings{"mail: Not done: refused by safety (soc-floor)"});
  }
  SECTION("unknown") {
    post.fact(CommandFailed{{"c-1"}, FailureKind::outcome_unknown, ""});
    CHECK(post.due() == Strings{"mail: Not confirmed: look at the device"});
  }
  SECTION("failed") {
    post.fact(CommandFailed{{"c-1"}, FailureKind::device_error, ""});
    CHECK(post.due() == Strings{"mail: Failed"});
  }
  SECTION("a stop") {
    post.fact(CommandCancelled{{"c-1"}, Cancelled::stopped, ""});
    CHECK(post.due() == Strings{"mail: Not done: called off"});
  }
}

TEST_CASE("an alert is told after its patience, by the ways that fit it, and its end to those who heard of it") {
  Post post(services);
  post.people();
  SECTION("what mends itself in time is only on record") {
    post.fact(AlertRaised{"device-offline/miner-1", Severity::warning, "Silent."});
    post.now += 4 * minute_us;
    CHECK(post.due().empty());
    post.fact(AlertCleared{"device-offline/miner-1"});
    post.now += hour_us;
    CHECK(post.due().empty());
  }
  SECTION("a warning") {
    post.fact(AlertRaised{"device-offline/miner-1", Severity::warning, "Silent."});
    post.now += 5 * minute_us;
    CHECK(post.due() == Strings{"mail: Silent.", "pagerduty: Silent.", "slack: Silent.", "webhook: Silent."});
    post.end_all();
    post.fact(AlertAcknowledged{"device-offline/miner-1"});
    CHECK(post.due() == Strings{"pagerduty: Silent.", "slack: Silent.", "webhook: Silent."});
    for (const Due& due : post.taken) CHECK(due.notice.phase == Phase::acknowledged);
    post.end_all();
    post.fact(AlertCleared{"device-offline/miner-1"});
    CHECK(post.due() == Strings{"mail: Silent.", "pagerduty: Silent.", "slack: Silent.", "webhook: Silent."});
    for (const Due& due : post.taken) {
      CHECK(due.notice.phase == Phase::resolved);
      CHECK(due.notice.subject_key == "villa/device-offline/miner-1");
    }
  }
  SECTION("what is critical is told at once, by text message too") {
    post.fact(AlertRaised{"stop", Severity::critical, "Stopped."});
    const auto due = post.due();
    CHECK(std::count(due.begin(), due.end(), "sms: Stopped.") == 1);
    CHECK(due.size() == 5);
  }
}

TEST_CASE("critical only, and quiet hours") {
  Post post(services);
  SECTION("critical only silences people, not services") {
    post.people(true);
    post.fact(AlertRaised{"soc-low/battery", Severity::warning, "Low."});
    CHECK(post.due() == Strings{"pagerduty: Low.", "slack: Low.", "webhook: Low."});
    post.fact(NotificationRaised{"Guard", "paused"});
    CHECK(post.due() == Strings{"slack: Guard", "webhook: Guard"});
    post.fact(AlertRaised{"clock", Severity::critical, "Jumped."});
    CHECK(post.due().size() == 5);
  }
  SECTION("what is not critical waits until the quiet hours end, to the minute") {
    post.people(false, {11 * 60, 13 * 60 + 30});  // it is 12:00 there
    post.now += 7 * second_us;
    post.fact(AlertRaised{"soc-low/battery", Severity::warning, "Low."});
    const auto due = post.due();
    CHECK(std::count(due.begin(), due.end(), "mail: Low.") == 0);
    post.end_all();
    post.now = noon + 90 * minute_us - second_us;
    CHECK(post.due().empty());
    post.now = noon + 90 * minute_us;
    CHECK(post.due() == Strings{"mail: Low."});
    post.end_all();
    post.fact(AlertRaised{"stop", Severity::critical, "Stopped."});
    CHECK(post.due().size() == 5);
  }
  SECTION("quiet hours over midnight") {
    post.people(false, {22 * 60, 6 * 60});
    post.now = noon + 12 * hour_us;  // midnight there
    post.fact(AlertRaised{"soc-low/battery", Severity::warning, "Low."});
    post.due();
    post.end_all();
    post.now = noon + 18 * hour_us;  // six in the morning
    CHECK(post.due() == Strings{"mail: Low."});
  }
  SECTION("in quiet hours nobody is woken by a question; the mail lies there") {
    post.people(false, {11 * 60, 13 * 60});
    post.ask();
    const auto due = post.due();
    CHECK(std::none_of(due.begin(), due.end(), [](const std::string& each) { return each.starts_with("sms"); }));
    CHECK(std::any_of(due.begin(), due.end(), [](const std::string& each) { return each.starts_with("mail"); }));
    CHECK(post.outbox.by_number("+48123456789").empty());
  }
}

TEST_CASE("a try that failed comes again by schedule, what is final is settled once") {
  Post post({{ChannelKind::webhook, "webhook/ops", {}}});
  post.fact(NotificationRaised{"Guard", "paused"});
  REQUIRE(post.due().size() == 1);
  CHECK(post.taken.front().number == 1);
  CHECK_FALSE(post.end(Delivery::Outcome::later));
  REQUIRE(post.outbox.next_due());
  CHECK(*post.outbox.next_due() >= post.now + 5 * second_us);
  CHECK(*post.outbox.next_due() <= post.now + 6 * second_us);
  post.now = *post.outbox.next_due();
  REQUIRE(post.due().size() == 1);
  CHECK(post.taken.front().number == 2);
  const auto settled = post.end(Delivery::Outcome::refused);
  REQUIRE(settled);
  CHECK(*settled == NotificationSettled{2, "webhook/ops", false, "because"});
  CHECK(post.outbox.open() == 0);
  CHECK_FALSE(post.end(Delivery::Outcome::delivered));
}

TEST_CASE("a restart finds what was not delivered, and only that, what may have been tried says so") {
  Post post(services);
  post.people();
  post.fact(AlertRaised{"stop", Severity::critical, "Stopped."});
  post.ask();
  const std::size_t all = post.due().size();
  REQUIRE(all == 9);
  for (std::size_t i = 0; i < all; ++i)
    if (i % 2 == 0) post.fact(*post.end(Delivery::Outcome::delivered, i));
  Outbox again(ApprovalProof(key_of(7)), "https://hub.example", services);
  for (const Record& record : post.records) again.apply(record);
  again.caught_up();
  const auto due = again.take_due(post.now);
  CHECK(due.size() == all - (all + 1) / 2);
  for (const Due& each : due) CHECK(each.number == 2);
  std::set<std::string> open, left;
  for (std::size_t i = 1; i < all; i += 2) open.insert(post.taken[i].route.name + post.taken[i].notice.id);
  for (const Due& each : due) left.insert(each.route.name + each.notice.id);
  CHECK(open == left);
  // The same link: people need no second mail.
  const auto mail = std::find_if(post.taken.begin(), post.taken.end(), [](const Due& each) { return each.route.kind == ChannelKind::mail && each.notice.approval; });
  REQUIRE(mail != post.taken.end());
  CHECK(again.by_link(mail->notice.approval->url.reveal().substr(28)));
}

TEST_CASE("proofs differ by use, question, person and key, nothing near is taken") {
  const Question question{villa, {"c-1"}, 4, "Switch a on.", noon};
  const ApprovalProof proof(key_of(1));
  std::set<std::string> seen;
  const auto add = [&](const ApprovalProof& of, const Question& q, const std::string& who) {
    CHECK(seen.insert(of.token(q, who).reveal()).second);
    CHECK(of.token(q, who).reveal().size() == 43);
    CHECK(of.mail_code(q, who).reveal().find_first_not_of("23456789ABCDEFGHJKMNPQRSTUVWXYZ") == std::string::npos);
    CHECK(of.sms_code(q, who).reveal().find_first_not_of("0123456789") == std::string::npos);
    CHECK(of.sms_code(q, who).reveal().size() == 6);
  };
  add(proof, question, "anna@example.org");
  add(proof, question, "ben@example.org");
  add(ApprovalProof(key_of(2)), question, "anna@example.org");
  for (const Question& other : {Question{annex, {"c-1"}, 4, "Switch a on.", noon}, Question{villa, {"c-2"}, 4, "Switch a on.", noon}, Question{villa, {"c-1"}, 5, "Switch a on.", noon},
                                Question{villa, {"c-1"}, 4, "Switch b on.", noon}, Question{villa, {"c-1"}, 4, "Switch a on.", noon + 1},
                                Question{{{"acmev"}, {"illa"}}, {"c-1"}, 4, "Switch a on.", noon}})
    add(proof, other, "anna@example.org");
  CHECK(typed_code(" ab3-d 9z ") == "AB3D9Z");
  // Codes are spread over their letters.
  std::map<char, int> letters;
  for (Position p = 0; p < 2'000; ++p) {
    const Secret code = proof.mail_code({villa, {"c-1"}, p, "s", noon}, "a");
    for (const char c : code.reveal()) ++letters[c];
  }
  CHECK(letters.size() == 31);
  for (const auto& [letter, n] : letters) {
    CAPTURE(letter);
    CHECK(n > 250);
    CHECK(n < 550);
  }
}

TEST_CASE("a day after its end a question is forgotten, and before that a late click hears what came of it") {
  Post post;
  post.people();
  post.ask();
  post.due();
  const std::string token = post.taken.front().notice.approval->url.empty() ? post.taken.back().notice.approval->url.reveal().substr(28)
                                                                             : post.taken.front().notice.approval->url.reveal().substr(28);
  post.fact(CommandCancelled{{"c-1"}, Cancelled::expired, ""});
  post.now += 23 * hour_us;
  post.due();
  REQUIRE(post.outbox.by_link(token));
  CHECK_FALSE(post.outbox.by_link(token)->asked->open);
  post.now += 2 * hour_us;
  post.due();
  CHECK_FALSE(post.outbox.by_link(token));
}
