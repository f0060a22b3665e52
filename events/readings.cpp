#include "events/readings.hpp"

#include <algorithm>
#include <limits>

#include "events/cells.hpp"

namespace heliograph {

std::string_view name(Quality quality) {
  switch (quality) {
    case Quality::good: return "good";
    case Quality::implausible: return "implausible";
    case Quality::jump: return "jump";
    case Quality::unreadable: return "unreadable";
  }
  return "unknown";
}

const Column* ReadingBatch::column(Metric metric) const {
  const auto found = std::lower_bound(columns.begin(), columns.end(), metric,
                                      [](const Column& column, Metric wanted) { return column.metric < wanted; });
  return found != columns.end() && found->metric == metric ? &*found : nullptr;
}

std::int64_t ReadingBatch::value(Metric metric, std::size_t row) const {
  const Column* found = column(metric);
  return found ? found->values[row] : missing;
}

namespace {

/// The first raw_bytes_max bytes, without cutting a UTF-8 character in two.
std::string_view shortened(std::string_view raw) {
  if (raw.size() <= raw_bytes_max) return raw;
  std::size_t end = raw_bytes_max;
  while (end > 0 && (static_cast<std::uint8_t>(raw[end]) & 0xc0) == 0x80) --end;
  return raw.substr(0, end > 0 ? end : raw_bytes_max);
}

}  // namespace

void ReadingBuilder::reserve(std::size_t rows) {
  batch_.at.reserve(rows);
  batch_.device_of.reserve(rows);
}

std::uint32_t ReadingBuilder::device_index(std::string_view device) {
  // Rows of one device often come together: then no hash is needed.
  if (!batch_.device_of.empty() && batch_.devices[batch_.device_of.back()].text == device)
    return batch_.device_of.back();
  if (const auto found = devices_.find(device); found != devices_.end()) return found->second;
  const auto index = static_cast<std::uint32_t>(batch_.devices.size());
  batch_.devices.push_back(DeviceId{std::string(device)});
  devices_.emplace(device, index);
  return index;
}

void ReadingBuilder::row(std::string_view device, Micros at) {
  ensure(batch_.at.size() < batch_rows_max, "a batch holds at most 1,048,576 rows", "ReadingBuilder::row");
  batch_.device_of.push_back(device_index(device));
  batch_.at.push_back(at);
}

void ReadingBuilder::put(Metric metric, std::int64_t value) {
  auto& slot = slot_[static_cast<std::size_t>(metric)];
  if (slot == 0) {
    batch_.columns.push_back(Column{metric, {}});
    batch_.columns.back().values.reserve(batch_.at.capacity());
    slot = static_cast<std::uint8_t>(batch_.columns.size());
  }
  auto& values = batch_.columns[slot - 1u].values;
  const std::size_t row = batch_.at.size() - 1;
  if (values.size() == row) {
    values.push_back(value);
  } else {  // shorter: rows without this metric came between; longer: the row said it before
    values.resize(row + 1, missing);
    values[row] = value;
  }
}

void ReadingBuilder::forget(Metric metric) {
  const auto row = static_cast<std::uint32_t>(batch_.at.size() - 1);
  auto& suspects = batch_.suspects;
  auto first = suspects.end();
  while (first != suspects.begin() && std::prev(first)->row == row) --first;
  suspects.erase(std::remove_if(first, suspects.end(), [&](const Suspect& s) { return s.metric == metric; }),
                 suspects.end());
}

void ReadingBuilder::set(Metric metric, std::int64_t value) {
  if (value == missing) return;
  const MetricInfo& about = info(metric);
  if (about.kind == Kind::text) return suspect(metric, Quality::unreadable, std::to_string(value));
  if (value < about.min || value > about.max) return suspect(metric, Quality::implausible, std::to_string(value));
  if (!batch_.suspects.empty()) forget(metric);
  put(metric, value);
}

void ReadingBuilder::set_text(Metric metric, std::string_view word) {
  if (info(metric).kind != Kind::text || word.size() > word_bytes_max)
    return suspect(metric, Quality::unreadable, word);
  auto found = words_.find(word);
  if (found == words_.end()) {
    found = words_.emplace(word, static_cast<std::uint32_t>(batch_.words.size())).first;
    batch_.words.emplace_back(word);
  }
  if (!batch_.suspects.empty()) forget(metric);
  put(metric, found->second);
}

void ReadingBuilder::suspect(Metric metric, Quality quality, std::string_view raw) {
  forget(metric);
  const auto slot = slot_[static_cast<std::size_t>(metric)];
  if (slot != 0 && batch_.columns[slot - 1u].values.size() == batch_.at.size())
    batch_.columns[slot - 1u].values.back() = missing;
  batch_.suspects.push_back(
      Suspect{static_cast<std::uint32_t>(batch_.at.size() - 1), metric, quality, std::string(shortened(raw))});
}

ReadingBatch ReadingBuilder::take() {
  for (Column& column : batch_.columns) column.values.resize(batch_.at.size(), missing);
  std::erase_if(batch_.columns, [](const Column& column) { return !says_something(column.values); });
  std::sort(batch_.columns.begin(), batch_.columns.end(),
            [](const Column& a, const Column& b) { return a.metric < b.metric; });
  ReadingBatch done = std::move(batch_);
  batch_ = {};
  slot_ = {};
  devices_.clear();
  words_.clear();
  return done;
}

}  // namespace heliograph
