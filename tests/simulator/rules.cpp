#include "tests/simulator/rules.hpp"

namespace heliograph::simulator {
namespace {

constexpr std::string_view documents[] = {
    R"({"id":"guard","triggers":[{"id":"low","metric":"soc_percent","device":"battery","below":50,"rearm":55},
        {"id":"high","metric":"soc_percent","device":"battery","above":52,"rearm":50}],
        "actions":[{"when":["low"],"do":"pause","device":"heater"},{"when":["high"],"do":"resume","device":"heater"}]})",
    R"({"id":"guard","triggers":[{"id":"low","metric":"soc_percent","device":"battery","below":60,"rearm":61},
        {"id":"high","metric":"soc_percent","device":"battery","above":61,"rearm":60}],"cooldown":"PT4M",
        "actions":[{"when":["low"],"do":"pause","device":"heater"},{"when":["high"],"do":"resume","device":"heater"}]})",
    R"({"id":"peak","triggers":[{"id":"peak","metric":"grid_w","device":"grid","above":2500,"rearm":2400,"for":"PT20S"}],
        "actions":[{"do":"switch_off","device":"heater"},{"do":"set_power","device":"battery","power_w":1500}]})",
    R"({"id":"surplus","triggers":[{"id":"sun","metric":"grid_w","device":"grid","below":800,"rearm":900}],"cooldown":"PT2M",
        "actions":[{"do":"switch_on","device":"pump"},{"do":"switch_on","device":"heater"},{"do":"switch_on","device":"node-1"}]})",
    R"({"id":"charge","triggers":[{"id":"low","metric":"soc_percent","device":"battery","below":40,"rearm":45}],
        "actions":[{"do":"set_power","device":"battery","power_w":-2000}]})",
    R"({"id":"morning","triggers":[{"id":"t","at":"10:07"},{"id":"u","at":"10:15"}],"actions":[{"do":"switch_on","device":"pump"}]})",
    R"({"id":"flap","triggers":[{"id":"up","metric":"grid_w","device":"grid","above":1200,"rearm":1199},
        {"id":"down","metric":"grid_w","device":"grid","below":1200,"rearm":1201}],
        "actions":[{"when":["up"],"do":"switch_off","device":"pump"},{"when":["down"],"do":"switch_on","device":"pump"}]})",
    // These two fight.
    R"({"id":"spare","triggers":[{"id":"up","metric":"grid_w","device":"grid","above":1000,"rearm":999}],"actions":[{"do":"switch_off","device":"pump"}]})",
    R"({"id":"spend","triggers":[{"id":"down","metric":"grid_w","device":"grid","below":1000,"rearm":1001}],"actions":[{"do":"switch_on","device":"pump"}]})",
};

std::vector<Rule> read() {
  std::vector<Rule> out;
  for (const std::string_view document : documents) {
    ParsedRule parsed = parse_rule(document);
    ensure(parsed.rule.has_value(), parsed.problems.empty() ? "a rule" : parsed.problems.front().sentence.c_str(), "simulator/rules.cpp");
    out.push_back(std::move(*parsed.rule));
  }
  return out;
}

}  // namespace

Rule some_rule(Dice& dice) {
  static const std::vector<Rule> rules = read();
  return rules[static_cast<std::size_t>(dice.below(static_cast<std::int64_t>(rules.size())))];
}

}  // namespace heliograph::simulator
