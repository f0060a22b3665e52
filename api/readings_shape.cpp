#include "api/readings_shape.hpp"

#include <algorithm>

#include "api/decimal.hpp"

namespace heliograph::telemetry {
namespace {

/// Bytes that stand for themselves inside a JSON text: ASCII, neither quote nor backslash nor control.
constexpr std::array<bool, 256> plain = [] {
  std::array<bool, 256> table{};
  for (std::size_t c = 0x20; c < 0x80; ++c) table[c] = c != '"' && c != '\\';
  return table;
}();

bool take(string_view literal, const char*& at, const char* end) {
  if (static_cast<std::size_t>(end - at) < literal.size() || std::memcmp(at, literal.data(), literal.size()) != 0) return false;
  at += literal.size();
  return true;
}

/// A plain text up to its quote, which stays. Stops at the control byte behind the line at the latest.
bool take_text(const char*& at, string_view& text) {
  const char* const from = at;
  while (plain[static_cast<unsigned char>(*at)]) ++at;
  text = {from, static_cast<std::size_t>(at - from)};
  return *at == '"';
}

/// -12.34 by JSON's grammar, at most 15 digits, no exponent.
bool take_number(const char*& at, Decimal& d) {
  const bool minus = *at == '-';
  if (minus) ++at;
  const char* const from = at;
  std::int64_t m = 0;
  const auto digits = [&] {
    while (static_cast<unsigned char>(*at - '0') < 10 && at - from < 17) m = m * 10 + (*at++ - '0');
  };
  digits();
  if (at == from || (*from == '0' && at - from > 1)) return false;
  d.exponent = 0;
  if (*at == '.') {
    const char* const point = ++at;
    digits();
    if (at == point) return false;
    d.exponent = static_cast<std::int32_t>(point - at);
  }
  d.mantissa = minus ? -m : m;
  return at - from < 17;
}

bool spaces(char c) { return c == ' ' || c == '\t'; }

}  // namespace

bool Shapes::fits(const Shape& shape, string_view text, Line& line) {
  const char* at = text.data();
  const char* const end = at + text.size();
  line.clear();
  string_view word;
  Decimal number;
  for (const Slot& slot : shape.slots) {
    if (!take(slot.before, at, end)) return false;
    switch (slot.what) {
      case What::device:
        if (!take_text(at, line.device)) return false;
        break;
      case What::time:
        if (!take_text(at, line.timestamp)) return false;
        break;
      case What::word:
        if (!take_text(at, word) || word.size() > word_bytes_max) return false;
        line.put(slot.means.metric, {CellKind::word, 0, word});
        break;
      case What::number: {
        if (!take_number(at, number)) return false;
        const auto stored = scaled(number, slot.means.power);
        if (!stored || *stored < slot.means.min || *stored > slot.means.max) return false;
        line.put(slot.means.metric, {CellKind::number, *stored, {}});
        break;
      }
      case What::flag: {
        const bool yes = take("true", at, end);
        if (!yes && !take("false", at, end)) return false;
        line.put(slot.means.metric, {CellKind::number, yes ? 1 : 0, {}});
        break;
      }
      case What::skipped_text:
        if (!take_text(at, word)) return false;
        break;
      case What::skipped_number:
        if (!take_number(at, number)) return false;
        break;
    }
  }
  return take(shape.after, at, end) && at == end;
}

bool Shapes::fits(string_view text, Line& line) {
  for (std::size_t i = 0; i < shapes_.size() && !shapes_[i].slots.empty(); ++i)
    if (fits(shapes_[i], text, line)) {
      if (i != 0) std::swap(shapes_[0], shapes_[i]);
      return true;
    }
  return false;
}

/// Walks one line that is known to be JSON. Gives up (false) at anything that a shape does not hold.
struct Shapes::Learner {
  string_view text;
  const Groups& groups;
  Shape shape;
  std::size_t at = 0, literal_from = 0;

  char now() const { return at < text.size() ? text[at] : '\0'; }
  void pass_spaces() {
    while (spaces(now())) ++at;
  }
  bool word(string_view& out) {  // at the opening quote; ends behind the closing one
    const std::size_t from = ++at;
    while (at < text.size() && plain[static_cast<unsigned char>(text[at])]) ++at;
    if (now() != '"') return false;
    out = text.substr(from, at++ - from);
    return true;
  }
  /// A slot begins here: what was passed since the last value is its literal.
  Slot& slot(What what, const Named& means) {
    shape.slots.push_back({std::string(text.substr(literal_from, at - literal_from)), what, means});
    return shape.slots.back();
  }

  bool scalar(What for_text, const Named* means) {
    if (now() == '"') {
      if (means != nullptr && !means->text) return false;
      ++at;
      slot(for_text, means != nullptr ? *means : Named{});
      --at;
      string_view ignored_text;
      if (!word(ignored_text)) return false;
      literal_from = at - 1;  // the closing quote belongs to the next literal
      return true;
    }
    const bool flag = now() == 't' || now() == 'f';
    if (flag && (means == nullptr || means->metric != Metric::switch_on)) return false;
    if (means != nullptr && means->text) return false;
    if (for_text == What::device || for_text == What::time) return false;
    slot(flag ? What::flag : means != nullptr ? What::number : What::skipped_number, means != nullptr ? *means : Named{});
    while (at < text.size() && text[at] != ',' && text[at] != '}' && text[at] != ']' && !spaces(text[at])) ++at;
    literal_from = at;
    return true;
  }

  bool value(const Group* in, bool unknown_group, string_view key) {
    const bool top = in == nullptr && !unknown_group;
    if (now() == '{') {
      if (!top) return false;
      const Group* const known = groups.find(key);
      if (known == nullptr) {
        if (direct_names().contains(key) || key == "node_id" || key == "device" || key == "timestamp") return false;
        shape.ignored.emplace_back("", key);
      }
      return object(known, known == nullptr);
    }
    if (now() == '[' || now() == 'n') return false;
    if (unknown_group) return scalar(What::skipped_text, nullptr);
    if (top && (key == "node_id" || key == "device")) return scalar(What::device, nullptr);
    if (top && key == "timestamp") return scalar(What::time, nullptr);
    if (top && groups.find(key) != nullptr) return false;  // a group that is no object
    const Named* means = nullptr;
    if (!top) means = in->find(key);
    else if (const auto found = direct_names().find(key); found != direct_names().end()) means = &found->second;
    if (means == nullptr) shape.ignored.emplace_back(top ? "" : std::string(in->name), key);
    return scalar(means != nullptr ? What::word : What::skipped_text, means);
  }

  bool object(const Group* in, bool unknown_group) {  // at '{'; ends behind '}'
    ++at;
    for (;;) {
      pass_spaces();
      if (now() == '}') return ++at, true;
      if (now() == ',') {
        ++at;
        continue;
      }
      string_view key;
      if (now() != '"' || !word(key) || key.size() >= 64) return false;
      pass_spaces();
      if (now() != ':') return false;
      ++at;
      pass_spaces();
      if (!value(in, unknown_group, key)) return false;
    }
  }
};

void Shapes::learn(string_view text) {
  Learner learner{text, groups_, {}};
  if (!text.starts_with('{') || !learner.object(nullptr, false) || learner.at != text.size() || learner.shape.slots.empty()) return;
  learner.shape.after = text.substr(learner.literal_from);
  for (const Shape& known : shapes_)
    if (known.slots == learner.shape.slots && known.after == learner.shape.after) return;
  std::rotate(shapes_.begin(), shapes_.end() - 1, shapes_.end());
  shapes_[0] = std::move(learner.shape);
}

}  // namespace heliograph::telemetry
