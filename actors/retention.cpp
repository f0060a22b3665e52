#include "actors/retention.hpp"

#include "actors/engine.hpp"
#include "actors/process_log.hpp"
#include "projections/retention.hpp"
#include "storage/background.hpp"

namespace heliograph {
namespace {

using process_log::Level;

void complain(const Error& error) {
  process_log::write(Level::error, "retention", "Readings that are no longer kept could not be dropped.", {{"error", error.sentence}});
}

}  // namespace

Retention::Retention(Engine& engine, std::chrono::milliseconds between_looks)
    : engine_(engine), between_looks_(between_looks), thread_([this](const std::stop_token& stopped) { work(stopped); }) {}

void Retention::work(const std::stop_token& stopped) {
  let_others_go_first();
  std::optional<Micros> last;
  while (wait_unless_stopped(stopped, between_looks_)) {
    const Micros now = engine_.clock().monotonic();
    if (last && now - *last < hour_us) continue;
    let_go();
    if (last) put_on_record(stopped);
    last = now;
  }
}

/// What was put on record earlier, and has been folded by every view.
void Retention::let_go() {
  Store& store = engine_.store();
  if (auto done = drop_folded(store.log(), store.views(), engine_.wall_clock().now()); !done) complain(done.error());
}

void Retention::put_on_record(const std::stop_token& stopped) {
  if (stopped.stop_requested()) return;
  const auto kept_days = [this](const TenantId& tenant) {
    return engine_.people().read([&tenant](const People& people) {
      const TenantConfigured* settings = people.tenant(tenant);
      return settings != nullptr ? settings->retention_days : TenantConfigured{}.retention_days;
    });
  };
  Store& store = engine_.store();
  const auto views = store.views().snapshot();
  auto plans = plan_drops(store.log(), *views, kept_days, engine_.clock().now());
  if (!plans) return complain(plans.error());
  for (DropPlan& plan : *plans) {
    if (stopped.stop_requested()) return;
    const Position cause = engine_.people().read([&plan](const People& people) { return people.version_of(plan.site.tenant); });
    const std::string stream = "retention-" + plan.site.site.text;
    const std::uint64_t readings = plan.fact.readings;
    auto said = engine_.request_and_wait(plan.site, RecordFact{stream, std::move(plan.fact), {PrincipalKind::system, "retention"}, {}, cause});
    if (!said) complain(said.error());
    else process_log::write(Level::info, "retention", "Readings are dropped.", {{"tenant", plan.site.tenant.text}, {"site", plan.site.site.text}, {"readings", readings}, {"position", said->last}});
  }
}

}  // namespace heliograph
