#include "projections/series_rows.hpp"

#include <algorithm>
#include <bit>

#include "events/columns.hpp"

namespace heliograph {
namespace {

constexpr std::size_t rows_limit = 1u << 20;  // more than a head ever holds: damaged bytes ask for no more memory

bool has_value(const Column& column) {
  return std::any_of(column.values.begin(), column.values.end(), [](std::int64_t value) { return value != missing; });
}

template <class Vector>
void insert_at(Vector& vector, std::size_t place, typename Vector::value_type value) {
  vector.insert(vector.begin() + static_cast<std::ptrdiff_t>(place), value);
}

/// Doubling would leave a head of some 840 rows with room for 1,024, in every node of a fleet.
template <class Vector>
void reserve_at_end(Vector& vector, std::size_t more) {
  constexpr std::size_t doubles_until = 256, step = 292;
  const std::size_t size = vector.size() + more;
  if (size <= vector.capacity() || size <= doubles_until) return;
  vector.reserve(doubles_until + (size - doubles_until + step - 1) / step * step);
}

template <class Vector>
void add_at_end(Vector& vector, typename Vector::value_type value) {
  reserve_at_end(vector, 1);
  vector.push_back(value);
}

template <class Vector>
void drop_front(Vector& vector, std::size_t count) {
  vector.erase(vector.begin(), vector.begin() + static_cast<std::ptrdiff_t>(count));
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

void Rows::insert(Micros at, Position position, std::span<const Cell> cells) {
  if (at_.empty() || at > at_.back())
    append(at, position, cells);
  else
    insert_between(at, position, cells);
}

void Rows::append(Micros at, Position position, std::span<const Cell> cells) {
  const std::size_t row = at_.size();
  add_at_end(at_, at);
  add_at_end(positions_, position);
  for (const Cell& cell : cells) {
    auto& values = cells_of(cell.metric);
    if (values.size() < row) values.resize(row, missing);
    if (values.size() == row)
      add_at_end(values, cell.value);
    else
      values[row] = cell.value;
  }
}

std::uint32_t Rows::append(std::span<const RowOf> rows) {
  const std::size_t before = at_.size();
  std::uint32_t possible = 0, came = 0;
  reserve_at_end(at_, rows.size());
  reserve_at_end(positions_, rows.size());
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
    reserve_at_end(values, rows.size());
    for (const RowOf& row : rows) values.push_back(row.batch->cell(metric, row.row));
  }
  return came;
}

void Rows::insert_between(Micros at, Position position, std::span<const Cell> cells) {
  for (const Cell& cell : cells) cells_of(cell.metric);
  const auto same_begin = static_cast<std::size_t>(std::lower_bound(at_.begin(), at_.end(), at) - at_.begin());
  const auto place = static_cast<std::size_t>(std::upper_bound(at_.begin(), at_.end(), at) - at_.begin());
  for (Column& column : columns_) {
    column.values.resize(at_.size(), missing);
    insert_at(column.values, place, missing);
  }
  insert_at(at_, place, at);
  insert_at(positions_, place, position);
  for (const Cell& cell : cells) {
    auto& values = cells_of(cell.metric);
    std::fill(values.begin() + static_cast<std::ptrdiff_t>(same_begin),
              values.begin() + static_cast<std::ptrdiff_t>(place), missing);  // corrected
    values[place] = cell.value;
  }
  drop_empty_rows(same_begin, place);
}

void Rows::drop_empty_rows(std::size_t from, std::size_t to) {
  for (std::size_t row = to; row-- > from;) {
    if (std::any_of(columns_.begin(), columns_.end(), [row](const Column& c) { return c.values[row] != missing; }))
      continue;
    const auto place = static_cast<std::ptrdiff_t>(row);
    at_.erase(at_.begin() + place);
    positions_.erase(positions_.begin() + place);
    for (Column& column : columns_) column.values.erase(column.values.begin() + place);
  }
}

void Rows::tidy() {
  for (Column& column : columns_) column.values.resize(at_.size(), missing);
  std::erase_if(columns_, [](const Column& column) { return !has_value(column); });
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

Rows Rows::take_front(std::size_t count) {
  tidy();
  Rows front = slice(0, count);
  drop_front(at_, count);  // in place: the head fills again
  drop_front(positions_, count);
  for (Column& column : columns_) drop_front(column.values, count);
  tidy();
  return front;
}

namespace {

struct Place {
  Micros at;
  Position position;
  std::uint32_t part, row;
};

std::vector<Place> places_in_order(std::span<const Rows* const> parts) {
  std::vector<Place> places;
  for (std::uint32_t part = 0; part < parts.size(); ++part)
    for (std::uint32_t row = 0; row < parts[part]->size(); ++row)
      places.push_back({parts[part]->at()[row], parts[part]->positions()[row], part, row});
  std::sort(places.begin(), places.end(), [](const Place& a, const Place& b) {
    return a.at != b.at ? a.at < b.at : a.position < b.position;
  });
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
  bool ties = false;
  for (std::size_t i = 1; i < places.size() && !ties; ++i) ties = places[i].at == places[i - 1].at;
  if (ties) merged.drop_empty_rows(0, merged.size());
  merged.tidy();
  return merged;
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
    return fail(Errc::corrupt, "A series' head is damaged: run heliograph rebuild --projection series.");
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
