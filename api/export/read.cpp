#include "api/export/read.hpp"

#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <istream>

#include "events/base64.hpp"

namespace heliograph {
namespace {

using simdjson::dom::element;

constexpr std::string_view record_shape =
    "The line carries no record: position, previous, seal and record must be there as they were exported.";

bool take_digest(std::string_view text, Digest& out) {
  const auto bytes = from_hex(text);
  if (!bytes || bytes->size() != out.size()) return false;
  std::copy(bytes->begin(), bytes->end(), out.begin());
  return true;
}

bool take_position(std::string_view text, Position& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size() && out != 0;
}

/// Fills everything but the position.
bool take_sealed(std::string_view previous, std::string_view seal, std::string_view record, std::string_view rows, ReadLine& out) {
  auto payload = from_base64(record), beside = from_base64(rows);
  if (!payload || payload->empty() || !beside || !take_digest(previous, out.previous) || !take_digest(seal, out.seal))
    return false;
  out.payload = std::move(*payload);
  out.rows = std::move(*beside);
  return true;
}

ReadLine strange(std::string_view sentence) {
  ReadLine line;
  line.sentence = sentence;
  return line;
}

std::string_view text_at(element object, const char* key) {
  std::string_view out;
  return object[key].get(out) == simdjson::SUCCESS ? out : std::string_view{};
}

std::string under(const std::string& path, std::string_view key) {
  return path.empty() ? std::string(key) : path + "." + std::string(key);
}

/// Where two values first differ; `path` names them. Equal sizes and every expected key found: none twice, none extra.
std::optional<std::string> first_difference(element shown, element expected, const std::string& path) {
  if (shown.type() != expected.type()) return path;
  if (expected.is_object()) {
    simdjson::dom::object theirs, ours;
    if (shown.get(theirs) != simdjson::SUCCESS || expected.get(ours) != simdjson::SUCCESS) return path;
    for (const auto& field : ours) {
      element value;
      if (theirs[field.key].get(value) != simdjson::SUCCESS) return under(path, field.key);
      if (auto inner = first_difference(value, field.value, under(path, field.key))) return inner;
    }
    for (const auto& field : theirs) {
      element value;
      if (ours[field.key].get(value) != simdjson::SUCCESS) return under(path, printable(field.key.substr(0, 40)));
    }
    return theirs.size() == ours.size() ? std::nullopt
                                        : std::optional(path.empty() ? std::string("a repeated field") : path);
  }
  if (expected.is_array()) {
    simdjson::dom::array theirs, ours;
    if (shown.get(theirs) != simdjson::SUCCESS || expected.get(ours) != simdjson::SUCCESS) return path;
    auto their = theirs.begin();
    std::size_t i = 0;
    for (const element our : ours) {
      if (!(their != theirs.end())) return path;
      if (auto inner = first_difference(*their, our, path + "[" + std::to_string(i++) + "]")) return inner;
      ++their;
    }
    return their != theirs.end() ? std::optional(path) : std::nullopt;
  }
  // Two numbers, words or truth values of one type: their shortest texts are equal or they differ.
  return simdjson::minify(shown) == simdjson::minify(expected) ? std::nullopt : std::optional(path);
}

}  // namespace

struct LineReader::Parsers {
  simdjson::dom::parser line, other;
};

LineReader::LineReader() : parsers_(std::make_unique<Parsers>()) {}
LineReader::~LineReader() = default;

ExportLines::Got ExportLines::next() {
  text_.clear();
  ++number_;
  std::streambuf* buffer = in_.rdbuf();
  if (buffer == nullptr || in_.bad()) return Got::io;
  constexpr auto eof = std::char_traits<char>::eof();
  for (auto c = buffer->sbumpc();; c = buffer->sbumpc()) {
    if (c == eof && text_.empty()) return Got::end;
    if (c == eof || c == '\n') break;
    // Room for the carriage return of a longest line.
    if (text_.size() > export_line_bytes_max) return Got::too_long;
    text_.push_back(std::char_traits<char>::to_char_type(c));
  }
  if (!text_.empty() && text_.back() == '\r') text_.pop_back();
  return Got::line;
}

std::optional<ExportFormat> LineReader::format_of(std::string_view line) {
  if (line.empty()) return std::nullopt;
  if (line.front() == '{') {
    if (line.find("\"specversion\"") != std::string_view::npos) return ExportFormat::cloudevents;
    if (line.find("\"type\"") != std::string_view::npos) return ExportFormat::ndjson;
    return std::nullopt;
  }
  const std::size_t cells = static_cast<std::size_t>(std::count(line.begin(), line.end(), ',')) + 1;
  if (line.starts_with("position,") || cells >= csv_columns().size()) return ExportFormat::csv;
  return std::nullopt;
}

ReadLine LineReader::read(ExportFormat format, std::string_view line) {
  return format == ExportFormat::csv ? read_csv(line) : read_json(format, line);
}

ReadLine LineReader::read_json(ExportFormat format, std::string_view line) {
  element root;
  if (parsers_->line.parse(line.data(), line.size()).get(root) != simdjson::SUCCESS || !root.is_object())
    return strange("The line is no JSON object: it was cut or changed.");
  std::string_view type = text_at(root, "type");
  const bool cloud = format == ExportFormat::cloudevents;
  if (cloud && type.starts_with(cloud_type_prefix)) type.remove_prefix(cloud_type_prefix.size());
  if (cloud && type.starts_with("export.") && type.ends_with(".v1")) type.remove_suffix(3);
  ReadLine out;
  element data;
  if ((type == export_header_type || type == export_proof_type) && root["data"].get(data) == simdjson::SUCCESS) {
    out.kind = type == export_header_type ? LineKind::header : LineKind::proof;
    out.data = simdjson::minify(data);
    return out;
  }
  const bool placed = cloud ? take_position(text_at(root, "id"), out.position)
                            : root["position"].get(out.position) == simdjson::SUCCESS && out.position != 0;
  if (!placed || !take_sealed(text_at(root, "previous"), text_at(root, "seal"), text_at(root, "record"), text_at(root, "rows"), out))
    return strange(record_shape);
  out.kind = LineKind::record;
  return out;
}

ReadLine LineReader::read_csv(std::string_view line) {
  ReadLine out;
  if (line == csv_header()) {
    out.kind = LineKind::header;
    return out;
  }
  auto cells = csv_cells(line);
  if (!cells || cells->size() != csv_columns().size())
    return strange("The line has not the columns of an export: it was cut or changed.");
  const auto cell = [&](CsvColumn column) -> std::string_view { return (*cells)[static_cast<std::size_t>(column)]; };
  if (cell(CsvColumn::type) == export_proof_type) {
    out.kind = LineKind::proof;
    out.data = cell(CsvColumn::data);
    return out;
  }
  const auto bytes = [&](CsvColumn column) {
    const std::string_view text = cell(column);
    return text.starts_with('\'') ? text.substr(1) : text;
  };
  if (!take_position(cell(CsvColumn::position), out.position) ||
      !take_sealed(cell(CsvColumn::previous), cell(CsvColumn::seal), bytes(CsvColumn::record), bytes(CsvColumn::rows), out))
    return strange(record_shape);
  out.kind = LineKind::record;
  return out;
}

std::optional<std::string> LineReader::difference(ExportFormat format, std::string_view line,
                                                  std::string_view expected) {
  if (line == expected) return std::nullopt;
  if (format == ExportFormat::csv) {
    const auto theirs = csv_cells(line), ours = csv_cells(expected);
    if (!theirs || !ours || theirs->size() != ours->size()) return "the number of cells";
    for (std::size_t i = 0; i < ours->size(); ++i)
      if ((*theirs)[i] != (*ours)[i]) return std::string(csv_columns()[i]);
    return std::nullopt;
  }
  element shown, wanted;
  if (parsers_->line.parse(line.data(), line.size()).get(shown) != simdjson::SUCCESS) return "the whole line";
  if (parsers_->other.parse(expected.data(), expected.size()).get(wanted) != simdjson::SUCCESS) return "the whole line";
  return first_difference(shown, wanted, "");
}

std::optional<std::vector<std::string>> csv_cells(std::string_view row) {
  std::vector<std::string> cells(1);
  bool quoted = false, closed = false;  // inside quotes; after the closing one
  for (std::size_t i = 0; i < row.size(); ++i) {
    const char c = row[i];
    if (quoted) {
      if (c != '"') {
        cells.back() += c;
      } else if (i + 1 < row.size() && row[i + 1] == '"') {
        cells.back() += '"';
        ++i;
      } else {
        quoted = false;
        closed = true;
      }
    } else if (c == ',') {
      cells.emplace_back();
      closed = false;
    } else if (c == '"' && cells.back().empty() && !closed) {
      quoted = true;
    } else if (c == '"' || closed) {
      return std::nullopt;
    } else {
      cells.back() += c;
    }
  }
  return quoted ? std::nullopt : std::optional(std::move(cells));
}

}  // namespace heliograph
