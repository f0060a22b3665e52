// YAML to Document from yaml-cpp's event stream rather than its node graph: anchors, aliases and tags are seen, and
// refused, before anything could be expanded. yaml-cpp reports by throwing; nothing leaves this file but values.
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <array>
#include <charconv>
#include <cmath>
#include <sstream>

#include "actors/core/document.hpp"

namespace heliograph {
namespace {

/// Ends the parse: yaml-cpp has no other way to stop it. Never leaves read_yaml.
struct Stop {
  std::string sentence;
};

std::string at(const YAML::Mark& mark) {
  return "line " + std::to_string(mark.line + 1) + ", column " + std::to_string(mark.column + 1);
}

bool is_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// Numbers as YAML's core schema writes them in decimals: [-+]?digits[.digits][e[-+]digits]. No octal, hex, .inf, .nan.
bool is_number(std::string_view text) {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  if (const std::size_t e = text.find_first_of("eE"); e != std::string_view::npos) {
    std::string_view power = text.substr(e + 1);
    if (!power.empty() && (power[0] == '-' || power[0] == '+')) power.remove_prefix(1);
    if (!is_digits(power)) return false;
    text = text.substr(0, e);
  }
  const std::size_t point = text.find('.');
  if (point == std::string_view::npos) return is_digits(text);
  return is_digits(text.substr(0, point)) && is_digits(text.substr(point + 1));
}

Document number_of(std::string_view text) {
  Document out;
  if (text[0] == '+') text.remove_prefix(1);
  const char* const end = text.data() + text.size();
  if (const auto [stop, ec] = std::from_chars(text.data(), end, out.integer); ec == std::errc{} && stop == end) {
    out.kind = Document::Kind::integer;
    return out;
  }
  out.integer = 0;
  if (const auto [stop, ec] = std::from_chars(text.data(), end, out.number);
      ec == std::errc{} && stop == end && std::isfinite(out.number)) {
    out.kind = Document::Kind::number;
    return out;
  }
  out.number = 0;  // beyond double: stays text, and the reader asks for a number
  out.kind = Document::Kind::text;
  out.string = std::string(text);
  return out;
}

Document scalar(const std::string& value, bool plain) {
  Document out;
  if (plain) {
    if (value == "true" || value == "True" || value == "TRUE" || value == "false" || value == "False" ||
        value == "FALSE") {
      out.kind = Document::Kind::boolean;
      out.truth = value[0] == 't' || value[0] == 'T';
      return out;
    }
    if (is_number(value)) return number_of(value);
  }
  out.kind = Document::Kind::text;
  out.string = value;
  return out;
}

/// Builds the tree from events with a stack of open objects and arrays; never recursive.
class TreeBuilder : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1)
      throw Stop{"A second YAML document starts at " + at(mark) + ": put one document into one file."};
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    refuse_anchor(mark, anchor);
    add(mark, Document{});
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    throw Stop{"YAML alias at " + at(mark) + ": aliases are not read; write the value out."};
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    refuse_anchor(mark, anchor);
    refuse_tag(mark, tag);
    add(mark, scalar(value, tag == "?"));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, Document::Kind::array);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, Document::Kind::object);
  }
  void OnMapEnd() override { close(); }

  std::optional<Document> take() { return std::move(root_); }

 private:
  struct Open {
    Document document;
    std::optional<std::string> key;  // of an object: read, and waiting for its value
  };

  static void refuse_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor)
      throw Stop{"YAML anchor at " + at(mark) + ": anchors are not read; remove \"&name\" and write the value out."};
  }
  static void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
    if (!tag.empty() && tag != "?" && tag != "!")
      throw Stop{"YAML tag at " + at(mark) + ": tags are not read; remove \"!...\" and write the value plainly."};
  }

  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, Document::Kind kind) {
    refuse_anchor(mark, anchor);
    refuse_tag(mark, tag);
    refuse_as_key(mark);
    if (stack_.size() >= static_cast<std::size_t>(document_depth_max))
      throw Stop{"The document nests deeper than 32 levels at " + at(mark) + ": write it flatter."};
    Document document;
    document.kind = kind;
    stack_.push_back({std::move(document), std::nullopt});
    count(mark);
  }
  void close() {
    Document done = std::move(stack_.back().document);
    stack_.pop_back();
    place(std::move(done));
  }
  void add(const YAML::Mark& mark, Document value) {
    count(mark);
    if (!stack_.empty() && stack_.back().document.kind == Document::Kind::object && !stack_.back().key) {
      refuse_as_key(mark, value.kind == Document::Kind::text);
      stack_.back().key = std::move(value.string);
      return;
    }
    place(std::move(value));
  }
  void refuse_as_key(const YAML::Mark& mark, bool is_text = false) const {
    if (is_text || stack_.empty() || stack_.back().document.kind != Document::Kind::object || stack_.back().key) return;
    throw Stop{"A field's name must be a word, at " + at(mark) +
               ": write one like \"device\", in quotes if it looks like a number."};
  }
  void place(Document value) {
    if (stack_.empty()) {
      root_ = std::move(value);
      return;
    }
    Open& open = stack_.back();
    if (open.document.kind == Document::Kind::array) {
      open.document.items.push_back(std::move(value));
      return;
    }
    open.document.fields.push_back({std::move(*open.key), std::move(value)});
    open.key.reset();
  }
  void count(const YAML::Mark& mark) {
    if (++values_ > document_values_max)
      throw Stop{"The document has more than 200000 values at " + at(mark) + ": split it into several documents."};
  }

  std::vector<Open> stack_;
  std::optional<Document> root_;
  std::size_t values_ = 0;
  int documents_ = 0;
};

/// yaml-cpp's own words, which may quote a broken character of the input.
std::string printable(std::string text) {
  for (char& c : text)
    if (c < 0x20 || c > 0x7e) c = '?';
  return text;
}

}  // namespace

ParsedDocument read_yaml(std::string_view text) {
  ParsedDocument out;
  const auto refuse = [&](std::string sentence) { out.problems.push_back({"", std::move(sentence)}); };
  TreeBuilder builder;
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {}
  } catch (const Stop& stop) {
    refuse(stop.sentence);
    return out;
  } catch (const YAML::Exception& error) {
    refuse("This is not YAML (" + at(error.mark) + ": " + printable(error.msg) +
           "): correct it there and send it again.");
    return out;
  } catch (const std::exception&) {
    refuse("The YAML could not be read: write the document as JSON.");
    return out;
  }
  out.root = builder.take();
  if (!out.root) refuse("The document is empty: write one JSON or YAML object.");
  return out;
}

}  // namespace heliograph
