// A readings batch as bytes: [format] [bare, or zstd of: rows, flags, devices, words, device column, time column, columns,
// suspects]. Values are stored grouped by device, so that neighbours are alike; the row order comes back from the
// device column. docs/LOG_FORMAT.md, "A readings block".
#include <algorithm>
#include <numeric>

#include "events/columns.hpp"
#include "events/readings.hpp"

namespace heliograph {
namespace {

constexpr char format_squeezed = 1, format_bare = 2;
// Below this a zstd frame costs more than it saves, and setting up the compressor more than all the rest.
constexpr std::size_t worth_squeezing = 256;
constexpr int level = 1;
// Every column at its widest, the dictionaries and the suspects of the largest batch stay below this.
constexpr std::size_t raw_bytes_limit = 512u << 20;
constexpr std::uint8_t historic_flag = 1;

using Values = std::vector<std::int64_t>;
using Order = std::vector<std::uint32_t>;  // place when grouped by device -> row; empty = rows are grouped already

tl::unexpected<Error> damaged(const char* what) {
  return fail(Errc::corrupt, std::string("A readings batch is damaged (") + what + "): run heliograph verify.");
}

Order grouped_order(const std::vector<std::uint32_t>& device_of, std::size_t devices) {
  if (std::is_sorted(device_of.begin(), device_of.end())) return {};
  std::vector<std::uint32_t> next(devices + 1, 0);
  for (const std::uint32_t device : device_of) ++next[device + 1];
  std::partial_sum(next.begin(), next.end(), next.begin());
  Order order(device_of.size());
  for (std::size_t row = 0; row < device_of.size(); ++row)
    order[next[device_of[row]]++] = static_cast<std::uint32_t>(row);
  return order;
}

void put_values(std::span<const std::int64_t> values, const Order& order, Values& scratch, std::string& out) {
  if (order.empty()) return encode_column(values, out);
  scratch.resize(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) scratch[i] = values[order[i]];
  encode_column(scratch, out);
}

Status take_values(std::string_view& bytes, const Order& order, std::size_t rows, Values& scratch, Values& out) {
  if (order.empty()) return decode_column(bytes, rows, out);
  if (auto status = decode_column(bytes, rows, scratch); !status) return status;
  out.resize(rows);
  for (std::size_t i = 0; i < order.size(); ++i) out[order[i]] = scratch[i];
  return {};
}

void check(const ReadingBatch& batch) {
  const char* where = "encode_readings";
  ensure(batch.size() <= batch_rows_max, "a batch holds at most 1,048,576 rows", where);
  ensure(batch.device_of.size() == batch.size(), "every row has a device", where);
  for (const std::uint32_t device : batch.device_of) ensure(device < batch.devices.size(), "a device is known", where);
  for (std::size_t i = 0; i < batch.columns.size(); ++i) {
    const Column& column = batch.columns[i];
    ensure(column.values.size() == batch.size(), "a column has a cell for every row", where);
    ensure(i == 0 || batch.columns[i - 1].metric < column.metric, "columns ascend by metric", where);
    if (info(column.metric).kind != Kind::text) continue;
    for (const std::int64_t word : column.values)
      ensure(word == missing || (word >= 0 && word < static_cast<std::int64_t>(batch.words.size())), "a word is known",
             where);
  }
}

void put_suspects(const ReadingBatch& batch, std::string& out) {
  put_varint(batch.suspects.size(), out);
  std::uint32_t before = 0;
  for (const Suspect& suspect : batch.suspects) {
    ensure(suspect.row >= before && suspect.row < batch.size(), "suspects ascend by row", "encode_readings");
    ensure(suspect.raw.size() <= raw_bytes_max, "a suspect's text is at most 64 bytes", "encode_readings");
    put_varint(suspect.row - before, out);
    before = suspect.row;
    out.push_back(static_cast<char>(suspect.metric));
    out.push_back(static_cast<char>(suspect.quality));
    put_text(suspect.raw, out);
  }
}

Result<std::uint8_t> take_byte(std::string_view& bytes) {
  if (bytes.empty()) return damaged("it is cut off");
  const auto byte = static_cast<std::uint8_t>(bytes[0]);
  bytes.remove_prefix(1);
  return byte;
}

Result<Metric> take_metric(std::string_view& bytes) {
  const auto number = take_byte(bytes);
  if (!number) return fail(number.error());
  if (*number == 0 || *number >= metric_slots)
    return fail(Errc::unsupported, "A readings batch holds a metric that this build does not know: upgrade first.");
  return static_cast<Metric>(*number);
}

/// A count of things that take at least one byte each.
Result<std::size_t> take_count(std::string_view& bytes) {
  const auto count = take_varint(bytes);
  if (!count) return fail(count.error());
  if (*count > bytes.size()) return damaged("a count is too large");
  return static_cast<std::size_t>(*count);
}

Status take_dictionaries(std::string_view& bytes, ReadingBatch& batch) {
  const auto devices = take_count(bytes);
  if (!devices) return fail(devices.error());
  for (std::size_t i = 0; i < *devices; ++i) {
    const auto text = take_text(bytes);
    if (!text) return fail(text.error());
    if (!is_id(*text)) return damaged("a device's name is no id");
    batch.devices.push_back(DeviceId{std::string(*text)});
  }
  const auto words = take_count(bytes);
  if (!words) return fail(words.error());
  for (std::size_t i = 0; i < *words; ++i) {
    const auto text = take_text(bytes);
    if (!text) return fail(text.error());
    if (text->size() > word_bytes_max) return damaged("a word is too long");
    batch.words.emplace_back(*text);
  }
  return {};
}

Status take_device_of(std::string_view& bytes, std::size_t rows, ReadingBatch& batch, Values& scratch) {
  if (auto status = decode_column(bytes, rows, scratch); !status) return status;
  batch.device_of.resize(rows);
  for (std::size_t row = 0; row < rows; ++row) {
    if (scratch[row] < 0 || scratch[row] >= static_cast<std::int64_t>(batch.devices.size()))
      return damaged("a row has no device");
    batch.device_of[row] = static_cast<std::uint32_t>(scratch[row]);
  }
  return {};
}

Status take_columns(std::string_view& bytes, const Order& order, ReadingBatch& batch, Values& scratch) {
  const auto count = take_count(bytes);
  if (!count) return fail(count.error());
  for (std::size_t i = 0; i < *count; ++i) {
    const auto metric = take_metric(bytes);
    if (!metric) return fail(metric.error());
    if (i > 0 && batch.columns.back().metric >= *metric) return damaged("columns are out of order");
    Column& column = batch.columns.emplace_back(Column{*metric, {}});
    if (auto status = take_values(bytes, order, batch.size(), scratch, column.values); !status) return status;
    if (info(*metric).kind != Kind::text) continue;
    for (const std::int64_t word : column.values)
      if (word != missing && (word < 0 || word >= static_cast<std::int64_t>(batch.words.size())))
        return damaged("a word is not in the dictionary");
  }
  return {};
}

Status take_suspects(std::string_view& bytes, ReadingBatch& batch) {
  const auto count = take_count(bytes);
  if (!count) return fail(count.error());
  std::uint64_t row = 0;
  for (std::size_t i = 0; i < *count; ++i) {
    const auto step = take_varint(bytes);
    if (!step) return fail(step.error());
    const auto metric = take_metric(bytes);
    if (!metric) return fail(metric.error());
    const auto quality = take_byte(bytes);
    if (!quality) return fail(quality.error());
    const auto raw = take_text(bytes);
    if (!raw) return fail(raw.error());
    if (*step >= batch.size() || (row += *step) >= batch.size()) return damaged("a suspect has no row");
    if (*quality > static_cast<std::uint8_t>(Quality::unreadable) || raw->size() > raw_bytes_max)
      return damaged("a suspect makes no sense");
    batch.suspects.push_back(
        Suspect{static_cast<std::uint32_t>(row), *metric, static_cast<Quality>(*quality), std::string(*raw)});
  }
  return {};
}

}  // namespace

std::string encode_readings(const ReadingBatch& batch) {
  check(batch);
  std::string raw;
  raw.reserve(1024 + batch.size() * (batch.columns.size() + 1) * 2);
  put_varint(batch.size(), raw);
  raw.push_back(static_cast<char>(batch.historic ? historic_flag : 0));
  put_varint(batch.devices.size(), raw);
  for (const DeviceId& device : batch.devices) put_text(device.text, raw);
  put_varint(batch.words.size(), raw);
  for (const std::string& word : batch.words) put_text(word, raw);

  Values scratch(batch.device_of.begin(), batch.device_of.end());
  encode_column(scratch, raw);
  const Order order = grouped_order(batch.device_of, batch.devices.size());
  put_values(batch.at, order, scratch, raw);
  put_varint(batch.columns.size(), raw);
  for (const Column& column : batch.columns) {
    raw.push_back(static_cast<char>(column.metric));
    put_values(column.values, order, scratch, raw);
  }
  put_suspects(batch, raw);
  ensure(raw.size() <= raw_bytes_limit, "a batch stays below 512 MiB", "encode_readings");
  if (raw.size() < worth_squeezing) return std::string(1, format_bare) + raw;
  return std::string(1, format_squeezed) + compress(raw, level);
}

Result<ReadingBatch> decode_readings(std::string_view bytes) {
  if (bytes.empty()) return damaged("it is empty");
  const char format = bytes[0];
  if (format != format_squeezed && format != format_bare)
    return fail(Errc::unsupported, "A readings batch was written by a newer Heliograph: upgrade first.");
  bytes.remove_prefix(1);
  Result<std::string> raw;
  if (format == format_squeezed) raw = decompress(bytes, raw_bytes_limit);
  if (!raw) return fail(raw.error());
  std::string_view left = format == format_squeezed ? std::string_view(*raw) : bytes;
  const auto rows = take_varint(left);
  if (!rows) return fail(rows.error());
  if (*rows > batch_rows_max) return damaged("more than 1,048,576 rows");
  const auto flags = take_byte(left);
  if (!flags) return fail(flags.error());
  if (*flags > historic_flag) return damaged("unknown flags");

  ReadingBatch batch;
  Values scratch;
  batch.historic = *flags == historic_flag;
  if (auto status = take_dictionaries(left, batch); !status) return fail(status.error());
  if (auto status = take_device_of(left, *rows, batch, scratch); !status) return fail(status.error());
  const Order order = grouped_order(batch.device_of, batch.devices.size());
  if (auto status = take_values(left, order, *rows, scratch, batch.at); !status) return fail(status.error());
  if (auto status = take_columns(left, order, batch, scratch); !status) return fail(status.error());
  if (auto status = take_suspects(left, batch); !status) return fail(status.error());
  if (!left.empty()) return damaged("bytes are left over");
  return batch;
}

}  // namespace heliograph
