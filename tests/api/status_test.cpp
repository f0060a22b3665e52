// What is told of the parts of an installation, of who uses it and of its versions.
#include <catch2/catch.hpp>

#include "actors/certificate_watch.hpp"
#include "actors/disk_watch.hpp"
#include "api/components.hpp"
#include "api/metrics.hpp"
#include "api/self_readings.hpp"
#include "api/usage.hpp"
#include "api/version_figures.hpp"
#include "api/web_server.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/temp_dir.hpp"

using namespace heliograph;
using namespace heliograph::api;

namespace {

constexpr Micros now = 1'767'268'800'000'000;  // 2026-01-01T12:00:00Z
const SiteKey home{{"local"}, {"home"}};
const Principal anna{PrincipalKind::user, "anna"};

class Story {
 public:
  template <class E>
  Story& at(Micros when, const E& event, const Principal& by = {}, const SiteKey& site = home) {
    auto record = std::make_shared<Record>();
    record->envelope.position = ++position_, record->envelope.site = site, record->envelope.recorded_at = record->envelope.occurred_at = when;
    record->envelope.principal = by, record->body = Event(event);
    records.push_back(record);
    return *this;
  }
  std::vector<RecordPtr> records;

 private:
  Position position_ = 0;
};


void tell(UsageBook& book, const Story& story) {
  for (const RecordPtr& record : story.records) book.apply(*record);
}

}  // namespace

TEST_CASE("a source is well while it answers, late after three intervals, and gone after ten without an answer") {
  SourceState source{home, "inverter", minute_us, now - hour_us, now - 30 * second_us, 90, 10, 0, {}};
  CHECK(source_component(source, now).name == "source/home/inverter");
  CHECK(source_component(source, now).health == Health::ok);
  CHECK(source_component(source, now).sentence == "It answered 30 s ago; 90 of 100 questions since the start.");
  source.succeeded_at = now - 4 * minute_us;
  CHECK(source_component(source, now).health == Health::degraded);
  source.succeeded_at = now - 30 * second_us, source.failed_in_row = 1, source.last_error = "The account refused the password.";
  CHECK(source_component(source, now).health == Health::degraded);
  CHECK(source_component(source, now).sentence.ends_with("The account refused the password."));
  source.succeeded_at = now - 11 * minute_us;
  CHECK(source_component(source, now).health == Health::failed);
  source.succeeded_at = 0, source.succeeded = 0, source.since = now - 5 * second_us;
  CHECK(source_component(source, now).health == Health::degraded);
  CHECK(source_component(source, now).sentence.starts_with("It has never answered"));
}

TEST_CASE("disk, certificate and channels are judged by their limits") {
  CHECK(disk_component(disk_low_bytes).health == Health::ok);
  CHECK(disk_component(disk_low_bytes - 1).health == Health::degraded);
  CHECK(disk_component(disk_low_bytes / 2 - 1).health == Health::failed);
  CHECK(certificate_component(std::nullopt, now).health == Health::ok);
  CHECK(certificate_component(now + 14 * day_us, now).health == Health::ok);
  CHECK(certificate_component(now + 14 * day_us - 1, now).health == Health::degraded);
  CHECK(certificate_component(now + 13 * day_us + hour_us, now).sentence.starts_with("The certificate ends in 13 days, at 2026-01-14T13:00:00.000Z"));
  CHECK(certificate_component(now, now).health == Health::failed);
  CHECK(channel_component({notify::ChannelKind::mail, 0, 0, 0, {}}).health == Health::ok);
  CHECK(channel_component({notify::ChannelKind::mail, 7, 1, now, {}}).health == Health::ok);
  CHECK(channel_component({notify::ChannelKind::mail, 7, 1, now, "No answer."}).health == Health::degraded);
  CHECK(channel_component({notify::ChannelKind::sms, 0, 1, now, "No answer."}).health == Health::failed);
  CHECK(worst({{"a", Health::ok, ""}, {"b", Health::failed, ""}, {"c", Health::degraded, ""}}) == Health::failed);
}

