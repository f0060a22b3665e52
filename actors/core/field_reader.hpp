// Reads documents of people and programs (settings, tariffs, scenarios, request bodies) field by field out of a Document:
// each problem carries its JSON pointer, numbers stay exact, unknown fields are refused.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/core/document.hpp"
#include "events/ids.hpp"
#include "events/time.hpp"

namespace heliograph {

/// The members of one object. Ask for each known field once, then `refuse_others`.
class FieldReader {
 public:
  /// `what` names the object in sentences: "The battery". Requires: `place` and `node` outlive the reader.
  FieldReader(const Document& node, const Place& place, std::string what, std::vector<DocumentProblem>& problems);

  const Document* find(std::string_view key);
  Place place(std::string_view key) const { return place_.at(key); }
  void problem(std::string_view key, std::string sentence);

  /// value * 10^decimals, which lies in [min, max] * 10^decimals; more decimals are a problem, not rounded away.
  std::optional<std::int64_t> scaled(std::string_view key, unsigned decimals, std::int64_t min, std::int64_t max,
                                     std::string_view unit);
  std::optional<std::string> text(std::string_view key);
  std::optional<bool> truth(std::string_view key);
  std::optional<Micros> duration(std::string_view key);
  std::optional<DeviceId> device(std::string_view key);
  /// One of the words that `name` gives for `values`.
  template <class Enum, std::size_t n>
  std::optional<Enum> choice(std::string_view key, const Enum (&values)[n]) {
    const auto word = text(key);
    if (!word) return std::nullopt;
    std::string words;
    for (std::size_t i = 0; i < n; ++i) {
      if (name(values[i]) == *word) return values[i];
      words += (i == 0 ? "" : i + 1 < n ? ", " : " or ") + std::string(name(values[i]));
    }
    problem(key, "\"" + std::string(key) + "\" must be " + words + ".");
    return std::nullopt;
  }
  /// A problem when the field is not there; `example` finishes the sentence.
  void require(std::string_view key, std::string_view example);
  void refuse_others();

 private:
  const Document& node_;
  const Place& place_;
  std::string what_;
  std::vector<std::string> known_;  // own copies: a key may be made for the question
  std::vector<DocumentProblem>& problems_;
};

}  // namespace heliograph
