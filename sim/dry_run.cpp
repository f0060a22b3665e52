#include "sim/dry_run.hpp"

#include <algorithm>

#include "sim/dry_run_fast.hpp"
#include "sim/dry_run_findings.hpp"
#include "sim/dry_run_steps.hpp"

namespace heliograph {
namespace {

Unavailable no_demand() {
  return {"the record has neither the site's load nor a meter (load_w, grid_w, or grid_import_w and grid_export_w)"};
}
Unavailable no_meter() { return {"there is no meter in the record (grid_w, or grid_import_w and grid_export_w)"}; }
Unavailable no_battery_described() { return {"the scenario describes no battery"}; }

Known<Account> account_of(const Account& account, bool measurable, Unavailable otherwise) {
  if (!measurable) return otherwise;
  if (!account.countable())
    return Unavailable{"the powers or prices of the record are beyond any site: look for wrong units"};
  if (account.known() == 0) return Unavailable{"no moment of the period has all the readings that it takes"};
  return account;
}

void keep_books(const DryRunScene& scene, DryRunReport& report) {
  const auto& books = scene.world.books();
  const bool demand = scene.world.knows_demand(), battery = scene.input.scenario.battery.has_value();
  report.what_happened = account_of(books.metered, scene.world.knows_meter(), no_meter());
  report.no_battery = account_of(books.no_battery, demand, no_demand());
  report.candidate = account_of(books.candidate, demand, no_demand());
  report.self_consumption =
      account_of(books.self_consumption, demand && battery, battery ? no_demand() : no_battery_described());
  report.gaps = demand ? books.gaps : std::vector<Gap>{};
  if (scene.input.scenario.tariff && !scene.no_prices)
    report.tariff = *scene.input.scenario.tariff;
  else
    report.tariff = Unavailable{scene.no_prices.value_or("the scenario names no tariff")};
  if (battery && demand) {
    report.self_stored_wh = scene.world.self_stored_wh();
    report.stored_wh = scene.world.simulates_battery()
                           ? Known<double>(scene.world.stored_wh())
                           : Unavailable{"the battery was never simulated: nothing differed from the record"};
  } else {
    report.stored_wh = report.self_stored_wh = battery ? no_demand() : no_battery_described();
  }
}

/// Runs the period once more under the rules as they were, everything simulated, and holds it against the meter.
Result<Known<ModelError>> model_error(const DryRunInput& input, const DryRunScene& scene) {
  using Answer = Known<ModelError>;
  const bool battery = scene.battery_recorded;
  if (!scene.world.knows_meter()) return Answer(no_meter());
  if (!battery && scene.past.sent.empty())
    return Answer(
        Unavailable{"the record has neither a battery nor commands in this period: there is nothing to simulate "
                    "against the meter"});
  if (battery && !input.scenario.battery)
    return Answer(
        Unavailable{"the record has a battery whose size is not known: describe it under \"battery\" in the scenario"});
  DryRunInput again = input;
  again.scenario.devices.clear();
  again.rules.reset();
  if (input.progress)
    again.progress = [&](const DryRunProgress& second) { return input.progress({1, second.at, second.readings}); };
  auto actual = make_scene(again, DryRunScene::Rules::as_recorded);
  if (!actual) return fail(actual.error());
  DryRunSteps steps(**actual, true);
  auto done = steps.run();
  if (!done) return fail(done.error());
  const auto& books = (*actual)->world.books();
  if (books.meter_where_both.known() == 0 || !done->first_difference)
    return Answer(Unavailable{"no moment of the period has all the readings that it takes"});
  if (!books.meter_where_both.countable() || !books.candidate_where_both.countable())
    return Answer(Unavailable{"the powers or prices of the record are beyond any site: look for wrong units"});
  ModelError error{books.meter_where_both, books.candidate_where_both, (*actual)->past.sent.size(), 0};
  for (const RecordedCommand& command : (*actual)->past.sent) error.commands_matched += command.matched;
  return Answer(error);
}

}  // namespace

Result<DryRunReport> dry_run(const DryRunInput& input) {
  auto made = make_scene(input, DryRunScene::Rules::candidates);
  if (!made) return fail(made.error());
  DryRunScene& scene = **made;
  auto outcome = can_run_fast(scene) ? DryRunFast(scene).run() : DryRunSteps(scene, false).run();
  if (!outcome) return fail(outcome.error());
  if (outcome->readings == 0)
    return fail(Errc::not_found, "Site \"" + input.site.site.text + "\" has no readings between " +
                                     format_time(input.from) + " and " + format_time(input.to) +
                                     ": import history, or choose another period.");
  DryRunReport report;
  report.site = input.site;
  report.from = input.from;
  report.to = input.to;
  report.zone = scene.site.zone();
  report.currency = scene.site.settings().currency;
  report.own_rules = !input.rules.has_value();
  for (const Rule& rule : scene.trying) report.rules.push_back(canonical_json(rule));
  report.scenario = input.scenario;
  report.readings = outcome->readings;
  report.devices = scene.recorded_devices;
  report.first_difference = outcome->first_difference;
  keep_books(scene, report);
  auto error = model_error(input, scene);
  if (!error) return fail(error.error());
  report.model_error = std::move(*error);
  tell_decisions(scene, report);
  tell_caveats(scene, *outcome, report);
  seal(report);
  if (input.progress) input.progress({1, input.to, outcome->readings});
  return report;
}

}  // namespace heliograph
