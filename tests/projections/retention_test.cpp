// Readings that are no longer kept: their hours stay as they were, everything else is as if nothing had happened, what is left is
// what a rebuild gives, and what goes is what was to go.
#include <catch2/catch.hpp>

#include <random>

#include "events/columns.hpp"
#include "projections/projector.hpp"
#include "projections/retention.hpp"
#include "storage/store.hpp"
#include "storage/verify.hpp"

using namespace heliograph;

namespace {

const Micros start = from_civil(2025, 1, 1);
const SiteKey house{{"acme"}, {"house"}}, barn{{"acme"}, {"barn"}}, mill{{"beta"}, {"mill"}};
const std::vector<SiteKey> sites{house, barn, mill};
constexpr std::array steps{Step::hour, Step::day, Step::month};

using Rolled = std::map<std::string, std::vector<Rollup>>;

/// Three sites of two tenants whose devices report at their own pace, with gaps, late and corrected readings, words, imports of
/// what was long ago, and holds that change; views that are saved, started and rebuilt at random.
class World {
 public:
  explicit World(std::uint64_t seed) : random_(seed), store_(open_memory_store()) { restart(); }

  EventLog& log() { return store_->log(); }
  Store& store() { return *store_; }
  Views& views() { return *views_; }
  Micros now() const { return now_; }
  bool chance(std::uint64_t in) { return random_() % in == 0; }
  std::uint64_t below(std::uint64_t n) { return random_() % n; }

  void append(const SiteKey& site, Draft draft) {
    auto turn = log().begin(site, now_);
    REQUIRE(turn);
    draft.occurred_at = now_;
    REQUIRE(turn->add(std::move(draft)));
    turn->stage();
    REQUIRE(log().commit());
  }
  void fact(const SiteKey& site, Event event) {
    Draft draft;
    draft.stream = "site-things";
    draft.body = std::move(event);
    append(site, std::move(draft));
  }

  /// Time goes on; `wild`: with all that makes hours change which are over.
  void live(int turns, bool wild = true) {
    for (int i = 0; i < turns; ++i) {
      now_ += static_cast<Micros>(1 + below(4)) * 15 * minute_us;
      const SiteKey& site = sites[below(sites.size())];
      if (site == mill && now_ < start + 8 * day_us) continue;  // it comes later
      ReadingBuilder builder;
      const bool import = wild && chance(60);
      builder.historic(import);
      const std::string device = "meter-" + std::to_string(below(3));
      // The third device of each site is silent for long.
      if (device == "meter-2" && (now_ - start) / day_us % 40 > 5) continue;
      Micros at = import ? start - static_cast<Micros>(below(90)) * day_us : now_ - 40 * minute_us;
      for (std::uint64_t rows = 1 + below(40); rows > 0; --rows) {
        at += static_cast<Micros>(1 + below(50)) * 20 * second_us;
        Micros here = at;
        if (wild && chance(30)) here -= static_cast<Micros>(below(200)) * hour_us;
        builder.row(device, here);
        builder.set(Metric::grid_w, static_cast<std::int64_t>(below(4000)) - 2000);
        if (chance(2)) builder.set(Metric::soc_permille, static_cast<std::int64_t>(below(1001)));
        if (chance(5)) builder.set_text(Metric::mode, "mode " + std::to_string(below(12)));
      }
      Draft draft;
      draft.stream = "readings-" + site.site.text;
      draft.body = std::make_shared<const ReadingBatch>(builder.take());
      append(site, std::move(draft));
      if (wild && chance(150)) {
        DeviceRegistered registered;
        registered.device = {device};
        registered.hold = static_cast<Micros>(below(120)) * minute_us;
        fact(site, registered);
      }
      if (wild && chance(100)) {  // says nothing, ever
        DeviceRegistered registered;
        registered.device = {"ghost-" + std::to_string(below(9))};
        if (chance(2)) registered.hold = hour_us;
        fact(site, registered);
      }
      project();
    }
    project(true);
  }