TEST_CASE("people hear once that the certificate ends within 14 days, and that there is a new one") {
  CertificateWatch watch(false);
  CHECK_FALSE(watch.look(std::nullopt, now));
  CHECK_FALSE(watch.look(now + 14 * day_us, now));
  const auto raised = watch.look(now + 13 * day_us, now);
  REQUIRE(raised);
  CHECK(std::get<AlertRaised>(*raised).alert == "certificate");
  CHECK(watch.look(now + 13 * day_us, now));  // not on record yet
  watch.recorded(*raised);
  CHECK_FALSE(watch.look(now + 12 * day_us, now));
  CHECK_FALSE(watch.look(now - day_us, now));
  const auto cleared = watch.look(now + 90 * day_us, now);
  REQUIRE(cleared);
  CHECK(std::holds_alternative<AlertCleared>(*cleared));
  watch.recorded(*cleared);
  CHECK_FALSE(watch.look(now + 90 * day_us, now));
  CHECK(CertificateWatch(true).look(std::nullopt, now));  // TLS is gone, and with it the alert
}

TEST_CASE("a server whose certificate ends in 13 days raises the alert of the installation") {
  const heliograph::testing::TempDir folder;
  heliograph::testing::Authority authority(folder.path(), "authority");
  const auto store = open_memory_store();
  const SystemClock clock;
  auto engine = Engine::start(*store, clock, {});
  REQUIRE(engine);
  const auto alerts_with = [&](const std::string& name, long days) {
    const auto pair = authority.issue(name, "IP:127.0.0.1", 0, days * 86'400 + 3'600);
    http::Server server;
    http::ServerOptions options;
    options.tls = http::TlsOptions{pair.certificate_file, pair.key_file};
    REQUIRE(server.start("127.0.0.1:0", [](http::Request&&, http::Responder) {}, options));
    SelfReadings source(**engine, std::make_shared<Metrics>(), server.certificate_watch());
    REQUIRE(source.poll(clock.now()));
    REQUIRE((*engine)->request_and_wait(engine_site(), RecordFact{"site-heliograph", NotificationRaised{"x", "y"}, {}, {}}));  // what came before it is on record
    std::vector<AlertEntry> alerts;
    (*engine)->query_and_wait([&](const Views& views) { alerts = views.alerts.of(engine_site()); });
    server.stop();
    CHECK_FALSE(server.certificate_ends());
    return alerts;
  };
  CHECK(alerts_with("fresh", 15).empty());
  auto alerts = alerts_with("old", 13);
  REQUIRE(alerts.size() == 1);
  CHECK(alerts.front().alert == "certificate");
  CHECK(alerts.front().text.starts_with("The certificate ends in 13 days"));
  CHECK(alerts.front().cleared_at == 0);
  alerts = alerts_with("new", 90);
  REQUIRE(alerts.size() == 1);
  CHECK(alerts.front().cleared_at != 0);
  REQUIRE((*engine)->stop());
}

