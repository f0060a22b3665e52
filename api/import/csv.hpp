// Rows of a CSV file, one at a time: quotes with doubled quotes and line ends inside, CRLF, LF or CR, the separator
// declared or read from the header. Memory: one row of at most 1 MiB and one piece of text. Knows no columns.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "api/import/text.hpp"

namespace heliograph {

struct CsvShape {
  char separator = 0;       // ',' ';' '\t' '|'; 0 = the one that the first row uses most
  char comment = 0;         // lines that begin with it are skipped; 0 = none
  std::size_t skip_lines = 0;  // title lines above the header
};

inline constexpr std::size_t csv_row_bytes_max = 1 << 20;

class CsvReader {
 public:
  CsvReader(TextSource& source, const CsvShape& shape) : source_(source), shape_(shape) {}

  /// The next row that has any text; false at the end. `cells` stay valid until the next call.
  Result<bool> next(std::vector<std::string_view>& cells);
  /// Line (from 1) on which the last row began.
  std::uint64_t line() const { return row_line_; }
  char separator() const { return shape_.separator; }

 private:
  enum class Place : std::uint8_t { field_start, bare, quoted, quote_in_quoted, to_line_end };
  Result<bool> next_record();
  void begin_record(char first);
  bool take(char c);
  Status detect_separator();
  void split(std::vector<std::string_view>& cells);
  bool separates(char c) const;

  TextSource& source_;
  CsvShape shape_;
  std::string_view piece_;
  bool ended_ = false, after_cr_ = false, keep_ = true;
  Place place_ = Place::field_start;
  std::uint64_t line_ = 1, row_line_ = 0, records_ = 0, quote_line_ = 0;
  std::string record_, text_;
  std::vector<std::size_t> ends_;
};

/// Without spaces (also no-break ones) at both ends.
std::string_view trimmed(std::string_view text);

}  // namespace heliograph
