#include "tests/support/random_story.hpp"

#include <algorithm>

namespace heliograph::testing {
namespace {

const std::vector<std::string> switches = {"miner-1", "heater", "node-1"};
const std::vector<std::string> rule_ids = {"guard", "peak", "evening", "hot"};

}  // namespace

RandomStory::RandomStory(std::uint64_t seed) : Story("Europe/Warsaw"), random(seed) {
  DeviceRegistered heater = plug("heater", 3000);
  heater.min_on = 20 * minute_us;
  heater.min_off = 5 * minute_us;
  add(heater);
  DeviceRegistered node = plug("node-1", 500);
  node.kind = DeviceKind::node;
  node.freshness = minute_us;
  add(node);
  for (int i = 0; i < 3; ++i) save(some_rule());
}

std::int64_t RandomStory::between(std::int64_t from, std::int64_t to) {
  // Not std::uniform_int_distribution: a seed must mean the same on every library.
  return from + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(to - from + 1));
}

ReadingBatch RandomStory::some_readings() {
  ReadingBuilder builder;
  builder.historic(chance(6));
  const std::int64_t rows = chance(50) ? 1 : between(2, 12);
  Micros source = at - (chance(10) ? between(0, 20) * minute_us : 0) - rows * second_us;
  for (std::int64_t i = 0; i < rows; ++i) {
    source += between(0, 2) * second_us;
    switch (between(0, 5)) {
      case 0:
      case 1:
        soc_ = std::clamp<std::int64_t>(chance(25) ? between(0, 1000) : soc_ + between(-120, 120), 0, 1000);
        builder.row("battery", source);
        builder.set(Metric::soc_permille, soc_);
        if (chance(40)) builder.set(Metric::battery_w, between(-3, 3) * 1000);
        if (chance(8)) builder.suspect(Metric::soc_permille, Quality::unreadable, "85%");
        break;
      case 2:
        builder.row("grid", source);
        builder.set(Metric::grid_w, between(-2, 9) * 1000);
        break;
      case 3: {
        const std::string& id = switches[static_cast<std::size_t>(between(0, 2))];
        builder.row(id, source);
        const DeviceState& state = device(id);
        const bool wanted = state.in_flight && chance(70) ? state.in_flight->proposal.action == Action::switch_on : chance(50);
        builder.set(Metric::switch_on, wanted);
        if (chance(30)) builder.set(Metric::temperature_mc, between(20, 90) * 1000);
        break;
      }
      case 4:
        builder.row("node-1", source);
        builder.set(Metric::temperature_mc, between(20, 90) * 1000);
        builder.set(Metric::soc_permille, between(100, 900));
        builder.set_text(Metric::mode, chance(50) ? "eco" : "boost");
        break;
      default:
        builder.row("stranger-" + std::to_string(between(1, 3)), source);
        builder.set(Metric::temperature_mc, between(20, 90) * 1000);
        if (chance(20)) builder.suspect(Metric::power_w, Quality::jump, "1e309");
    }
  }
  return builder.take();
}

Rule RandomStory::some_rule() {
  const std::string& id = rule_ids[static_cast<std::size_t>(between(0, 3))];
  const std::string cooldown = chance(40) ? R"(,"cooldown":"PT)" + std::to_string(between(1, 20)) + "M\"" : "";
  const std::string enabled = chance(10) ? R"(,"enabled":false)" : "";
  const std::string head = R"({"id":")" + id + "\"" + enabled + R"(,"triggers":[)";
  const std::string condition =
      chance(25) ? R"(,"conditions":[{"metric":"grid_w","device":"grid","below":)" + std::to_string(between(1, 9) * 1000) + "}]" : "";
  const std::string percent = std::to_string(between(20, 60));
  if (id == "guard")
    return rule_of(head + R"({"id":"low","metric":"soc_percent","device":"battery","below":)" + percent +
                   R"(,"rearm":70},{"id":"high","metric":"soc_percent","device":"battery","above":75,"rearm":50}])" + condition +
                   R"(,"actions":[{"when":["low"],"do":"pause","device":"miner-1"},{"when":["high"],"do":"resume","device":"miner-1"},)" +
                   R"({"when":["low"],"do":"notify","text":"low"}])" + cooldown + "}");
  if (id == "peak")
    return rule_of(head + R"({"id":"peak","metric":"grid_w","device":"grid","above":)" + std::to_string(between(3, 7) * 1000) +
                   R"(,"rearm":2000,"for":"PT)" + std::to_string(between(0, 3)) + R"(M"}])" + condition +
                   R"(,"actions":[{"do":"switch_off","device":"heater"},{"do":"set_power","device":"battery","power_w":2000}])" + cooldown + "}");
  if (id == "evening")
    return rule_of(head + R"({"id":"t","at":")" + std::to_string(between(10, 23)) + ":" + std::to_string(between(10, 59)) + R"("}])" +
                   condition + R"(,"actions":[{"do":"switch_on","device":"heater"}])" + cooldown + "}");
  return rule_of(head + R"({"id":"hot","metric":"temperature_c","device":"*","above":)" + std::to_string(between(60, 80)) +
                 R"(,"rearm":50,"for":"PT)" + std::to_string(between(0, 90)) + R"(S"}])" + condition +
                 R"(,"actions":[{"do":"pause","device":"trigger"}])" + cooldown + "}");
}

void RandomStory::some_ask() {
  static const std::vector<Principal> who = {anna, {PrincipalKind::apikey, "k"}, {PrincipalKind::agent, "a"}, {PrincipalKind::schedule, "s"}};
  const Principal& principal = who[static_cast<std::size_t>(between(0, 3))];
  if (chance(25)) {
    ask("battery", Action::set_power, between(-6, 6) * 1000, principal);
  } else {
    const std::string id = chance(5) ? "nobody" : switches[static_cast<std::size_t>(between(0, 2))];
    ask(id, chance(60) ? Action::switch_on : Action::switch_off, 0, principal);
  }
}

void RandomStory::some_answer() {
  for (const DeviceState& state : site.devices()) {
    if (!state.in_flight || chance(40)) continue;
    const auto kind = chance(40) ? DeviceAnswer::Kind::accepted : chance(50) ? DeviceAnswer::Kind::device_error : DeviceAnswer::Kind::not_sent;
    answer(CommandId(state.in_flight->command), kind);
    return;
  }
  answer({"c-none"}, DeviceAnswer::Kind::device_error);
}

void RandomStory::some_settings() {
  settings.automation = chance(70);
  settings.grid_import_w_max = chance(60) ? between(4, 12) * 1000 : 0;
  settings.soc_floor_permille = static_cast<std::int32_t>(between(20, 40) * 10);
  configure(settings);
}

void RandomStory::turn() {
  pass(chance(70) ? between(0, 30) * second_us : chance(80) ? between(1, 10) * minute_us : between(1, 30) * hour_us);
  const std::int64_t what = between(1, 100);
  if (what <= 55) take(some_readings());
  else if (what <= 70) some_ask();
  else if (what <= 78) some_answer();
  else if (what <= 86) tick();
  else if (what <= 91) save(some_rule());
  else if (what <= 92) remove(rule_ids[static_cast<std::size_t>(between(0, 3))]);
  else if (what <= 94) stop();
  else if (what <= 97) lift();
  else if (what <= 99) some_settings();
  else add(plug("node-1", between(1, 4) * 500));
}

}  // namespace heliograph::testing