TEST_CASE("logins, failures, refusals, operations and requests are counted for whom they are of, by day and month") {
  const SiteKey people{{"local"}, {}}, others{{"smiths"}, {}};
  UsageBook book;
  Story story;
  story.at(now - 40 * day_us, SessionBegan{{"s0"}, {"anna"}, {}, {}, {}, 0, false, false}, anna, people)
      .at(now - 20 * day_us, SessionBegan{{"s1"}, {"anna"}, {}, {}, {}, 0, false, false}, anna, people)
      .at(now - hour_us, SessionBegan{{"s2"}, {"anna"}, {}, {}, {}, 0, false, false}, anna, people)
      .at(now - hour_us, LoginFailed{{"anna"}, "192.0.2.1", LoginFailure::password}, {}, people)
      .at(now - hour_us, LoginFailed{{}, "192.0.2.1", LoginFailure::password}, {}, people)
      .at(now - hour_us, SessionRefreshed{{"s2"}, {}}, anna, people)
      .at(now - hour_us, AccessRefused{"x", "host", {}}, anna, people)
      .at(now - hour_us, StopEngaged{"r"}, anna)
      .at(now - hour_us, StopEngaged{"r"}, {PrincipalKind::apikey, "k1"})
      .at(now - hour_us, StopEngaged{"r"}, {PrincipalKind::rule, "guard"})
      .at(now - hour_us, SessionBegan{{"s3"}, {"anna"}, {}, {}, {}, 0, false, false}, anna, others);
  tell(book, story);
  book.requested("local/user:anna", now);
  book.requested("local/user:anna", now - 2 * day_us);
  const auto all = book.of({"local"}, now);
  REQUIRE(all.size() == 2);
  CHECK(all[0].principal == "apikey:k1");
  CHECK(all[0].day.operations == 1);
  CHECK(all[1].principal == "user:anna");
  CHECK(all[1].day.logins == 1);
  CHECK(all[1].month.logins == 2);
  CHECK(all[1].day.failed_logins == 1);
  CHECK(all[1].day.refusals == 1);
  CHECK(all[1].day.operations == 1);
  CHECK(all[1].day.requests == 1);
  CHECK(all[1].month.requests == 2);
  CHECK(all[1].last_at == now);
  REQUIRE(book.of({"smiths"}, now).size() == 1);
  CHECK(book.of({"smiths"}, now)[0].day.logins == 1);
  CHECK(book.of({"smith"}, now).empty());
  for (int i = 0; i < 30'000; ++i) book.requested("local/apikey:x" + std::to_string(i), now);
  CHECK(book.of({"local"}, now).size() <= UsageBook::kept);
}

TEST_CASE("what was recorded between the starts of two versions is of the first") {
  VersionBook book;
  Story story;
  const CommandId one{"c-1"}, two{"c-2"};
  story.at(now, EngineStarted{"1.0", "a", true, false})
      .at(now + second_us, CommandRequested{one, {"plug"}, Action::switch_off, 0, "r", Purpose::ordinary, {}, {}}, anna)
      .at(now + 2 * second_us, ApprovalRequested{one, {}, 0})
      .at(now + 5 * second_us, ApprovalDecided{one, true, ApprovalChannel::web})
      .at(now + 5 * second_us, CommandDispatched{one, {"plug"}, Action::switch_off})
      .at(now + 7 * second_us, CommandVerified{one, 3})
      .at(now + 10 * second_us, StopEngaged{"r"}, anna)
      .at(now + 20 * second_us, StopLifted{"r"}, anna)
      .at(now + 40 * second_us, EngineStopped{})
      .at(now + hour_us, EngineStarted{"1.1", "b", false, false})
      .at(now + hour_us, CommandRequested{two, {"plug"}, Action::switch_off, 0, "r", Purpose::ordinary, {}, {}}, anna)
      .at(now + hour_us, CommandRefused{two, {{"stop", "x", {}, {}, {}, 0}, {"busy", "x", {}, {}, {}, 0}}});
  for (const RecordPtr& record : story.records) book.apply(*record);
  const auto all = book.all();
  REQUIRE(all.size() == 2);
  CHECK(all[0].version == "1.0");
  CHECK(all[0].verified == 1);
  CHECK(all[0].dispatch_micros == 4 * second_us);
  CHECK(all[0].confirm_micros == 2 * second_us);
  CHECK(all[0].answered == 1);
  CHECK(all[0].answer_micros == 3 * second_us);
  CHECK(all[0].ran == 40 * second_us);
  CHECK(all[0].automated == 30 * second_us);
  CHECK(all[0].unclean_starts == 0);
  CHECK(all[1].version == "1.1");
  CHECK(all[1].unclean_starts == 1);
  CHECK(all[1].refused == 1);
  CHECK(all[1].safety_blocks == 2);
  CHECK(all[1].ran == 0);  // nothing ran between the stop and the start
}
