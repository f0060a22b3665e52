// One batch of readings: what devices of one site measured, column by column. A batch is built once, then
// shared and immutable; in the log it is one record, and reading i has position `base + i`.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "events/digest.hpp"
#include "events/ids.hpp"
#include "events/metric.hpp"
#include "events/result.hpp"
#include "events/time.hpp"

namespace heliograph {

/// Why a value is kept but never used by a decision.
enum class Quality : std::uint8_t {
  good = 0,
  implausible = 1,  // outside the metric's range, NaN, 0 V on a battery, a fallen counter
  jump = 2,         // changed faster than the thing can (state of charge)
  unreadable = 3,   // was no number: "85%", null where a number must be
};
std::string_view name(Quality quality);

/// A value that was measured but may not be used: its cell in the column is `missing`, the raw text is here.
struct Suspect {
  std::uint32_t row = 0;
  Metric metric{};
  Quality quality = Quality::implausible;
  std::string raw;  // at most 64 bytes, as it came
  bool operator==(const Suspect&) const = default;
};

struct Column {
  Metric metric{};
  std::vector<std::int64_t> values;  // one a row, `missing` where nothing was measured
  bool operator==(const Column&) const = default;
};

struct ReadingBatch {
  std::vector<DeviceId> devices;         // dictionary
  std::vector<std::uint32_t> device_of;  // one a row, index into `devices`
  std::vector<Micros> at;                // one a row: when it was true (source time; interval start for means)
  std::vector<Column> columns;           // ascending by metric
  std::vector<std::string> words;        // dictionary of the text columns
  std::vector<Suspect> suspects;         // ascending by row
  /// True for imported or buffered history: builds views, triggers nothing.
  bool historic = false;

  std::size_t size() const { return at.size(); }
  const Column* column(Metric metric) const;
  /// `missing` where there is no such column or no value.
  std::int64_t value(Metric metric, std::size_t row) const;
  bool operator==(const ReadingBatch&) const = default;
};
using ReadingsPtr = std::shared_ptr<const ReadingBatch>;

/// Largest batch: encode_readings requires it, decode_readings refuses more.
inline constexpr std::size_t batch_rows_max = 1'048'576;
inline constexpr std::size_t word_bytes_max = 255;
inline constexpr std::size_t raw_bytes_max = 64;

/// Lets a map with std::string keys be asked with a string_view, without making a string.
struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
};
template <class Value>
using TextMap = std::unordered_map<std::string, Value, TextHash, std::equal_to<>>;

/// What is known of each device of a batch, by its index in the dictionary. A fleet sends its devices in the same order again
/// and again: what was found for the batch before is compared, and looked up only where it is another device.
template <class Found>
class DeviceMemo {
 public:
  /// `look_up(name)` must answer the same for the same name for as long as the memo lives.
  template <class LookUp>
  std::span<const Found> resolve(const std::vector<DeviceId>& devices, const LookUp& look_up) {
    for (std::size_t i = 0; i < devices.size(); ++i) {
      if (i < names_.size() && names_[i] == devices[i].text) continue;
      names_.resize(std::max(names_.size(), i + 1));
      found_.resize(names_.size());
      found_[i] = look_up(devices[i].text);
      names_[i] = devices[i].text;
    }
    return std::span<const Found>(found_).first(devices.size());
  }

 private:
  std::vector<std::string> names_;
  std::vector<Found> found_;
};

/// Builds a batch row by row. Judges plausibility (metric range) on the way in: a value outside becomes a Suspect.
/// A metric that is set twice in one row keeps what came last.
class ReadingBuilder {
 public:
  void reserve(std::size_t rows);
  /// Starts a row. Requires: `device` is a valid id (checked at the door), fewer than batch_rows_max rows so far.
  void row(std::string_view device, Micros at);
  /// `missing` says nothing. A number for a text metric is unreadable.
  void set(Metric metric, std::int64_t value);
  /// A word for a numeric metric, or one longer than word_bytes_max, is unreadable.
  void set_text(Metric metric, std::string_view word);
  void suspect(Metric metric, Quality quality, std::string_view raw);
  void historic(bool yes) { batch_.historic = yes; }
  std::size_t size() const { return batch_.at.size(); }
  /// Hands over the batch and leaves the builder empty.
  ReadingBatch take();

 private:
  std::uint32_t device_index(std::string_view device);
  void put(Metric metric, std::int64_t value);
  void forget(Metric metric);  // what this row said about the metric before
  ReadingBatch batch_;
  std::array<std::uint8_t, metric_slots> slot_{};  // metric -> column + 1
  TextMap<std::uint32_t> devices_;
  TextMap<std::uint32_t> words_;
};

/// The batch as bytes (docs/LOG_FORMAT.md, "A readings block"): columns of bit-packed integers grouped by device,
/// zstd over all. Deterministic: equal batches give equal bytes.
/// Requires: columns ascending by metric and as long as `at`; dictionary indices in range; batch_rows_max.
std::string encode_readings(const ReadingBatch& batch);
/// Refuses (corrupt) anything that encode_readings cannot have written; never reads outside `bytes`.
Result<ReadingBatch> decode_readings(std::string_view bytes);

/// SHA-256 of what the batch says, whatever form its rows are kept in: neither the order of its dictionaries nor a column
/// without a value counts. The log seals this (docs/LOG_FORMAT.md, "What a batch says").
/// Requires: columns as long as `at`; dictionary indices in range.
Digest content_of(const ReadingBatch& batch);

/// A batch ready for the log. Made before the log's lock is taken.
struct PackedReadings {
  std::string bytes;  // encode_readings; empty = not packed yet
  Digest content{};
};
PackedReadings pack_readings(const ReadingBatch& batch);

}  // namespace heliograph
