// Reads the fields of one object of a rule document and notes everything that is wrong, each with its place and a
// sentence that says what to write instead. Reading goes on after a problem, so that people see them all at once.
#pragma once

#include <span>

#include "actors/core/document.hpp"
#include "actors/core/rule.hpp"

namespace heliograph {

/// What was found wrong so far: at most 100, then one line that says so.
class ProblemList {
 public:
  void add(const Place& place, std::string sentence);
  bool empty() const { return list_.empty(); }
  bool full() const;
  std::vector<RuleProblem> take() { return std::move(list_); }

 private:
  std::vector<RuleProblem> list_;
};

using Words = std::vector<std::string_view>;
/// "a, b and c"
std::string listed(const Words& words);
inline const Words day_words = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

/// One object. Requires: document, place and problems outlive it.
class Fields {
 public:
  /// Notes a document that is no object (`what`: "a trigger") and every field that is not in `known`.
  Fields(const Document& document, const Place& place, std::string_view what, const Words& known,
         ProblemList& problems);

  const Document* find(std::string_view name) const;
  bool has(std::string_view name) const { return find(name) != nullptr; }
  Place at(std::string_view name) const { return place_.at(name); }
  void problem(std::string_view name, std::string sentence) { problems_.add(at(name), std::move(sentence)); }
  void problem(std::string sentence) { problems_.add(place_, std::move(sentence)); }

  /// Empty when absent or wrong. Free text of at most `characters_max` characters.
  std::string text(std::string_view name, std::size_t characters_max, bool lines = false);
  bool boolean(std::string_view name, bool fallback);
  Micros duration(std::string_view name);
  /// An id, or one of `also`. Empty when absent (noted when `required`) or wrong.
  std::string id(std::string_view name, bool required, const Words& also = {});
  /// The array, when it is one with `least` to `most` items; noted otherwise. May be longer than `most` when noted.
  const std::vector<Document>* array(std::string_view name, std::size_t least, std::size_t most, bool required);
  /// Bits of the weekdays in "days"; every day when absent.
  std::uint8_t days();
  std::optional<Metric> metric();
  /// A number in the metric's API unit as a stored integer within the metric's range.
  std::optional<std::int64_t> value_of(std::string_view name, Metric metric);

 private:
  const Document& document_;
  const Place& place_;
  std::string what_;
  ProblemList& problems_;
};

/// "HH:MM" from 00:00 to 23:59 (24:00 where `end_of_day`) as a minute of the day.
std::optional<int> minute_of_day(const Document& document, bool end_of_day);
/// A stored value in API units with its unit, for sentences: "50 %".
std::string in_api_units(Metric metric, std::int64_t value);

}  // namespace heliograph
