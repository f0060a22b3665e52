#include "actors/core/rule_fields.hpp"

#include <algorithm>

#include "events/json.hpp"

namespace heliograph {
namespace {

constexpr std::size_t problems_max = 100;

std::string_view noun(const Document& document) {
  switch (document.kind) {
    case Document::Kind::null: return "empty";
    case Document::Kind::boolean: return "true or false";
    case Document::Kind::integer:
    case Document::Kind::number: return "a number";
    case Document::Kind::text: return "text";
    case Document::Kind::array: return "a list";
    case Document::Kind::object: return "an object";
  }
  return "something else";
}

std::string must_be(std::string_view name, std::string_view wanted, const Document& found) {
  std::string sentence = quoted(name) + " must be " + std::string(wanted) + ", not " + std::string(noun(found));
  const bool is_word = found.kind != Document::Kind::array && found.kind != Document::Kind::object;
  return sentence + (wanted.substr(0, 4) == "text" && is_word && found.kind != Document::Kind::null
                         ? ": put it in quotes."
                         : ": correct it, or leave the field out.");
}

std::size_t characters(std::string_view utf8) {
  return static_cast<std::size_t>(
      std::count_if(utf8.begin(), utf8.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

bool has_control(std::string_view text, bool lines) {
  return std::any_of(text.begin(), text.end(), [lines](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 || byte == 0x7f) && !(lines && (c == '\n' || c == '\t'));
  });
}

std::string unknown_field(std::string_view name, std::string_view what, const Words& known) {
  std::string sentence = "Unknown field " + quoted(name) + " in " + std::string(what);
  if (const auto near = nearest(name, known)) return sentence + ": did you mean " + quoted(*near) + "?";
  return sentence + ": remove it; the fields here are " + listed(known) + ".";
}

}  // namespace

bool ProblemList::full() const { return list_.size() > problems_max; }

void ProblemList::add(const Place& place, std::string sentence) {
  if (list_.size() < problems_max)
    list_.push_back({place.pointer(), std::move(sentence)});
  else if (list_.size() == problems_max)
    list_.push_back({"", "There are more than 100 problems: correct these and send the document again."});
}

std::string listed(const Words& words) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) out += i + 1 == words.size() ? " and " : ", ";
    out += words[i];
  }
  return out;
}

Fields::Fields(const Document& document, const Place& place, std::string_view what, const Words& known,
               ProblemList& problems)
    : document_(document), place_(place), what_(what), problems_(problems) {
  if (document.kind != Document::Kind::object) {
    problem("Here stands " + std::string(noun(document)) + " where " + std::string(what) +
            " belongs: write an object with the fields " + listed(known) + ".");
    return;
  }
  for (const auto& [name, value] : document.fields)
    if (!problems.full() && std::find(known.begin(), known.end(), name) == known.end())
      problem(name, unknown_field(name, what, known));
}

const Document* Fields::find(std::string_view name) const {
  for (const auto& [key, value] : document_.fields)
    if (key == name) return &value;
  return nullptr;
}

std::string Fields::text(std::string_view name, std::size_t characters_max, bool lines) {
  const Document* const found = find(name);
  if (found == nullptr) return {};
  if (found->kind != Document::Kind::text) {
    problem(name, must_be(name, "text", *found));
    return {};
  }
  if (characters(found->string) > characters_max)
    problem(name, quoted(name) + " is longer than " + std::to_string(characters_max) + " characters: shorten it.");
  if (has_control(found->string, lines))
    problem(name, quoted(name) + " has a control character" + (lines ? "" : " or a line break") + ": remove it.");
  return found->string;
}

bool Fields::boolean(std::string_view name, bool fallback) {
  const Document* const found = find(name);
  if (found == nullptr) return fallback;
  if (found->kind != Document::Kind::boolean) problem(name, must_be(name, "true or false", *found));
  return found->truth;
}

Micros Fields::duration(std::string_view name) {
  const Document* const found = find(name);
  if (found == nullptr) return 0;
  if (found->kind != Document::Kind::text) {
    problem(name, must_be(name, "text, a duration like \"PT5M\"", *found));
    return 0;
  }
  const auto span = parse_duration(found->string);
  if (span) return *span;
  problem(name,
          quoted(found->string) + " is not a duration: write ISO 8601 like PT5M, PT1H30M or P1D, at most 400 days.");
  return 0;
}

std::string Fields::id(std::string_view name, bool required, const Words& also) {
  const Document* const found = find(name);
  if (found == nullptr) {
    if (required && document_.kind == Document::Kind::object)
      problem(std::string(what_) + " needs " + quoted(name) + ": add it" +
              (also.empty() ? "." : ", an id or \"" + std::string(also.front()) + "\"."));
    return {};
  }
  if (found->kind != Document::Kind::text) {
    problem(name, must_be(name, "text", *found));
    return {};
  }
  if (is_id(found->string) || std::find(also.begin(), also.end(), found->string) != also.end()) return found->string;
  if (found->string == "*") {
    problem(name, "\"*\" stands for every device in triggers only: name one device.");
    return {};
  }
  problem(name, quoted(found->string) + " is not an id: use 1 to 63 of a-z, 0-9 and '-', not starting with '-'.");
  return {};
}

