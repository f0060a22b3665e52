// What both languages share: the checks before parsing, pointers, near names and exact decimals.
#include "actors/core/document.hpp"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace heliograph {
namespace {

constexpr std::size_t step_bytes_max = 200;

std::string escaped_step(std::string_view key) {
  std::string out;
  for (const char c : key) {
    if (c == '~')
      out += "~0";
    else if (c == '/')
      out += "~1";
    else
      out += c;
  }
  return out;
}

ParsedDocument refuse(std::string sentence) { return {std::nullopt, {{"", std::move(sentence)}}}; }

std::optional<std::string> unreadable(std::string_view text) {
  if (text.size() > document_bytes_max)
    return "The document has " + std::to_string(text.size()) +
           " bytes: send at most 1 MiB (1048576 bytes), in several documents.";
  if (!simdjson::validate_utf8(text.data(), text.size()))
    return "The document is not UTF-8: save it as UTF-8 text and send it again.";
  const auto control = std::find_if(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t' && c != '\n' && c != '\r') || byte == 0x7f;
  });
  if (control == text.end()) return std::nullopt;
  return "Byte " + std::to_string(control - text.begin() + 1) +
         " is a control character: this is no text file; send JSON or YAML text.";
}

std::string_view without_mark(std::string_view text) {
  return text.substr(0, 3) == "\xEF\xBB\xBF" ? text.substr(3) : text;
}

/// Requires: a tree no deeper than document_depth_max.
void list_repeated_keys(const Document& document, const Place& place, std::vector<DocumentProblem>& problems) {
  for (std::size_t i = 0; i < document.items.size(); ++i) list_repeated_keys(document.items[i], place.at(i), problems);
  std::vector<std::string_view> keys;
  for (const auto& [key, value] : document.fields) {
    list_repeated_keys(value, place.at(key), problems);
    keys.push_back(key);
  }
  std::sort(keys.begin(), keys.end());
  for (std::size_t i = 1; i < keys.size(); ++i)
    if (keys[i] == keys[i - 1] && (i == 1 || keys[i] != keys[i - 2]))
      problems.push_back(
          {place.at(keys[i]).pointer(), quoted(keys[i]) + " stands here more than once: keep one of them."});
}

/// Edits between two short words: a letter added, dropped or changed, or two neighbours swapped (optimal string
/// alignment).
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i)
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  return d[a.size()][b.size()];
}

/// Sign, significant digits and exponent of a finite number's shortest decimal: value = digits * 10^exponent.
struct Decimal {
  bool negative = false;
  std::int64_t digits = 0;  // at most 17 digits
  int exponent = 0;
};

Decimal shortest_decimal(double number) {
  std::array<char, 40> buffer{};
  const auto [end, ec] =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), number, std::chars_format::scientific);
  const std::string_view text(buffer.data(), ec == std::errc{} ? static_cast<std::size_t>(end - buffer.data()) : 0);
  Decimal out;
  std::size_t i = 0;
  bool after_point = false;
  for (; i < text.size() && text[i] != 'e'; ++i) {
    if (text[i] == '-') out.negative = true;
    if (text[i] == '.') after_point = true;
    if (text[i] < '0' || text[i] > '9') continue;
    out.digits = out.digits * 10 + (text[i] - '0');
    if (after_point) --out.exponent;
  }
  int power = 0;
  if (i + 1 < text.size())
    std::from_chars(text.data() + i + (text[i + 1] == '+' ? 2 : 1), text.data() + text.size(), power);
  out.exponent += power;
  return out;
}

Exact shifted(Decimal decimal, unsigned decimals) {
  constexpr std::int64_t limit = 1'000'000'000'000'000'000;  // 10^18
  if (decimal.digits == 0) return {};
  int shift = decimal.exponent + static_cast<int>(decimals);
  for (; shift < 0; ++shift) {
    if (decimal.digits % 10 != 0) return {Exact::Fault::finer, 0};
    decimal.digits /= 10;
  }
  for (; shift > 0; --shift) {
    if (decimal.digits > limit / 10) return {Exact::Fault::larger, 0};
    decimal.digits *= 10;
  }
  return {Exact::Fault::none, decimal.negative ? -decimal.digits : decimal.digits};
}

}  // namespace

std::string Place::pointer() const {
  std::vector<const Place*> chain;
  for (const Place* p = this; p->parent != nullptr; p = p->parent) chain.push_back(p);
  std::reverse(chain.begin(), chain.end());
  std::string out;
  for (const Place* step : chain) {
    if (step->key.size() > step_bytes_max) break;
    out += '/';
    out += step->index ? std::to_string(*step->index) : escaped_step(step->key);
  }
  return out;
}

ParsedDocument parse_document(std::string_view text) {
  if (auto why = unreadable(text)) return refuse(std::move(*why));
  text = without_mark(text);
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return refuse("The document is empty: write one JSON or YAML object.");
  ParsedDocument parsed = text[first] == '{' || text[first] == '[' ? read_json(text) : read_yaml(text);
  if (parsed.root) list_repeated_keys(*parsed.root, Place{}, parsed.problems);
  if (!parsed.problems.empty()) parsed.root.reset();
  return parsed;
}

std::string quoted(std::string_view text) {
  constexpr std::size_t bytes_max = 60;
  if (text.size() <= bytes_max) return "\"" + std::string(text) + "\"";
  std::size_t cut = bytes_max;
  while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80) --cut;
  return "\"" + std::string(text.substr(0, cut)) + "...\"";
}

std::optional<std::string_view> nearest(std::string_view word, const std::vector<std::string_view>& candidates) {
  if (word.empty() || word.size() > 64) return std::nullopt;
  std::optional<std::string_view> best;
  std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;  // one edit, or one in three letters
  for (const std::string_view candidate : candidates) {
    const std::size_t d = distance(word, candidate);
    if (d < best_distance) {
      best = candidate;
      best_distance = d;
    }
  }
  return best;
}

Exact exact(const Document& value, unsigned decimals) {
  if (value.kind == Document::Kind::number) return shifted(shortest_decimal(value.number), decimals);
  if (value.integer > 1'000'000'000'000'000'000 || value.integer < -1'000'000'000'000'000'000)
    return {Exact::Fault::larger, 0};
  return shifted({value.integer < 0, std::abs(value.integer), 0}, decimals);
}

}  // namespace heliograph
