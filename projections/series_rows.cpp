#include "projections/series_rows.hpp"

#include <algorithm>
#include <bit>
#include <functional>

#include "events/cells.hpp"
#include "events/columns.hpp"

namespace heliograph {
namespace {

constexpr std::size_t rows_limit = 1u << 20;  // damaged bytes ask for no more memory

/// Doubling would leave a device with room for 1,024 rows where some 720 come, in every node of a fleet.
template <class Vector>
void make_room(Vector& vector, std::size_t more) {
  constexpr std::size_t doubles_until = 256, step = 120;
  const std::size_t size = vector.size() + more;
  if (size > vector.capacity() && size > doubles_until) vector.reserve((size + step - 1) / step * step);
}

template <class Vector>
Vector copied(const Vector& vector, std::size_t from, std::size_t to) {
  return {vector.begin() + static_cast<std::ptrdiff_t>(from), vector.begin() + static_cast<std::ptrdiff_t>(to)};
}

}  // namespace

BatchColumns::BatchColumns(const ReadingBatch& batch, Position first, std::vector<std::int64_t> numbers)
    : at(batch.at.data()), base(first), words(std::move(numbers)) {
  for (const Column& column : batch.columns) {
    columns[static_cast<std::size_t>(column.metric)] = column.values.data();
    metrics |= 1u << static_cast<unsigned>(column.metric);
    if (info(column.metric).kind == Kind::text) texts |= 1u << static_cast<unsigned>(column.metric);
  }
}

const Column* Rows::column(Metric metric) const {
  const auto slot = slot_[static_cast<std::size_t>(metric)];
  return slot == 0 ? nullptr : &columns_[slot - 1u];
}

std::vector<std::int64_t>& Rows::cells_of(Metric metric) {
  auto& slot = slot_[static_cast<std::size_t>(metric)];
  if (slot == 0) {
    columns_.push_back(Column{metric, {}});
    slot = static_cast<std::uint8_t>(columns_.size());
  }
  return columns_[slot - 1u].values;
}

std::uint32_t Rows::append(std::span<const RowOf> rows) {
  const std::size_t before = at_.size();
  std::uint32_t possible = 0, came = 0;
  make_room(at_, rows.size());
  make_room(positions_, rows.size());
  for (const RowOf& row : rows) {
    at_.push_back(row.at());
    positions_.push_back(row.position());
    possible |= row.batch->metrics;
  }
  for (; possible != 0; possible &= possible - 1) {
    const auto metric = static_cast<Metric>(std::countr_zero(possible));
    const auto said = std::find_if(rows.begin(), rows.end(), [metric](const RowOf& row) { return row.batch->cell(metric, row.row) != missing; });
    if (said == rows.end()) continue;
    came |= 1u << static_cast<unsigned>(metric);
    auto& values = cells_of(metric);
    values.resize(before, missing);
    make_room(values, rows.size());
    for (const RowOf& row : rows) values.push_back(row.batch->cell(metric, row.row));
  }
  return came;
}

void Rows::drop_empty_rows() {
  const auto said = rows_that_say(columns_, at_.size());
  if (std::find(said.begin(), said.end(), 0) == said.end()) return;
  const auto keep = [&said](auto& vector) {
    std::size_t kept = 0;
    for (std::size_t row = 0; row < said.size(); ++row)
      if (said[row]) vector[kept++] = vector[row];
    vector.resize(kept);
  };
  keep(at_);
  keep(positions_);
  for (Column& column : columns_) keep(column.values);
}

void Rows::tidy() {
  for (Column& column : columns_) column.values.resize(at_.size(), missing);
  std::erase_if(columns_, [](const Column& column) { return !says_something(column.values); });
  std::sort(columns_.begin(), columns_.end(), [](const Column& a, const Column& b) { return a.metric < b.metric; });
  slot_ = {};
  for (std::size_t i = 0; i < columns_.size(); ++i)
    slot_[static_cast<std::size_t>(columns_[i].metric)] = static_cast<std::uint8_t>(i + 1);
}

Rows Rows::from_columns(std::vector<Micros> at, std::vector<Position> positions, std::vector<Column> columns) {
  Rows rows;
  rows.at_ = std::move(at);
  rows.positions_ = std::move(positions);
  rows.columns_ = std::move(columns);
  rows.tidy();
  return rows;
}

Rows Rows::slice(std::size_t from, std::size_t to) const {
  std::vector<Column> columns;
  for (const Column& column : columns_) columns.push_back({column.metric, copied(column.values, from, to)});
  return from_columns(copied(at_, from, to), copied(positions_, from, to), std::move(columns));
}

Rows Rows::in_order(Rows rows) {
  rows.tidy();
  const std::vector<Micros>& at = rows.at_;
  if (std::adjacent_find(at.begin(), at.end(), std::greater_equal<>()) == at.end()) return rows;
  // Two batches that overtook each other: most often no two rows share a time.
  const auto order = time_order(at);
  const auto same_time = [&at](std::uint32_t a, std::uint32_t b) { return at[a] == at[b]; };
  if (std::adjacent_find(order.begin(), order.end(), same_time) != order.end()) {
    const std::array<const Rows*, 1> alone{&rows};
    return merge(alone);
  }
  reorder(rows.at_, order);
  reorder(rows.positions_, order);
  for (Column& column : rows.columns_) reorder(column.values, order);
  return rows;
}

Rows Rows::without_words() const {
  std::vector<Column> numbers;
  for (const Column& column : columns_)
    if (info(column.metric).kind != Kind::text) numbers.push_back(column);
  Rows rows = from_columns(at_, positions_, std::move(numbers));
  rows.drop_empty_rows();
  return rows;
}

namespace {

struct Place {
  Micros at;
  Position position;
  std::uint32_t part, row;
};

bool comes_before(const Place& a, const Place& b) { return a.at != b.at ? a.at < b.at : a.position < b.position; }

/// Most parts are in order already: those are merged, and only the others sorted.
std::vector<Place> places_in_order(std::span<const Rows* const> parts) {
  std::vector<Place> places;
  for (std::uint32_t part = 0; part < parts.size(); ++part) {
    const auto middle = static_cast<std::ptrdiff_t>(places.size());
    for (std::uint32_t row = 0; row < parts[part]->size(); ++row)
      places.push_back({parts[part]->at()[row], parts[part]->positions()[row], part, row});
    if (!std::is_sorted(places.begin() + middle, places.end(), comes_before)) std::sort(places.begin() + middle, places.end(), comes_before);
    std::inplace_merge(places.begin(), places.begin() + middle, places.end(), comes_before);
  }
  return places;
}

/// Of the values of one metric at one time only the last stays.
void correct(const std::vector<Place>& places, std::vector<std::int64_t>& values) {
  std::size_t kept = places.size();  // the last row so far with a value at this time
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (values[i] == missing) continue;
    if (kept < i && places[kept].at == places[i].at) values[kept] = missing;
    kept = i;
  }
}

}  // namespace