const std::vector<Document>* Fields::array(std::string_view name, std::size_t least, std::size_t most, bool required) {
  const Document* const found = find(name);
  if (found == nullptr) {
    if (required && document_.kind == Document::Kind::object)
      problem(std::string(what_) + " needs " + quoted(name) + ": add a list with " + std::to_string(least) + " to " +
              std::to_string(most) + " of them.");
    return nullptr;
  }
  if (found->kind != Document::Kind::array) {
    problem(name, must_be(name, "a list", *found));
    return nullptr;
  }
  if (found->items.size() < least || found->items.size() > most)
    problem(name, quoted(name) + " has " + std::to_string(found->items.size()) + " entries: write " +
                      std::to_string(least) + " to " + std::to_string(most) + ".");
  return &found->items;
}

std::uint8_t Fields::days() {
  const auto* const list = array("days", 1, 7, false);
  if (list == nullptr) return 0x7f;
  unsigned bits = 0;
  for (std::size_t i = 0; i < list->size() && i < 8; ++i) {
    const Document& word = (*list)[i];
    const Place days = at("days");
    const auto day = std::find(day_words.begin(), day_words.end(), word.string);
    if (word.kind != Document::Kind::text || day == day_words.end()) {
      problems_.add(days.at(i), "This is not a day: write one of " + listed(day_words) + ".");
      continue;
    }
    const unsigned bit = 1u << (day - day_words.begin());
    if ((bits & bit) != 0)
      problems_.add(days.at(i), "The day " + quoted(word.string) + " stands here twice: remove one.");
    bits |= bit;
  }
  return static_cast<std::uint8_t>(bits);
}

std::optional<Metric> Fields::metric() {
  const Document* const found = find("metric");
  if (found == nullptr) return std::nullopt;
  if (found->kind != Document::Kind::text) {
    problem("metric", must_be("metric", "text", *found));
    return std::nullopt;
  }
  const std::string& name = found->string;
  const auto metric = find_metric(name);
  if (!metric) {
    Words names;
    for (const auto& entry : all_metrics())
      if (entry.kind != Kind::text) names.push_back(entry.api_name);
    const auto near = nearest(name, names);
    problem("metric", "There is no metric " + quoted(name) + ": " +
                          (near ? "did you mean " + quoted(*near) + "?" : "choose one of " + listed(names) + "."));
    return std::nullopt;
  }
  const MetricInfo& entry = info(*metric);
  if (entry.api_name != name) {  // one name only, or nobody knows which unit a threshold has
    problem("metric", quoted(name) + " is the log's name: write " + quoted(entry.api_name) + ", with values in " +
                          (entry.unit.empty() ? "its unit" : std::string(entry.unit)) + ".");
    return std::nullopt;
  }
  if (entry.kind == Kind::text) {
    problem("metric", quoted(name) + " is a text and has no threshold: choose a metric that is a number.");
    return std::nullopt;
  }
  return metric;
}

std::optional<std::int64_t> Fields::value_of(std::string_view name, Metric metric) {
  const Document* const found = find(name);
  if (found == nullptr) return std::nullopt;
  if (found->kind != Document::Kind::integer && found->kind != Document::Kind::number) {
    problem(name, must_be(name, "a number", *found));
    return std::nullopt;
  }
  const MetricInfo& entry = info(metric);
  const Exact stored = exact(*found, entry.api_decimals);
  if (stored.fault == Exact::Fault::finer) {
    problem(name, quoted(name) + " is finer than " + std::string(entry.api_name) + " is measured: round it to " +
                      std::to_string(entry.api_decimals) + (entry.api_decimals == 1 ? " decimal." : " decimals."));
    return std::nullopt;
  }
  if (stored.fault == Exact::Fault::none && stored.value >= entry.min && stored.value <= entry.max) return stored.value;
  problem(name, std::string(entry.api_name) + " lies between " + in_api_units(metric, entry.min) + " and " +
                    in_api_units(metric, entry.max) + ": choose a value in that range.");
  return std::nullopt;
}

std::optional<int> minute_of_day(const Document& document, bool end_of_day) {
  const std::string& t = document.string;
  if (document.kind != Document::Kind::text || t.size() != 5 || t[2] != ':') return std::nullopt;
  for (const std::size_t i : {0u, 1u, 3u, 4u})
    if (t[i] < '0' || t[i] > '9') return std::nullopt;
  const int minute = ((t[0] - '0') * 10 + (t[1] - '0')) * 60;
  const int rest = (t[3] - '0') * 10 + (t[4] - '0');
  if (rest > 59 || minute + rest > 1440 || (minute + rest == 1440 && !end_of_day)) return std::nullopt;
  return minute + rest;
}

std::string in_api_units(Metric metric, std::int64_t value) {
  JsonWriter json;
  json.metric(metric, value);
  const std::string_view unit = info(metric).unit;
  return json.str() + (unit.empty() || unit.front() == '/' ? "" : " ") + std::string(unit);
}

}  // namespace heliograph
