// Any bytes as a TOML document: a tree or problems, never both, and a line for every value.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "actors/core/document_toml.hpp"
#include "events/result.hpp"

namespace {

void walk(const heliograph::Document& node, const heliograph::Place& place, const heliograph::ParsedToml& parsed, int depth) {
  heliograph::ensure(depth <= heliograph::document_depth_max, "depth is bounded");
  heliograph::ensure(depth == 0 || parsed.lines.contains(place.pointer()), "each value has a line");
  for (std::size_t i = 0; i < node.items.size(); ++i) walk(node.items[i], place.at(i), parsed, depth + 1);
  for (const auto& [key, value] : node.fields)
    if (key.size() <= 200) walk(value, place.at(key), parsed, depth + 1);  // a longer step ends the pointer
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace heliograph;
  const ParsedToml parsed = parse_toml({reinterpret_cast<const char*>(bytes), size});
  ensure(parsed.document.root.has_value() == parsed.document.problems.empty(), "a document or problems");
  if (parsed.document.root) walk(*parsed.document.root, Place{}, parsed, 0);
  return 0;
}
