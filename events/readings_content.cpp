// What a batch says, as one digest, whatever form its rows are kept in (docs/LOG_FORMAT.md, "What a batch says"). Numbers are
// little-endian, so that on the machines that we run on a column is hashed where it lies.
#include <algorithm>
#include <bit>
#include <cstring>

#include "events/cells.hpp"
#include "events/readings.hpp"

namespace heliograph {
namespace {

/// Short pieces are hashed together: a call of the library costs more than the bytes of one.
class Feed {
 public:
  void bytes(std::string_view bytes) {
    if (bytes.size() > long_piece) {
      flush();
      return hasher_.add(bytes);
    }
    if (gathered_.size() + bytes.size() > gathered_most) flush();
    gathered_.append(bytes);
  }
  template <class Number>
  void numbers(const std::vector<Number>& numbers) {
    static_assert(std::endian::native == std::endian::little, "numbers are hashed as they lie in memory");
    bytes({reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(Number)});
  }
  template <class Number>
  void number(Number number) {
    char raw[sizeof(Number)];
    std::memcpy(raw, &number, sizeof(Number));
    bytes({raw, sizeof(Number)});
  }
  void text(std::string_view text) {
    number(static_cast<std::uint32_t>(text.size()));
    bytes(text);
  }
  Digest finish() {
    flush();
    return hasher_.finish();
  }

 private:
  static constexpr std::size_t long_piece = 512, gathered_most = 4096;
  void flush() {
    hasher_.add(gathered_);
    gathered_.clear();
  }
  Hasher hasher_;
  std::string gathered_;
};

/// Numbers the cells anew in the order in which they first say something; answers which of the old numbers came, in that order.
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

void add_devices(Feed& feed, const ReadingBatch& batch) {
  std::vector<std::uint32_t> numbers = batch.device_of;
  const auto met = number_anew(numbers, batch.devices.size(), ~std::uint32_t{0});
  feed.number(static_cast<std::uint32_t>(met.size()));
  for (const std::size_t device : met) feed.text(batch.devices[device].text);
  feed.numbers(numbers);
}

void add_column(Feed& feed, const ReadingBatch& batch, const Column& column) {
  feed.number(static_cast<std::uint8_t>(column.metric));
  if (info(column.metric).kind != Kind::text) return feed.numbers(column.values);
  std::vector<std::int64_t> numbers = column.values;
  const auto met = number_anew(numbers, batch.words.size(), missing);
  feed.number(static_cast<std::uint32_t>(met.size()));
  for (const std::size_t word : met) feed.text(batch.words[word]);
  feed.numbers(numbers);
}

}  // namespace

Digest content_of(const ReadingBatch& batch) {
  Feed feed;
  feed.number(static_cast<std::uint32_t>(batch.size()));
  feed.number(static_cast<std::uint8_t>(batch.historic ? 1 : 0));
  add_devices(feed, batch);
  feed.numbers(batch.at);
  const auto said = [](const Column& column) { return says_something(column.values); };
  const auto columns = std::count_if(batch.columns.begin(), batch.columns.end(), said);
  feed.number(static_cast<std::uint8_t>(columns));
  for (const Column& column : batch.columns)
    if (said(column)) add_column(feed, batch, column);
  feed.number(static_cast<std::uint32_t>(batch.suspects.size()));
  for (const Suspect& suspect : batch.suspects) {
    feed.number(suspect.row);
    feed.number(static_cast<std::uint8_t>(suspect.metric));
    feed.number(static_cast<std::uint8_t>(suspect.quality));
    feed.text(suspect.raw);
  }
  return feed.finish();
}

PackedReadings pack_readings(const ReadingBatch& batch) { return {encode_readings(batch), content_of(batch)}; }

}  // namespace heliograph
