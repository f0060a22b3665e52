// A document as a plain tree, whichever language it was written in: JSON (simdjson) or YAML (yaml-cpp).
// Total: any bytes give a tree or problems, never an exception. YAML is read as its core schema, without what can
// surprise or explode: anchors, aliases, tags and several documents in one file are refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace heliograph {

inline constexpr std::size_t document_bytes_max = 1u << 20;
inline constexpr int document_depth_max = 32;  // objects and arrays inside one another
inline constexpr std::size_t document_values_max = 200'000;

struct DocumentField;

struct Document {
  enum class Kind : std::uint8_t { null, boolean, integer, number, text, array, object };
  Kind kind = Kind::null;
  bool truth = false;
  std::int64_t integer = 0;
  double number = 0;  // finite
  std::string string;
  std::vector<Document> items;        // array
  std::vector<DocumentField> fields;  // object, in source order, keys unique
};
struct DocumentField {
  std::string key;
  Document value;
};

/// Where a value stands, as a chain of steps from the root; costs nothing until a pointer is asked for.
struct Place {
  const Place* parent = nullptr;
  std::string_view key = {};
  std::optional<std::size_t> index = std::nullopt;

  Place at(std::string_view field) const { return {this, field, std::nullopt}; }
  Place at(std::size_t item) const { return {this, {}, item}; }
  /// JSON pointer (RFC 6901); "" is the whole document. A step longer than 200 bytes ends it: the sentence quotes it.
  std::string pointer() const;
};

struct DocumentProblem {
  std::string pointer;   // JSON pointer
  std::string sentence;  // what is wrong and what to do next
};

struct ParsedDocument {
  std::optional<Document> root;  // set when problems is empty
  std::vector<DocumentProblem> problems;
};

/// JSON when the first character says so ('{' or '['), else YAML. At most 1 MiB, depth 32, UTF-8, no control
/// characters.
ParsedDocument parse_document(std::string_view text);
/// The two languages behind it. Require: UTF-8 of at most 1 MiB; repeated keys are still there.
ParsedDocument read_json(std::string_view text);
ParsedDocument read_yaml(std::string_view text);

/// `text` in quotes, cut to 60 bytes at a whole character: safe to put into any sentence. Requires: UTF-8.
std::string quoted(std::string_view text);
/// The candidate that `word` was probably meant to be; nullopt when none is near.
std::optional<std::string_view> nearest(std::string_view word, const std::vector<std::string_view>& candidates);

/// `value` times 10^decimals as an exact integer. `finer` = it has more decimals than that; `larger` = beyond 10^18.
struct Exact {
  enum class Fault : std::uint8_t { none, finer, larger };
  Fault fault = Fault::none;
  std::int64_t value = 0;
};
/// Requires: an integer or a number. A number stands for its shortest decimal, so 12.3 with 1 decimal is 123.
Exact exact(const Document& value, unsigned decimals);

}  // namespace heliograph
