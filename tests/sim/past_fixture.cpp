#include "tests/sim/past_fixture.hpp"

#include <catch2/catch.hpp>

namespace heliograph::tests {

Position Facts::add(Micros at, Event event, Principal principal) {
  auto record = std::make_shared<Record>();
  record->envelope.position = next_;
  record->envelope.site = test_site;
  record->envelope.type = type_name(event);
  record->envelope.occurred_at = record->envelope.recorded_at = at;
  record->envelope.principal = std::move(principal);
  record->body = std::move(event);
  records_.push_back(std::move(record));
  return next_++;
}

DeviceRegistered registered(const std::string& id, DeviceKind kind, std::int64_t switchable_w) {
  DeviceRegistered device;
  device.device = DeviceId{id};
  device.kind = kind;
  device.name = id;
  device.can_switch = switchable_w > 0;
  device.nominal_w = switchable_w;
  return device;
}

Rule rule_of(std::string_view json) {
  auto parsed = parse_rule(json);
  for (const auto& problem : parsed.problems) UNSCOPED_INFO(problem.pointer << ": " << problem.sentence);
  REQUIRE(parsed.rule);
  return *parsed.rule;
}

DryRunInput input_over(const MemorySeries& series, const Facts& facts, std::vector<Rule> rules, Micros span) {
  DryRunInput input;
  input.site = test_site;
  input.series = &series;
  input.decisions = facts.records();
  input.log_end = 20'000'000;
  input.rules = std::move(rules);
  input.from = test_start;
  input.to = test_start + span;
  return input;
}

}  // namespace heliograph::tests
