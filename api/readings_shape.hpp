// Senders repeat themselves: line after line the same keys in the same order. A shape is what one good line looked like
// between its values; a line that fits needs no JSON parser, because its structure is byte for byte one that a parser has
// accepted. Anything unusual (escapes, exponents, null, bytes beyond ASCII, implausible values) does not fit and goes the
// long way. Private to readings_json.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/readings_line.hpp"

namespace heliograph::telemetry {

class Shapes {
 public:
  explicit Shapes(const Groups& groups) : groups_(groups) {}

  /// Fills `line` and answers true when the text fits a known shape. Requires: a control byte follows the text.
  bool fits(string_view text, Line& line);
  /// Learns from a line that was JSON and had no unusable value.
  void learn(string_view text);
  /// True for the first line of this body that fits its shape. Valid after fits.
  bool first_use_in(std::uint64_t body) { return std::exchange(shapes_[0].used_in, body) != body; }
  /// Fields of the fitting shape that mean nothing to us, as (group, key). Valid after fits.
  const std::vector<std::pair<std::string, std::string>>& ignored() const { return shapes_[0].ignored; }

 private:
  enum class What : std::uint8_t { device, time, number, word, flag, skipped_text, skipped_number };
  struct Slot {
    std::string before;  // the bytes between the value before and this one, with the opening quote of a text
    What what{};
    Named means;
    bool operator==(const Slot& o) const { return before == o.before && what == o.what && means.metric == o.means.metric; }
  };
  struct Shape {
    std::vector<Slot> slots;
    std::string after;
    std::vector<std::pair<std::string, std::string>> ignored;
    std::uint64_t used_in = 0;
  };
  struct Learner;
  static bool fits(const Shape& shape, string_view text, Line& line);

  const Groups& groups_;
  std::array<Shape, 4> shapes_;  // the last used first; no slots = free
};

}  // namespace heliograph::telemetry
