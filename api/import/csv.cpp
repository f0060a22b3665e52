#include "api/import/csv.hpp"

#include <algorithm>
#include <array>

namespace heliograph {
namespace {

constexpr std::array<char, 4> separators{',', ';', '\t', '|'};

std::string at_line(std::uint64_t line) { return "line " + std::to_string(line); }

}  // namespace

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view no_break = "\xC2\xA0";
  for (bool more = true; more;) {
    more = false;
    if (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1), more = true;
    if (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1), more = true;
    if (text.starts_with(no_break)) text.remove_prefix(2), more = true;
    if (text.ends_with(no_break)) text.remove_suffix(2), more = true;
  }
  return text;
}

bool CsvReader::separates(char c) const {
  if (shape_.separator != 0) return c == shape_.separator;
  return std::find(separators.begin(), separators.end(), c) != separators.end();
}

/// Decides how the record that begins with `first` is read: titles and comments have no quotes.
void CsvReader::begin_record(char first) {
  row_line_ = line_;
  const bool title = records_ < shape_.skip_lines;
  const bool comment = shape_.comment != 0 && first == shape_.comment;
  keep_ = !title && !comment;
  if (title) ++records_;
  place_ = keep_ ? Place::field_start : Place::to_line_end;
}

/// Takes one character into the record. True when the record ends here.
bool CsvReader::take(char c) {
  const bool line_end = c == '\n' || c == '\r';
  if (line_end) {
    if (!(c == '\n' && after_cr_)) ++line_;
    after_cr_ = c == '\r';
    if (place_ != Place::quoted) return true;
  } else {
    after_cr_ = false;
  }
  switch (place_) {
    case Place::to_line_end: return false;  // not kept
    case Place::field_start:
      if (c == '"') {
        place_ = Place::quoted;
        quote_line_ = line_;
      } else if (!separates(c)) {
        place_ = Place::bare;
      }
      break;
    case Place::bare:
      if (separates(c)) place_ = Place::field_start;
      break;
    case Place::quoted:
      if (c == '"') place_ = Place::quote_in_quoted;
      break;
    case Place::quote_in_quoted:
      place_ = c == '"' ? Place::quoted : separates(c) ? Place::field_start : Place::bare;
      break;
  }
  record_ += c;
  return false;
}

Result<bool> CsvReader::next_record() {
  record_.clear();
  bool open = false;
  for (;;) {
    if (piece_.empty() && !ended_) {
      auto more = source_.next();
      if (!more) return fail(more.error().code, more.error().sentence, at_line(line_));
      piece_ = *more;
      ended_ = piece_.empty();
    }
    if (ended_) {
      if (open && place_ == Place::quoted)
        return fail(Errc::invalid, "A quoted field is never closed: look for a stray \" on this line.", at_line(quote_line_));
      return open;
    }
    const char c = piece_.front();
    piece_.remove_prefix(1);
    if (!open) {
      if (c == '\n' && after_cr_) {  // the second half of CRLF
        after_cr_ = false;
        continue;
      }
      begin_record(c);
      open = true;
    }
    if (take(c)) return true;
    if (record_.size() > csv_row_bytes_max)
      return fail(Errc::invalid, "A row is longer than 1 MiB: this is no table of readings, or a quote is not closed.",
                  at_line(row_line_));
  }
}

Status CsvReader::detect_separator() {
  std::array<std::size_t, separators.size()> count{};
  bool quoted = false;
  for (char c : record_) {
    if (c == '"') quoted = !quoted;
    for (std::size_t i = 0; i < separators.size(); ++i)
      if (!quoted && c == separators[i]) ++count[i];
  }
  const auto best = std::max_element(count.begin(), count.end());
  if (*best == 0) return shape_.separator = ',', Status{};
  if (std::count(count.begin(), count.end(), *best) > 1)
    return fail(Errc::invalid, "The header could be split in two ways: declare \"separator\" in the map.", at_line(row_line_));
  shape_.separator = separators[static_cast<std::size_t>(best - count.begin())];
  return {};
}

void CsvReader::split(std::vector<std::string_view>& cells) {
  text_.clear();
  ends_.clear();
  Place place = Place::field_start;
  for (char c : record_) {
    if (place != Place::quoted && c == shape_.separator) {
      ends_.push_back(text_.size());
      place = Place::field_start;
    } else if (place == Place::field_start && c == '"') {
      place = Place::quoted;
    } else if (place == Place::quoted && c == '"') {
      place = Place::quote_in_quoted;
    } else {
      if (place == Place::quote_in_quoted) place = c == '"' ? Place::quoted : Place::bare;
      else if (place == Place::field_start) place = Place::bare;
      text_ += c;
    }
  }
  ends_.push_back(text_.size());
  cells.clear();
  std::size_t from = 0;
  for (const std::size_t end : ends_) {
    cells.emplace_back(text_.data() + from, end - from);
    from = end;
  }
}

Result<bool> CsvReader::next(std::vector<std::string_view>& cells) {
  for (;;) {
    auto record = next_record();
    if (!record) return fail(record.error());
    if (!*record) return false;
    if (!keep_) continue;
    if (shape_.separator == 0 && !trimmed(record_).empty())
      if (auto ok = detect_separator(); !ok) return fail(ok.error());
    split(cells);
    if (std::any_of(cells.begin(), cells.end(), [](std::string_view cell) { return !trimmed(cell).empty(); })) return true;
  }
}

}  // namespace heliograph
