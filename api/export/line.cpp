#include "api/export/line.hpp"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <variant>

#include "events/base64.hpp"
#include "events/event_json.hpp"

namespace heliograph {
namespace {

constexpr std::array<std::string_view, 17> columns{"position",  "type",     "tenant",      "site",
                                                   "stream",    "version",  "occurred_at", "recorded_at",
                                                   "principal", "cause",    "correlation", "idempotency_key",
                                                   "data",      "previous", "seal",        "record",
                                                   "rows"};

// More is not shown (data is empty); the stored bytes are there in full. Keeps a line and the memory for it bounded.
constexpr std::size_t shown_cells_max = 1'000'000;
constexpr std::size_t shown_bytes_max = std::size_t{24} << 20;

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

/// Bytes of the well-formed sequence at `i`; 0 when there is none (Unicode, table 3-7).
std::size_t sequence_at(std::string_view text, std::size_t i) {
  const auto byte = [&](std::size_t k) { return i + k < text.size() ? static_cast<unsigned char>(text[i + k]) : 0; };
  const auto tail = [&](std::size_t k) { return (byte(k) & 0xc0) == 0x80; };
  const unsigned lead = byte(0), second = byte(1);
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return tail(1) ? 2 : 0;
  if ((lead & 0xf0) == 0xe0)
    return tail(1) && tail(2) && !(lead == 0xe0 && second < 0xa0) && !(lead == 0xed && second > 0x9f) ? 3 : 0;
  if (lead >= 0xf0 && lead <= 0xf4)
    return tail(1) && tail(2) && tail(3) && !(lead == 0xf0 && second < 0x90) && !(lead == 0xf4 && second > 0x8f) ? 4
                                                                                                                 : 0;
  return 0;
}

/// Where raw JSON of a stored document brought line ends with it, they become blanks: between tokens they mean nothing.
std::string one_line(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return as_utf8(std::move(text));
}

bool is_json(std::string_view text) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  return parser.parse(text.data(), text.size()).get(root) == simdjson::SUCCESS;
}

/// A stored document that is no JSON is shown as text, so that the line stays JSON.
std::string as_document(const std::string& text) {
  if (is_json(text)) return text;
  JsonWriter json;
  json.string(as_utf8(text));
  return json.take();
}

bool is_large(const Record& record) {
  if (!record.is_readings()) return false;
  const ReadingBatch& batch = record.readings();
  return batch.size() > shown_cells_max / (batch.columns.size() + 2) || batch.suspects.size() > shown_cells_max / 4;
}

/// Our event JSON. What is too large to be shown has empty data.
std::string record_json(const Record& record) {
  const auto bare = [&] { return one_line(to_json(Record{record.envelope, Event{EngineStopped{}}})); };
  if (is_large(record)) return bare();
  std::string text;
  const auto* rule = record.is_readings() ? nullptr : std::get_if<RuleSaved>(&record.event());
  const auto* history = record.is_readings() ? nullptr : std::get_if<HistoryImported>(&record.event());
  if (rule != nullptr) {
    RuleSaved shown = *rule;
    shown.document = as_document(rule->document);
    text = to_json(Record{record.envelope, Event{std::move(shown)}});
  } else if (history != nullptr && !history->report.empty()) {
    HistoryImported shown = *history;
    shown.report = as_document(history->report);
    text = to_json(Record{record.envelope, Event{std::move(shown)}});
  } else {
    text = to_json(record);
  }
  return text.size() > shown_bytes_max ? bare() : one_line(std::move(text));
}

/// The value of "data", the last field of our event JSON. Quotes inside strings are escaped, so the first match is it.
std::string_view data_of(std::string_view json) {
  constexpr std::string_view key = ",\"data\":";
  const std::size_t at = json.find(key);
  ensure(at != std::string_view::npos && json.ends_with('}'), "our event JSON ends with its data",
         "api/export/line.cpp");
  return json.substr(at + key.size(), json.size() - at - key.size() - 1);
}

std::string source_of(const SiteKey& site) {
  return "urn:heliograph:" + site.tenant.text + (site.site.empty() ? "" : ":" + site.site.text);
}

/// The word of the CloudEvents auth context; `authid` says it in our words.
std::string_view auth_type(PrincipalKind kind) {
  switch (kind) {
    case PrincipalKind::user: return "user";
    case PrincipalKind::apikey: return "api_key";
    case PrincipalKind::agent:
    case PrincipalKind::device: return "service_account";
    case PrincipalKind::system:
    case PrincipalKind::rule:
    case PrincipalKind::schedule: return "system";
  }
  return "unknown";
}

std::string padded(Position position) {
  const std::string digits = std::to_string(position);
  return std::string(20 - digits.size(), '0') + digits;  // as long as the largest position: sorts as text
}

std::string cloud_line(const Record& record, const SealedBytes& sealed) {
  const Envelope& e = record.envelope;
  const std::string shown = record_json(record);
  JsonWriter json;
  json.begin_object().field("specversion", "1.0").field("id", std::to_string(e.position));
  json.field("source", source_of(e.site));
  json.field("type", std::string(cloud_type_prefix) + e.type + ".v" + std::to_string(e.schema));
  json.field("subject", e.stream)
      .field("time", format_time(e.occurred_at))
      .field("datacontenttype", "application/json");
  json.field("sequence", padded(e.position));
  if (!e.correlation.empty()) json.field("correlationid", e.correlation);
  if (e.cause != 0) json.field("causationid", std::to_string(e.cause));
  json.field("recordedtime", format_time(e.recorded_at));
  json.field("authtype", auth_type(e.principal.kind)).field("authid", to_string(e.principal));
  json.field("streamversion", std::to_string(e.version));
  if (!e.idempotency_key.empty()) json.field("idempotencykey", e.idempotency_key);
  json.field("previous", hex(bytes_of(sealed.previous))).field("seal", hex(bytes_of(sealed.seal)));
  json.field("record", base64(sealed.payload));
  if (!sealed.rows.empty()) json.field("rows", base64(sealed.rows));
  json.key("data").raw(data_of(shown)).end_object();
  return one_line(json.str());
}

std::string plain_line(const Record& record, const SealedBytes& sealed) {
  std::string line = record_json(record);
  line.back() = ',';
  JsonWriter json;
  json.begin_object().field("previous", hex(bytes_of(sealed.previous))).field("seal", hex(bytes_of(sealed.seal)));
  json.field("record", base64(sealed.payload));
  if (!sealed.rows.empty()) json.field("rows", base64(sealed.rows));
  json.end_object();
  return line.append(json.view().substr(1));
}

std::string csv_line(const Record& record, const SealedBytes& sealed) {
  const Envelope& e = record.envelope;
  return csv_row({std::to_string(e.position), e.type, e.site.tenant.text, e.site.site.text, e.stream,
                  std::to_string(e.version), format_time(e.occurred_at), format_time(e.recorded_at),
                  to_string(e.principal), e.cause == 0 ? "" : std::to_string(e.cause), e.correlation, e.idempotency_key,
                  std::string(data_of(record_json(record))), hex(bytes_of(sealed.previous)), hex(bytes_of(sealed.seal)),
                  base64(sealed.payload), base64(sealed.rows)});
}

bool in_range(const ExportFilter& filter, Micros at) {
  return (!filter.from || at >= *filter.from) && (!filter.to || at < *filter.to);
}

}  // namespace

