#include "api/import/report.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "events/json.hpp"

namespace heliograph {
namespace {

constexpr std::size_t lines_kept = 5;

std::string short_number(double d) {
  char text[40];
  const int n = std::snprintf(text, sizeof text, "%.10g", d);
  return {text, static_cast<std::size_t>(n)};
}

void write_gap(JsonWriter& json, const GapInTime& gap) {
  json.begin_object().key("from").time(gap.from).key("to").time(gap.to).field("rows", gap.rows).end_object();
}

void write_texts(JsonWriter& json, std::string_view key, const std::vector<std::string>& texts) {
  json.key(key).begin_array();
  for (const auto& text : texts) json.string(text);
  json.end_array();
}

void write_column(JsonWriter& json, const ColumnReport& c) {
  json.begin_object().field("column", c.column).field("device", c.device).field("metric", c.metric).field("unit", c.unit);
  json.field("values", c.values).field("missing", c.missing).field("unreadable", c.unreadable).field("implausible", c.implausible);
  json.field("sum", c.sum).field("stored_sum", c.stored_sum).field("rounded", c.rounded);
  if (c.rollovers != 0) json.field("rollovers", c.rollovers);
  if (c.resets != 0) json.field("resets", c.resets);
  if (!c.notes.empty()) write_texts(json, "notes", c.notes);
  json.end_object();
}

std::string line_list(const DroppedRows& d) {
  if (d.lines.empty()) return {};
  std::string text = d.rows == 1 ? " (line " : " (lines ";
  for (std::size_t i = 0; i < d.lines.size(); ++i) text.append(i == 0 ? "" : ", ").append(std::to_string(d.lines[i]));
  return text + (d.rows > d.lines.size() ? ", ...)" : ")");
}

std::string column_text(const ColumnReport& c) {
  std::string text = "  " + c.column + " -> " + c.device + " " + c.metric + ": " + std::to_string(c.values) + " values";
  const auto count = [&text](std::uint64_t n, const char* what) {
    if (n != 0) text.append(", ").append(std::to_string(n)).append(" ").append(what);
  };
  count(c.missing, "missing");
  count(c.unreadable, "unreadable");
  count(c.implausible, "implausible");
  count(c.rollovers, "rollovers");
  count(c.resets, "resets");
  if (c.summable) {
    text += ", sum " + short_number(c.sum) + " " + c.unit;
    if (c.rounded != 0)
      text += " (stored as " + short_number(c.stored_sum) + ": whole W round " + std::to_string(c.rounded) + " values)";
  }
  text += "\n";
  for (const auto& note : c.notes) text += "    " + note + "\n";
  return text;
}

}  // namespace

std::uint64_t ImportReport::rows_dropped() const {
  std::uint64_t total = 0;
  for (const auto& d : dropped) total += d.rows;
  return total;
}

void ImportReport::drop(const std::string& reason, std::uint64_t line) {
  auto found = std::find_if(dropped.begin(), dropped.end(), [&](const DroppedRows& d) { return d.reason == reason; });
  if (found == dropped.end()) found = dropped.insert(dropped.end(), DroppedRows{reason, 0, {}});
  ++found->rows;
  if (found->lines.size() < lines_kept) found->lines.push_back(line);
}

std::string to_json(const ImportReport& r) {
  JsonWriter json;
  json.begin_object().field("file", r.file).field("sha256", r.sha256).field("preset", r.preset);
  json.field("encoding", r.encoding).field("separator", r.separator).field("gzip", r.packed);
  json.field("rows_read", r.rows_read).field("rows_kept", r.rows_kept).field("rows_dropped", r.rows_dropped());
  json.field("readings", r.readings);
  json.key("dropped").begin_array();
  for (const auto& d : r.dropped) {
    json.begin_object().field("reason", d.reason).field("rows", d.rows).key("lines").begin_array();
    for (const auto line : d.lines) json.unsigned_integer(line);
    json.end_array().end_object();
  }
  json.end_array();
  json.key("duplicates").begin_object().field("equal", r.duplicates_equal).field("different", r.duplicates_different).end_object();
  json.field("out_of_order", r.out_of_order).field("repeated_hour_rows", r.repeated_hour_rows);
  json.key("gaps").begin_object().field("count", r.gaps).field("rows_missing", r.rows_missing).key("longest");
  if (r.longest_gap) write_gap(json, *r.longest_gap);
  else json.null();
  json.key("first").begin_array();
  for (const auto& gap : r.first_gaps) write_gap(json, gap);
  json.end_array().end_object();
  json.key("first");
  r.first ? json.time(*r.first) : json.null();
  json.key("last");
  r.last ? json.time(*r.last) : json.null();
  json.key("columns").begin_array();
  for (const auto& c : r.columns) write_column(json, c);
  json.end_array();
  write_texts(json, "ignored", r.ignored);
  write_texts(json, "warnings", r.warnings);
  json.key("devices").begin_array();
  for (const auto& d : r.devices) json.begin_object().field("id", d.device.text).field("kind", name(d.kind)).field("name", d.name).end_object();
  json.end_array().end_object();
  return json.take();
}

std::string to_text(const ImportReport& r) {
  std::string text = r.file + ": " + std::to_string(r.rows_read) + " rows read, " + std::to_string(r.rows_kept) + " kept, " +
                     std::to_string(r.rows_dropped()) + " dropped; " + std::to_string(r.readings) + " readings";
  if (r.first && r.last) text += " from " + format_time(*r.first) + " to " + format_time(*r.last);
  text += "\n";
  for (const auto& d : r.dropped) text += "  dropped " + std::to_string(d.rows) + ": " + d.reason + line_list(d) + "\n";
  if (r.gaps != 0) {
    text += "  " + std::to_string(r.gaps) + " gaps, " + std::to_string(r.rows_missing) + " rows missing";
    if (r.longest_gap) text += "; the longest from " + format_time(r.longest_gap->from) + " to " + format_time(r.longest_gap->to);
    text += "\n";
  }
  for (const auto& c : r.columns) text += column_text(c);
  if (!r.ignored.empty()) {
    text += "  not used:";
    for (const auto& name : r.ignored) text += " " + name;
    text += "\n";
  }
  for (const auto& warning : r.warnings) text += "  note: " + warning + "\n";
  return text;
}

}  // namespace heliograph
