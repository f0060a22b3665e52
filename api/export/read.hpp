// Lines of an export file back into what they carry: sealed bytes of a record, the header, the proof. Believes nothing:
// a line that is not exactly one of these is strange, with a sentence. Private to the check of exports.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/export/line.hpp"
#include "api/export/proof.hpp"

namespace heliograph {

/// Lines one by one, never holding more than one; LF or CRLF.
class ExportLines {
 public:
  enum class Got : std::uint8_t { line, end, too_long, io };
  explicit ExportLines(std::istream& in) : in_(in) {}
  Got next();
  const std::string& text() const { return text_; }
  std::uint64_t number() const { return number_; }

 private:
  std::istream& in_;
  std::string text_;
  std::uint64_t number_ = 0;
};

enum class LineKind : std::uint8_t { record, header, proof, strange };

struct ReadLine {
  LineKind kind = LineKind::strange;
  std::string sentence;  // why it is strange
  // record
  Position position = 0;
  Digest previous{}, seal{};
  std::string payload, rows;
  // header, proof: their JSON. A CSV's header has none.
  std::string data;
};

class LineReader {
 public:
  LineReader();
  ~LineReader();
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  /// Which format the first line belongs to.
  static std::optional<ExportFormat> format_of(std::string_view first_line);
  ReadLine read(ExportFormat format, std::string_view line);
  /// What differs between a line and what it should be: a field's name, as "data.reason" or "occurred_at"; nothing when
  /// both say the same (spaces and order of a JSON line do not count).
  std::optional<std::string> difference(ExportFormat format, std::string_view line, std::string_view expected);

 private:
  ReadLine read_json(ExportFormat format, std::string_view line);
  ReadLine read_csv(std::string_view line);
  struct Parsers;
  std::unique_ptr<Parsers> parsers_;
};

/// The cells of one row; nothing when quotes are wrong.
std::optional<std::vector<std::string>> csv_cells(std::string_view row);

}  // namespace heliograph
