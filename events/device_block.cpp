#include "events/device_block.hpp"

#include <algorithm>

#include "events/cells.hpp"
#include "events/column_loops.hpp"
#include "events/columns.hpp"

namespace heliograph {
namespace {

constexpr std::uint8_t plain_flag = 1;

tl::unexpected<Error> damaged() {
  return fail(Errc::corrupt, "A block of readings is damaged: run heliograph verify, and restore a backup.");
}

bool is_plain(const DeviceRows& rows) {
  if (std::adjacent_find(rows.at.begin(), rows.at.end(), std::greater_equal<>()) != rows.at.end()) return false;
  const auto said = rows_that_say(rows.columns, rows.at.size());
  return std::find(said.begin(), said.end(), 0) == said.end();
}

}  // namespace

std::string encode_block(const DeviceRows& rows) {
  ensure(!rows.at.empty(), "a block has rows", "encode_block");
  std::string sizes, parts, extremes, out;
  std::vector<std::int64_t> relative(rows.at.size());
  const auto add = [&](std::span<const std::int64_t> values) {
    const std::size_t before = parts.size();
    encode_column_tight(values, parts);
    put_varint(parts.size() - before, sizes);
  };
  for (std::size_t row = 0; row < relative.size(); ++row) relative[row] = wrapping_difference(rows.at[row], rows.at[0]);
  add(relative);
  for (std::size_t row = 0; row < relative.size(); ++row) relative[row] = static_cast<std::int64_t>(rows.positions[row] - rows.positions[0]);
  add(relative);
  std::uint64_t metrics = 0;
  for (const auto& column : rows.columns) {
    metrics |= 1ull << static_cast<unsigned>(column.metric);
    if (info(column.metric).kind == Kind::text) {
      put_varint(column.words.size(), extremes);
      for (const std::string& word : column.words) put_text(word, extremes);
    } else {
      const column_loops::Range found = column_loops::range_of_present(column.values);
      put_varint(zigzag(found.min), extremes);
      put_varint(static_cast<std::uint64_t>(found.max) - static_cast<std::uint64_t>(found.min), extremes);
    }
    add(column.values);
  }
  out.push_back(static_cast<char>(is_plain(rows) ? plain_flag : 0));
  put_varint(rows.at.size(), out);
  put_varint(zigzag(rows.at.front()), out);
  put_varint(static_cast<std::uint64_t>(rows.at.back()) - static_cast<std::uint64_t>(rows.at.front()), out);
  put_varint(rows.positions.front(), out);
  put_varint(metrics, out);
  return out + extremes + sizes + parts;
}

Result<DeviceBlock> DeviceBlock::open(std::string bytes) {
  DeviceBlock block;
  block.bytes_ = std::move(bytes);
  if (!block.read_header()) return damaged();
  return block;
}

bool DeviceBlock::read_header() {
  std::string_view left = bytes_;
  const auto take = [&left](std::uint64_t& out) {
    const auto number = take_varint(left);
    if (number) out = *number;
    return number.has_value();
  };
  if (left.empty() || static_cast<std::uint8_t>(left[0]) > plain_flag) return false;
  plain_ = left[0] == static_cast<char>(plain_flag);
  left.remove_prefix(1);
  std::uint64_t count = 0, first = 0, span = 0, position = 0, metrics = 0;
  if (!take(count) || !take(first) || !take(span) || !take(position) || !take(metrics)) return false;
  if (count == 0 || count > batch_rows_max || metrics >> metric_slots != 0 || (metrics & 1) != 0) return false;
  count_ = count;
  first_at_ = unzigzag(first);
  last_at_ = wrapping_sum(first_at_, static_cast<std::int64_t>(span));
  if (last_at_ < first_at_) return false;
  first_position_ = position;
  std::vector<Part*> order{&times_, &positions_};
  for (std::size_t metric = 1; metric < metric_slots; ++metric) {
    if ((metrics >> metric & 1) == 0) continue;
    if (!read_extremes(left, parts_[metric], static_cast<Metric>(metric))) return false;
    order.push_back(&parts_[metric]);
  }
  for (Part* part : order) {
    std::uint64_t size = 0;
    if (!take(size) || size == 0 || size > bytes_.size()) return false;
    part->size = size;
  }
  std::size_t offset = bytes_.size() - left.size();
  for (Part* part : order) {
    part->offset = offset;
    offset += part->size;
  }
  return offset == bytes_.size();
}

bool DeviceBlock::read_extremes(std::string_view& left, Part& part, Metric metric) {
  const auto first = take_varint(left);
  if (!first) return false;
  if (info(metric).kind != Kind::text) {
    const auto width = take_varint(left);
    if (!width) return false;
    part.min = unzigzag(*first);
    part.max = wrapping_sum(part.min, static_cast<std::int64_t>(*width));
    return true;
  }
  if (*first == 0 || *first > count_) return false;
  for (std::uint64_t i = 0; i < *first; ++i) {
    const auto word = take_text(left);
    if (!word || word->size() > word_bytes_max) return false;
    part.words.emplace_back(*word);
  }
  part.max = static_cast<std::int64_t>(*first) - 1;
  return true;
}

Result<std::vector<std::int64_t>> DeviceBlock::decode(const Part& part) const {
  std::string_view bytes = std::string_view(bytes_).substr(part.offset, part.size);
  std::vector<std::int64_t> values;
  if (!decode_column(bytes, count_, values) || !bytes.empty()) return damaged();
  return values;
}

Result<std::vector<Micros>> DeviceBlock::at() const {
  auto times = decode(times_);
  if (!times) return times;
  for (Micros& moment : *times) moment = wrapping_sum(moment, first_at_);
  if (!std::is_sorted(times->begin(), times->end()) || times->front() != first_at_ || times->back() != last_at_) return damaged();
  return times;
}

Result<std::vector<Position>> DeviceBlock::positions() const {
  const auto steps = decode(positions_);
  if (!steps) return fail(steps.error());
  std::vector<Position> positions(count_);
  for (std::size_t row = 0; row < count_; ++row) positions[row] = first_position_ + static_cast<Position>((*steps)[row]);
  return positions;
}

Result<std::vector<std::int64_t>> DeviceBlock::values(Metric metric) const {
  auto values = decode(part(metric));
  if (!values || info(metric).kind != Kind::text) return values;
  const auto words = static_cast<std::int64_t>(part(metric).words.size());
  for (const std::int64_t word : *values)
    if (word != missing && (word < 0 || word >= words)) return damaged();
  return values;
}

}  // namespace heliograph