std::string_view name(ExportFormat format) {
  switch (format) {
    case ExportFormat::cloudevents: return "cloudevents";
    case ExportFormat::ndjson: return "ndjson";
    case ExportFormat::csv: return "csv";
  }
  return "cloudevents";
}

Result<ExportFormat> parse_export_format(std::string_view text) {
  for (const ExportFormat format : {ExportFormat::cloudevents, ExportFormat::ndjson, ExportFormat::csv})
    if (text == name(format)) return format;
  return fail(Errc::invalid,
              "\"" + std::string(text.substr(0, 40)) + "\" is no export format: use cloudevents, ndjson or csv.");
}

std::string as_utf8(std::string text) {
  if (simdjson::validate_utf8(text)) return text;
  std::string out;
  out.reserve(text.size() + 16);
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = sequence_at(text, i);
    out.append(length == 0 ? replacement : std::string_view(text).substr(i, length));
    i += std::max<std::size_t>(length, 1);
  }
  return out;
}

bool passes(const ExportFilter& filter, const Record& record) {
  const Envelope& e = record.envelope;
  if (filter.tenant && *filter.tenant != e.site.tenant) return false;
  if (filter.site && *filter.site != e.site.site) return false;
  if (!filter.from && !filter.to) return true;
  if (!record.is_readings()) return in_range(filter, e.occurred_at);
  const auto& at = record.readings().at;
  return std::any_of(at.begin(), at.end(), [&](Micros moment) { return in_range(filter, moment); });
}

std::span<const std::string_view> csv_columns() { return columns; }

std::string csv_header() {
  std::string out;
  for (const std::string_view column : columns) out.append(out.empty() ? "" : ",").append(column);
  return out;
}

std::string printable(std::string_view text) {
  std::string out(text);
  std::replace_if(
      out.begin(), out.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
  return as_utf8(std::move(out));
}

std::string csv_safe(std::string_view text) {
  std::string out = printable(text);
  const std::size_t first = out.find_first_not_of(' ');
  if (first != std::string::npos && std::string_view("=+-@'").find(out[first]) != std::string_view::npos)
    out.insert(0, "'");
  return out;
}

std::string csv_row(const std::vector<std::string>& cells) {
  std::string out;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) out += ',';
    const std::string cell = csv_safe(cells[i]);
    if (cell.find_first_of("\",") == std::string::npos) {
      out += cell;
      continue;
    }
    out += '"';
    for (const char c : cell) out.append(c == '"' ? 2 : 1, c);
    out += '"';
  }
  return out;
}

std::string export_line(ExportFormat format, const Record& record, const SealedBytes& sealed) {
  switch (format) {
    case ExportFormat::cloudevents: return cloud_line(record, sealed);
    case ExportFormat::ndjson: return plain_line(record, sealed);
    case ExportFormat::csv: return csv_line(record, sealed);
  }
  return {};
}

std::string export_note(ExportFormat format, std::string_view type, std::string_view id, std::string_view data) {
  if (format == ExportFormat::csv) {
    std::vector<std::string> cells(columns.size());
    cells[static_cast<std::size_t>(CsvColumn::type)] = type;
    cells[static_cast<std::size_t>(CsvColumn::data)] = data;
    return csv_row(cells);
  }
  JsonWriter json;
  json.begin_object();
  if (format == ExportFormat::cloudevents) {
    json.field("specversion", "1.0").field("id", id).field("source", "urn:heliograph:export");
    json.field("type", std::string(cloud_type_prefix).append(type).append(".v1"));
    json.field("datacontenttype", "application/json");
  } else {
    json.field("type", type);
  }
  json.key("data").raw(data).end_object();
  return json.take();
}

}  // namespace heliograph
