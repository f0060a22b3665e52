// What a batch says, as one digest, whatever form its rows are kept in (docs/LOG_FORMAT.md, "What a batch says"). Numbers are
// little-endian, so that on the machines that we run on a column is hashed where it lies.
#include <algorithm>
#include <bit>
#include <cstring>

#include "events/readings.hpp"

namespace heliograph {
namespace {

template <class Number>
void add(Hasher& hasher, const std::vector<Number>& numbers) {
  static_assert(std::endian::native == std::endian::little, "numbers are hashed as they lie in memory");
  hasher.add({reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(Number)});
}
template <class Number>
void add(Hasher& hasher, Number number) {
  char bytes[sizeof(Number)];
  std::memcpy(bytes, &number, sizeof(Number));
  hasher.add({bytes, sizeof(Number)});
}
void add_text(Hasher& hasher, std::string_view text) {
  add(hasher, static_cast<std::uint32_t>(text.size()));
  hasher.add(text);
}

/// Numbers in the order in which `each` first meets them; answers which of the old ones came, in that order.
template <class Number>
std::vector<std::size_t> number_anew(std::vector<Number>& cells, std::size_t known, Number none) {
  std::vector<Number> fresh(known, none);
  std::vector<std::size_t> met;
  for (Number& cell : cells) {
    if (cell == none) continue;
    const auto old = static_cast<std::size_t>(cell);
    if (fresh[old] == none) {
      fresh[old] = static_cast<Number>(met.size());
      met.push_back(old);
    }
    cell = fresh[old];
  }
  return met;
}

void add_devices(Hasher& hasher, const ReadingBatch& batch) {
  std::vector<std::uint32_t> numbers = batch.device_of;
  const auto met = number_anew(numbers, batch.devices.size(), ~std::uint32_t{0});
  add(hasher, static_cast<std::uint32_t>(met.size()));
  for (const std::size_t device : met) add_text(hasher, batch.devices[device].text);
  add(hasher, numbers);
}

void add_column(Hasher& hasher, const ReadingBatch& batch, const Column& column) {
  add(hasher, static_cast<std::uint8_t>(column.metric));
  if (info(column.metric).kind != Kind::text) return add(hasher, column.values);
  std::vector<std::int64_t> numbers = column.values;
  const auto met = number_anew(numbers, batch.words.size(), missing);
  add(hasher, static_cast<std::uint32_t>(met.size()));
  for (const std::size_t word : met) add_text(hasher, batch.words[word]);
  add(hasher, numbers);
}

}  // namespace

bool says_something(const Column& column) {
  return std::any_of(column.values.begin(), column.values.end(), [](std::int64_t value) { return value != missing; });
}

Digest content_of(const ReadingBatch& batch) {
  Hasher hasher;
  add(hasher, static_cast<std::uint32_t>(batch.size()));
  add(hasher, static_cast<std::uint8_t>(batch.historic ? 1 : 0));
  add_devices(hasher, batch);
  add(hasher, batch.at);
  const auto columns = std::count_if(batch.columns.begin(), batch.columns.end(), says_something);
  add(hasher, static_cast<std::uint8_t>(columns));
  for (const Column& column : batch.columns)
    if (says_something(column)) add_column(hasher, batch, column);
  add(hasher, static_cast<std::uint32_t>(batch.suspects.size()));
  for (const Suspect& suspect : batch.suspects) {
    add(hasher, suspect.row);
    add(hasher, static_cast<std::uint8_t>(suspect.metric));
    add(hasher, static_cast<std::uint8_t>(suspect.quality));
    add_text(hasher, suspect.raw);
  }
  return hasher.finish();
}

PackedReadings pack_readings(const ReadingBatch& batch) { return {encode_readings(batch), content_of(batch)}; }

}  // namespace heliograph