  /// Appends what is due; answers what it was.
  std::vector<DropPlan> plan(std::int32_t days, bool without_hours = false) {
    project(true);
    const auto snapshot = store_->views().snapshot();
    auto plans = plan_drops(log(), *snapshot, [days](const TenantId& tenant) { return tenant.text == "acme" ? days : 3 * days; }, now_);
    INFO((plans ? "" : plans.error().sentence));
    REQUIRE(plans);
    for (DropPlan& each : *plans) {
      if (without_hours) each.fact.hours.clear();
      fact(each.site, each.fact);
    }
    return *plans;
  }
  void carry_out() {
    project(true);
    const auto done = drop_folded(log(), store_->views(), now_);
    INFO((done ? "" : done.error().sentence));
    REQUIRE(done);
  }

  Rolled rolled(const SiteKey& site, Micros to) {
    Rolled out;
    for (const DeviceId& device : views_->series->devices(site))
      for (const Metric metric : {Metric::grid_w, Metric::soc_permille})
        for (const Step step : steps) {
          auto& told = out[device.text + "/" + std::string(info(metric).name) + "/" + std::to_string(static_cast<int>(step))];
          auto done = views_->series->rollups(site, device, metric, 0, to, step, zone_, [&told, to](const Rollup& rollup) {
            if (rollup.to <= to) told.push_back(rollup);  // others still grow
          });
          INFO((done ? "" : done.error().sentence));
          REQUIRE(done);
        }
    return out;
  }
  std::map<std::string, std::vector<Position>> positions(const SiteKey& site) {
    std::map<std::string, std::vector<Position>> out;
    for (const DeviceId& device : views_->series->devices(site)) {
      auto blocks = views_->series->blocks(site, device, 0, from_civil(2100, 1, 1), {});
      REQUIRE(blocks);
      for (auto& block : *blocks) {
        const auto here = block->positions();
        REQUIRE(here);
        out[device.text].insert(out[device.text].end(), here->begin(), here->end());
      }
    }
    return out;
  }

  std::vector<std::string> differences() {
    const auto found = compare_views(store_->views(), log());
    REQUIRE(found);
    return *found;
  }
  void check() {
    project(true);
    REQUIRE(differences() == std::vector<std::string>{});
    const VerifyReport report = verify_store(*store_, {});
    INFO((report.findings.empty() ? "" : report.findings.front().sentence));
    REQUIRE(report.ok());
  }
  void rebuild_all() {
    REQUIRE(rebuild(store_->views(), log(), chance(2) ? "series" : ""));
    restart();
    project(true);
  }

 private:
  void restart() {
    views_ = std::make_unique<Views>(store_->views(), log());
    REQUIRE(views_->load());
    views_->plans(log());
  }
  void project(bool all = false) {
    if (!all && !chance(4)) return;
    if (chance(12)) restart();
    REQUIRE(views_->catch_up(log().durable(), {}, chance(3) ? 2 : 1));
    if (all || chance(3)) REQUIRE(views_->save());
    if (all || chance(5)) REQUIRE(log().condense_all());
  }

  std::mt19937_64 random_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Views> views_;
  Micros now_ = start;
  Zone zone_ = Zone::find("Europe/Warsaw").value();
};

void check_same(const Rolled& now, const Rolled& before) {
  for (const auto& [what, rollups] : before) {
    CAPTURE(what);
    REQUIRE(now.contains(what));
    const auto& others = now.at(what);
    for (std::size_t i = 0; i < std::min(others.size(), rollups.size()); ++i) {
      CAPTURE(i, format_time(rollups[i].from), format_time(others[i].from), rollups[i].count, others[i].count, rollups[i].energy_in_mj, others[i].energy_in_mj,
              rollups[i].mean, others[i].mean);
      REQUIRE(others[i] == rollups[i]);
    }
    REQUIRE(others.size() == rollups.size());
  }
}

/// Until every fact has taken effect.
void settle(World& world, bool wild) {
  for (int i = 0; i < 60; ++i) {
    world.live(20, wild);
    bool waits = false;
    for (const SiteKey& site : sites) waits = waits || world.views().series->is_dropping(site);
    if (!waits) return;
  }
  FAIL("a fact did not take effect");
}

}  // namespace

