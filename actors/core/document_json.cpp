// JSON to Document through simdjson's DOM, which checks the whole text. simdjson does not say where a text is
// wrong, so a text that it refused is read once more by RapidJSON for the line and column.
#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>
#include <simdjson.h>

#include <algorithm>

#include "actors/core/document.hpp"

namespace heliograph {
namespace {

constexpr std::string_view too_deep = "The document nests deeper than 32 levels: write it flatter.";
constexpr std::string_view too_many = "The document has more than 200000 values: split it into several documents.";

std::string where_wrong(std::string_view text) {
  rapidjson::MemoryStream stream(text.data(), text.size());
  rapidjson::BaseReaderHandler<> ignore;
  rapidjson::Reader reader;
  constexpr unsigned flags = rapidjson::kParseIterativeFlag;  // numbers by the short way: the exact one shifts 0e308 by more than there is
  const auto result = reader.Parse<flags>(stream, ignore);
  if (!result.IsError()) return "JSON that cannot be read";
  const std::string_view before = text.substr(0, std::min(result.Offset(), text.size()));
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const std::size_t newline = before.rfind('\n');
  const std::size_t column = before.size() - (newline == std::string_view::npos ? 0 : newline + 1) + 1;
  return "line " + std::to_string(line) + ", column " + std::to_string(column) + ": " +
         rapidjson::GetParseError_En(result.Code());
}

/// Copies simdjson's tape into our tree. Depth is bounded by document_depth_max before each step down.
class TreeBuilder {
 public:
  explicit TreeBuilder(std::vector<DocumentProblem>& problems) : problems_(problems) {}

  Document build(simdjson::dom::element element, const Place& place, int depth) {
    Document out;
    if (stopped_) return out;
    if (++values_ > document_values_max) return stop(too_many);
    switch (element.type()) {
      case simdjson::dom::element_type::OBJECT: build_object(element, place, depth + 1, out); break;
      case simdjson::dom::element_type::ARRAY: build_array(element, place, depth + 1, out); break;
      default: build_scalar(element, out); break;
    }
    return out;
  }
  bool stopped() const { return stopped_; }

 private:
  Document stop(std::string_view sentence) {
    stopped_ = true;
    problems_.push_back({"", std::string(sentence)});
    return {};
  }

  void build_object(simdjson::dom::element element, const Place& place, int depth, Document& out) {
    out.kind = Document::Kind::object;
    if (depth > document_depth_max) {
      stop(too_deep);
      return;
    }
    for (const auto field : simdjson::dom::object(element)) {
      out.fields.push_back({std::string(field.key), build(field.value, place.at(field.key), depth)});
      if (stopped_) return;
    }
  }

  void build_array(simdjson::dom::element element, const Place& place, int depth, Document& out) {
    out.kind = Document::Kind::array;
    if (depth > document_depth_max) {
      stop(too_deep);
      return;
    }
    for (const auto item : simdjson::dom::array(element)) {
      out.items.push_back(build(item, place.at(out.items.size()), depth));
      if (stopped_) return;
    }
  }

  static void build_scalar(simdjson::dom::element element, Document& out) {
    switch (element.type()) {
      case simdjson::dom::element_type::STRING:
        out.kind = Document::Kind::text;
        out.string = std::string(std::string_view(element));
        break;
      case simdjson::dom::element_type::INT64:
        out.kind = Document::Kind::integer;
        out.integer = std::int64_t(element);
        break;
      case simdjson::dom::element_type::UINT64:  // beyond int64: no value of ours is, but it is a number
        out.kind = Document::Kind::number;
        out.number = static_cast<double>(std::uint64_t(element));
        break;
      case simdjson::dom::element_type::DOUBLE:
        out.kind = Document::Kind::number;
        out.number = double(element);
        break;
      case simdjson::dom::element_type::BOOL:
        out.kind = Document::Kind::boolean;
        out.truth = bool(element);
        break;
      default: break;
    }
  }

  std::vector<DocumentProblem>& problems_;
  std::size_t values_ = 0;
  bool stopped_ = false;
};

}  // namespace

ParsedDocument read_json(std::string_view text) {
  ParsedDocument out;
  simdjson::dom::parser parser;
  // One level of room above our own limit, so that it is our sentence which names the limit.
  if (const auto error = parser.allocate(std::max<std::size_t>(text.size(), 64), document_depth_max + 8);
      error != simdjson::SUCCESS) {
    out.problems.push_back({"", "There is not enough memory to read the document: send a smaller one."});
    return out;
  }
  simdjson::dom::element element;
  if (const auto error = parser.parse(text.data(), text.size(), true).get(element); error != simdjson::SUCCESS) {
    out.problems.push_back({"", error == simdjson::DEPTH_ERROR ? std::string(too_deep)
                                                               : "This is not JSON (" + where_wrong(text) +
                                                                     "): correct it there and send it again."});
    return out;
  }
  TreeBuilder builder(out.problems);
  Document root = builder.build(element, Place{}, 0);
  if (!builder.stopped()) out.root = std::move(root);
  return out;
}

}  // namespace heliograph
