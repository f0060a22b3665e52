#include "actors/core/field_reader.hpp"

#include <algorithm>

namespace heliograph {

FieldReader::FieldReader(const Document& node, const Place& place, std::string what,
                         std::vector<DocumentProblem>& problems)
    : node_(node), place_(place), what_(std::move(what)), problems_(problems) {
  if (node_.kind != Document::Kind::object) problems_.push_back({place_.pointer(), what_ + " must be an object: { ... }."});
}

void FieldReader::problem(std::string_view key, std::string sentence) {
  problems_.push_back({place_.at(key).pointer(), std::move(sentence)});
}

const Document* FieldReader::find(std::string_view key) {
  if (std::find(known_.begin(), known_.end(), key) == known_.end()) known_.emplace_back(key);
  for (const auto& [name, value] : node_.fields)
    if (name == key) return &value;
  return nullptr;
}

std::optional<std::int64_t> FieldReader::scaled(std::string_view key, unsigned decimals, std::int64_t min,
                                                std::int64_t max, std::string_view unit) {
  const auto* value = find(key);
  if (!value) return std::nullopt;
  std::int64_t scale = 1;
  for (unsigned i = 0; i < decimals; ++i) scale *= 10;
  const std::string range = "\"" + std::string(key) + "\" must be a number from " + std::to_string(min) + " to " +
                            std::to_string(max) + (unit.empty() ? "." : " " + std::string(unit) + ".");
  if (value->kind != Document::Kind::integer && value->kind != Document::Kind::number) {
    problem(key, range);
    return std::nullopt;
  }
  const Exact number = exact(*value, decimals);
  if (number.fault == Exact::Fault::finer) {
    problem(key, "\"" + std::string(key) + "\" may have at most " + std::to_string(decimals) + " decimals.");
    return std::nullopt;
  }
  if (number.fault == Exact::Fault::larger || number.value < min * scale || number.value > max * scale) {
    problem(key, range);
    return std::nullopt;
  }
  return number.value;
}

std::optional<std::string> FieldReader::text(std::string_view key) {
  const auto* value = find(key);
  if (!value) return std::nullopt;
  if (value->kind != Document::Kind::text) {
    problem(key, "\"" + std::string(key) + "\" must be a text in quotes.");
    return std::nullopt;
  }
  return value->string;
}

std::optional<bool> FieldReader::truth(std::string_view key) {
  const auto* value = find(key);
  if (!value) return std::nullopt;
  if (value->kind != Document::Kind::boolean) {
    problem(key, "\"" + std::string(key) + "\" must be true or false.");
    return std::nullopt;
  }
  return value->truth;
}

std::optional<Micros> FieldReader::duration(std::string_view key) {
  const auto written = text(key);
  if (!written) return std::nullopt;
  const auto span = parse_duration(*written);
  if (span) return *span;
  problem(key, span.error().sentence);
  return std::nullopt;
}

std::optional<DeviceId> FieldReader::device(std::string_view key) {
  const auto written = text(key);
  if (!written) return std::nullopt;
  auto id = DeviceId::parse(*written);
  if (id) return *id;
  problem(key, id.error().sentence);
  return std::nullopt;
}

void FieldReader::require(std::string_view key, std::string_view example) {
  if (node_.kind == Document::Kind::object && !find(key))
    problem(key, what_ + " needs \"" + std::string(key) + "\", for example " + std::string(example) + ".");
}

void FieldReader::refuse_others() {
  constexpr std::size_t enough = 20;  // to see what is wrong; a body may hold any number of them
  const std::vector<std::string_view> names(known_.begin(), known_.end());
  std::size_t unknown = 0;
  for (const auto& [name, value] : node_.fields) {
    if (std::find(known_.begin(), known_.end(), name) != known_.end()) continue;
    if (++unknown > enough) return;
    std::string sentence = what_ + " has no field " + quoted(name) + ": ";
    if (const auto meant = nearest(name, names)) {
      sentence += "did you mean \"" + std::string(*meant) + "\"?";
    } else {
      sentence += known_.empty() ? "leave it out" : "use ";
      for (std::size_t i = 0; i < known_.size(); ++i) sentence += (i ? ", " : "") + known_[i];
      sentence += ".";
    }
    problem(name, std::move(sentence));
  }
}

}  // namespace heliograph
