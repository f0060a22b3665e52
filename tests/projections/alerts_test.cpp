// The alerts of a site as people see them: open, seen by somebody, over; the newest thousand.
#include "projections/alerts.hpp"

#include <catch2/catch.hpp>

#include "tests/support/view_fixture.hpp"

using namespace heliograph;
using namespace heliograph::testing;

namespace {

RecordPtr fact(Position position, Event event, SiteKey site = villa) {
  auto record = std::make_shared<Record>();
  record->envelope.site = std::move(site);
  record->envelope.position = position;
  record->envelope.occurred_at = static_cast<Micros>(position) * second_us;
  record->envelope.principal = anna;
  record->body = std::move(event);
  return record;
}

}  // namespace

TEST_CASE("an alert is open until it is cleared, and says who has seen it") {
  AlertsView view;
  view.apply(*fact(5, AlertRaised{"stop", Severity::critical, "It is stopped."}));
  view.apply(*fact(6, AlertRaised{"device-offline/a", Severity::warning, "Silent."}));
  view.apply(*fact(7, AlertRaised{"stop", Severity::critical, "again"}, {{"acme"}, {"annex"}}));
  CHECK(view.open() == 3);
  view.apply(*fact(8, AlertAcknowledged{"stop"}));
  view.apply(*fact(9, AlertCleared{"stop"}));
  view.apply(*fact(10, AlertRaised{"stop", Severity::critical, "Once more."}));
  const auto alerts = view.of(villa);
  REQUIRE(alerts.size() == 3);
  CHECK(alerts[0].alert == "stop");
  CHECK(alerts[0].acknowledged_by == anna);
  CHECK(alerts[0].acknowledged_at == 8 * second_us);
  CHECK(alerts[0].cleared_at == 9 * second_us);
  CHECK(alerts[1].cleared_at == 0);
  CHECK(alerts[2].text == "Once more.");
  CHECK(alerts[2].acknowledged_at == 0);
  CHECK(view.of({{"acme"}, {"annex"}}).size() == 1);
  CHECK(view.open() == 3);
}

TEST_CASE("a view of alerts comes back from its store as it was, and keeps what is open for ever") {
  const auto store = open_memory_store();
  AlertsView view;
  view.apply(*fact(1, AlertRaised{"clock", Severity::critical, "Jumped."}));
  for (Position p = 2; p < 2 + 2 * AlertsView::kept; p += 2) {
    view.apply(*fact(p, AlertRaised{"device-offline/a", Severity::warning, "Silent."}));
    view.apply(*fact(p + 1, AlertCleared{"device-offline/a"}));
    if (p % 500 == 0) {
      ViewBatch batch;
      view.save(batch);
      REQUIRE(store->views().save("alerts", batch, p));
    }
  }
  ViewBatch batch;
  view.save(batch);
  REQUIRE(store->views().save("alerts", batch, 9'999));
  CHECK(view.of(villa).size() == AlertsView::kept);
  CHECK(view.of(villa).front().alert == "clock");
  AlertsView again;
  REQUIRE(again.load(store->views()));
  const auto a = view.of(villa), b = again.of(villa);
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    CHECK(a[i].alert == b[i].alert);
    CHECK(a[i].text == b[i].text);
    CHECK(a[i].raised == b[i].raised);
    CHECK(a[i].raised_at == b[i].raised_at);
    CHECK(a[i].cleared_at == b[i].cleared_at);
  }
}

TEST_CASE("a damaged view of alerts is refused by name") {
  const auto store = open_memory_store();
  ViewBatch batch;
  batch.put("acme/villa/12345678", "\x01");
  REQUIRE(store->views().save("alerts", batch, 1));
  AlertsView view;
  const auto loaded = view.load(store->views());
  REQUIRE_FALSE(loaded);
  CHECK(loaded.error().code == Errc::corrupt);
}
