// Any bytes as a rule document: a rule or problems, never both; a rule that was read survives being written.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "actors/core/rule.hpp"
#include "events/result.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace heliograph;
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  const ParsedRule one = parse_rule(text);
  ensure(one.rule.has_value() == one.problems.empty(), "a rule or problems");
  if (one.rule) {
    const ParsedRule again = parse_rule(canonical_json(*one.rule));
    ensure(again.rule == one.rule, "a rule survives being written");
  }
  const ParsedRules many = parse_rules(text);
  ensure(many.problems.empty() || many.rules.empty(), "rules or problems");
  return 0;
}