Rows Rows::merge(std::span<const Rows* const> parts) {
  const auto places = places_in_order(parts);
  Rows merged;
  for (const Place& place : places) {
    merged.at_.push_back(place.at);
    merged.positions_.push_back(place.position);
  }
  for (const MetricInfo& about : all_metrics()) {
    std::vector<const Column*> columns;
    for (const Rows* part : parts) columns.push_back(part->column(about.metric));
    if (std::all_of(columns.begin(), columns.end(), [](const Column* column) { return column == nullptr; })) continue;
    auto& values = merged.cells_of(about.metric);
    values.reserve(places.size());
    for (const Place& place : places)
      values.push_back(columns[place.part] ? columns[place.part]->values[place.row] : missing);
    correct(places, values);
  }
  merged.drop_empty_rows();
  merged.tidy();
  return merged;
}

Rows Rows::joined(Rows first, Rows second) {
  if (first.empty()) return second;
  if (second.empty()) return first;
  if (first.last_at() >= second.first_at()) {
    const std::array<const Rows*, 2> parts{&first, &second};
    return merge(parts);
  }
  const std::size_t before = first.size();
  first.at_.insert(first.at_.end(), second.at_.begin(), second.at_.end());
  first.positions_.insert(first.positions_.end(), second.positions_.begin(), second.positions_.end());
  for (const Column& column : second.columns_) {
    auto& values = first.cells_of(column.metric);
    values.resize(before, missing);
    values.insert(values.end(), column.values.begin(), column.values.end());
  }
  first.tidy();
  return first;
}

void Rows::encode(std::string& out) const {
  put_varint(at_.size(), out);
  put_varint(columns_.size(), out);
  encode_column(at_, out);
  encode_column(std::vector<std::int64_t>(positions_.begin(), positions_.end()), out);
  for (const Column& column : columns_) {
    out.push_back(static_cast<char>(column.metric));
    encode_column(column.values, out);
  }
}

Result<Rows> Rows::decode(std::string_view& bytes) {
  const auto damaged = [] {
    return fail(Errc::corrupt, "The state of a series is damaged: run heliograph rebuild --projection series.");
  };
  const auto count = take_varint(bytes);
  const auto width = count ? take_varint(bytes) : count;
  if (!width || *count > rows_limit || *width >= metric_slots) return damaged();
  std::vector<Micros> at;
  std::vector<std::int64_t> positions;
  if (!decode_column(bytes, *count, at) || !decode_column(bytes, *count, positions)) return damaged();
  std::vector<Column> columns(*width);
  for (Column& column : columns) {
    if (bytes.empty()) return damaged();
    column.metric = static_cast<Metric>(bytes[0]);
    const auto number = static_cast<std::size_t>(column.metric);
    bytes.remove_prefix(1);
    if (number == 0 || number >= metric_slots || !decode_column(bytes, *count, column.values)) return damaged();
    if (&column != columns.data() && (&column)[-1].metric >= column.metric) return damaged();
  }
  if (!std::is_sorted(at.begin(), at.end())) return damaged();
  return from_columns(std::move(at), {positions.begin(), positions.end()}, std::move(columns));
}

}  // namespace heliograph
