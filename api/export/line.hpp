// One record as one line of an export. The check renders the same line again from the stored bytes and compares, so
// everything readable here is a function of the record alone. Private to the export.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/export/export.hpp"

namespace heliograph {

inline constexpr std::string_view export_header_type = "export.header";
inline constexpr std::string_view export_proof_type = "export.proof";
/// Before the stored type in CloudEvents, and after it ".v" and the schema version.
inline constexpr std::string_view cloud_type_prefix = "io.heliograph.";

/// A record as it is stored, with the seal before it in its chain.
struct SealedBytes {
  Position position = 0;
  Digest previous{}, seal{};
  std::string_view payload;  // what the seal covers
  std::string_view rows;     // of a batch, beside it
};

/// Without line end. Requires: `record` was decoded from the payload.
std::string export_line(ExportFormat format, const Record& record, const SealedBytes& sealed);
/// The header or proof, `data` being its JSON: `id` tells it from others in CloudEvents. Not for the CSV header.
std::string export_note(ExportFormat format, std::string_view type, std::string_view id, std::string_view data);

enum class CsvColumn : std::uint8_t {
  position,
  type,
  tenant,
  site,
  stream,
  version,
  occurred_at,
  recorded_at,
  principal,
  cause,
  correlation,
  idempotency_key,
  data,
  previous,
  seal,
  record,
  rows
};
std::span<const std::string_view> csv_columns();
std::string csv_header();
/// RFC 4180, without line end.
std::string csv_row(const std::vector<std::string>& cells);
/// What a spreadsheet would run as a formula gets an apostrophe in front, and so does what begins with one: the change
/// can be undone. Control characters become blanks.
std::string csv_safe(std::string_view text);

/// `text` with every byte that is not UTF-8 replaced by U+FFFD.
std::string as_utf8(std::string text);

/// The same with control characters as blanks: what came from a file may not command a terminal.
std::string printable(std::string_view text);

/// Whether the filter lets the record through.
bool passes(const ExportFilter& filter, const Record& record);

}  // namespace heliograph