TEST_CASE("what was computed of readings stays when they go, and what is left is what a rebuild gives", "[retention]") {
  const char* more = std::getenv("HELIOGRAPH_STRESS");
  const std::uint64_t stress = more == nullptr ? 1 : std::strtoull(more, nullptr, 10);
  std::uint64_t dropped = 0;
  std::size_t facts = 0;
  for (std::uint64_t seed = 1; seed <= 4 * stress; ++seed) {
    CAPTURE(seed);
    World world(seed);
    world.live(300);
    for (int round = 0; round < 6; ++round) {
      CAPTURE(round);
      world.live(150);
      const Micros over = world.now() - 2 * day_us;
      std::map<SiteKey, Rolled> before;
      for (const SiteKey& site : sites) before[site] = world.rolled(site, over);
      const auto plans = world.plan(static_cast<std::int32_t>(1 + world.below(6)));
      facts += plans.size();
      const bool wild = world.chance(2);  // until it takes effect: hours that no fact keeps may still change then
      settle(world, wild);
      if (wild)
        for (const SiteKey& site : sites) before[site] = world.rolled(site, over);
      for (const SiteKey& site : sites) check_same(world.rolled(site, over), before[site]);
      if (world.chance(3)) world.check();  // on record, and not carried out
      if (world.chance(3)) continue;       // nor before the next one takes effect
      if (world.chance(3)) world.rebuild_all();
      world.carry_out();
      for (const SiteKey& site : sites) check_same(world.rolled(site, over), before[site]);
      for (const DropPlan& plan : plans) {
        CHECK(plan.fact.readings > 0);
        for (const auto& [device, positions] : world.positions(plan.site))
          REQUIRE(std::none_of(positions.begin(), positions.end(), [&](Position position) { return position < plan.fact.before; }));
        REQUIRE(world.log().dropped(plan.site)->before == plan.fact.before);
      }
      world.check();
      if (world.chance(2)) {
        world.rebuild_all();
        for (const SiteKey& site : sites) check_same(world.rolled(site, over), before[site]);
      }
      world.live(60);  // what comes late now meets hours that are kept
      world.check();
    }
    dropped += verify_store(world.store(), {}).dropped;
  }
  CHECK(facts > 20 * stress);
  CHECK(dropped > 15'000 * stress);
}

TEST_CASE("a fact that does not say the hours of what it drops is found out", "[retention]") {
  World world(3);
  world.live(1200);
  REQUIRE_FALSE(world.plan(1, true).empty());
  settle(world, false);
  world.carry_out();
  CHECK_FALSE(world.differences().empty());
}

TEST_CASE("readings that go without what was known where they end are found out", "[retention]") {
  World world(3);
  world.live(1200);
  REQUIRE_FALSE(world.plan(1).empty());
  settle(world, false);
  std::vector<EventLog::DropWith> with;
  const auto folded = drops_of_series(world.store().views());
  REQUIRE(folded);
  for (const EventLog::Drop& drop : *folded) with.push_back({drop, compress("", 1)});
  REQUIRE_FALSE(with.empty());
  REQUIRE(world.log().drop(with));
  CHECK(world.differences().size() == 2);  // series and site_now
}

TEST_CASE("nothing is dropped before its time, nor twice", "[retention]") {
  World world(4);
  CHECK(world.plan(1).empty());  // there is nothing
  world.live(1200);
  const Micros age = world.now() - start;
  CHECK(world.plan(static_cast<std::int32_t>(age / day_us + 1)).empty());
  const auto plans = world.plan(2);
  REQUIRE_FALSE(plans.empty());
  CHECK(world.plan(2).empty());  // it is on record
  world.carry_out();             // and has not taken effect
  CHECK(world.log().drops().empty());
  settle(world, true);
  world.carry_out();
  CHECK(world.log().drops().size() == plans.size());
  for (const DropPlan& plan : plans) {
    CHECK(plan.fact.kept_days == (plan.site.tenant.text == "acme" ? 2 : 6));
    std::uint64_t rows = 0;
    REQUIRE(world.log().scan(1, plan.fact.before - 1, Part::readings, [&](const RecordPtr& record) { return rows += record->envelope.site == plan.site ? 1 : 0, true; }));
    CHECK(rows == 0);
  }
  for (const SiteKey& site : sites) CHECK(world.views().series->extent(site, {"meter-0"})->first > start - 100 * day_us);
}
