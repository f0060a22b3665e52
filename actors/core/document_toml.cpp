#include "actors/core/document_toml.hpp"

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include <algorithm>
#include <cmath>

namespace heliograph {
namespace {

/// The parser's own words up to what it quotes: that may be a piece of a secret whose quotes were forgotten.
std::string without_values(std::string_view words) {
  std::string out(words.substr(0, words.find('\'')));
  for (char& c : out)
    if (c < 0x20 || c > 0x7e) c = '?';
  for (const std::string_view tail : {" ", "saw", " ", ",", "expected", " ", ":"})
    if (out.ends_with(tail)) out.resize(out.size() - tail.size());
  return out;
}

/// A name of more parts than documents may be deep. The parser would build, and free, one table inside another for each of them.
bool too_many_parts(std::string_view text) {
  int dots = 0;
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != 0) {
      if (c == '\\' && quote == '"') ++i;
      else if (c == quote) quote = 0;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '.') {
      if (++dots > document_depth_max) return true;
    } else if (c == '\n' || c == '=' || c == ',') {
      dots = 0;
    } else if (c == '#') {
      i = std::min(text.find('\n', i), text.size()) - 1;
    }
  }
  return false;
}

/// Copies the parser's tree into ours. Depth is bounded by document_depth_max before each step down.
class TreeBuilder {
 public:
  explicit TreeBuilder(ParsedToml& out) : out_(out) {}

  Document build(const toml::node& node, const Place& place, int depth) {
    Document made;
    if (const auto line = node.source().begin.line; line != 0) out_.lines[place.pointer()] = static_cast<std::uint32_t>(line);
    if (depth > document_depth_max) return problem(place, "The document nests deeper than 32 levels: write it flatter.");
    if (++values_ > document_values_max) return values_ == document_values_max + 1 ? problem(place, "The document has more than 200000 values: write less.") : made;
    if (const auto* table = node.as_table()) {
      made.kind = Document::Kind::object;
      for (const auto& [key, value] : in_order(*table)) made.fields.push_back({std::string(key), build(*value, place.at(key), depth + 1)});
    } else if (const auto* array = node.as_array()) {
      made.kind = Document::Kind::array;
      for (const toml::node& item : *array) made.items.push_back(build(item, place.at(made.items.size()), depth + 1));
    } else {
      return scalar(node, place);
    }
    return made;
  }

 private:
  using Member = std::pair<std::string_view, const toml::node*>;

  /// The parser keeps a table by name; people read a file from its top.
  static std::vector<Member> in_order(const toml::table& table) {
    std::vector<Member> members;
    for (const auto& [key, value] : table) members.emplace_back(key.str(), &value);
    std::stable_sort(members.begin(), members.end(), [](const Member& a, const Member& b) { return a.second->source().begin < b.second->source().begin; });
    return members;
  }

  Document scalar(const toml::node& node, const Place& place) {
    Document made;
    if (const auto* text = node.as_string()) {
      made.kind = Document::Kind::text;
      made.string = text->get();
    } else if (const auto* whole = node.as_integer()) {
      made.kind = Document::Kind::integer;
      made.integer = whole->get();
    } else if (const auto* truth = node.as_boolean()) {
      made.kind = Document::Kind::boolean;
      made.truth = truth->get();
    } else if (const auto* number = node.as_floating_point(); number != nullptr && std::isfinite(number->get())) {
      made.kind = Document::Kind::number;
      made.number = number->get();
    } else {
      return problem(place, number != nullptr ? "This is no finite number: write one in digits." : "No key takes a date or a time: write a text in quotes.");
    }
    return made;
  }

  Document problem(const Place& place, std::string sentence) {
    out_.document.problems.push_back({place.pointer(), std::move(sentence)});
    return {};
  }

  ParsedToml& out_;
  std::size_t values_ = 0;
};

}  // namespace

ParsedToml parse_toml(std::string_view text) {
  ParsedToml out;
  auto& problems = out.document.problems;
  if (text.size() > document_bytes_max) {
    problems.push_back({"", "The document has " + std::to_string(text.size()) + " bytes: a configuration has at most 1 MiB (1048576 bytes)."});
    return out;
  }
  if (too_many_parts(text)) {
    problems.push_back({"", "A name in it has more than 32 parts: write it flatter."});
    return out;
  }
  const toml::parse_result parsed = toml::parse(text);
  if (!parsed) {
    const toml::source_position at = parsed.error().source().begin;
    out.lines[""] = static_cast<std::uint32_t>(at.line);
    problems.push_back({"", "This is not TOML (line " + std::to_string(at.line) + ", column " + std::to_string(at.column) + ": " + without_values(parsed.error().description()) +
                                "): correct it there. Texts stand in quotes, and each name stands once."});
    return out;
  }
  Document root = TreeBuilder(out).build(parsed.table(), Place{}, 0);
  out.lines.erase("");  // of the whole document nothing is worth saying
  if (problems.empty()) out.document.root = std::move(root);
  return out;
}

}  // namespace heliograph
