#include "api/import/emit.hpp"

#include <algorithm>
#include <array>
#include <bitset>
#include <limits>

namespace heliograph {
namespace {

/// One metric of one device, from one column or from several that add up (two tariffs).
struct Output {
  Metric metric{};
  bool needs_all = false;  // registers: half a sum would be a fallen counter
  bool split = false;
  std::vector<std::size_t> columns;
};

/// The outputs of one device that stand at the same place of the interval, walking the rows in time order.
struct Cursor {
  std::size_t device = 0;
  Micros shift = 0;
  std::vector<Output> outputs;
  std::size_t next = 0;
};

constexpr Micros never = std::numeric_limits<Micros>::max();

std::vector<Cursor> cursors_of(const ImportMap& map) {
  std::vector<Cursor> cursors;
  for (std::size_t d = 0; d < map.devices.size(); ++d)
    for (const bool at_end : {false, true}) {
      Cursor cursor{d, at_end ? map.time.interval : 0, {}};
      for (std::size_t c = 0; c < map.columns.size(); ++c) {
        const ColumnMap& column = map.columns[c];
        if (column.device != map.devices[d].device || column.at_end != at_end) continue;
        auto found = std::find_if(cursor.outputs.begin(), cursor.outputs.end(), [&](const Output& o) { return o.metric == column.metric; });
        if (found == cursor.outputs.end())
          found = cursor.outputs.insert(found, Output{column.metric, column.as == ReadAs::reg, column.split, {}});
        found->columns.push_back(c);
      }
      if (!cursor.outputs.empty()) cursors.push_back(std::move(cursor));
    }
  return cursors;
}

/// What one device says at one time, before it becomes a row.
class DeviceRow {
 public:
  void clear() { has_.reset(), suspects_.clear(); }
  bool empty() const { return has_.none() && suspects_.empty(); }
  void add(const ImportTable& table, const Output& output, std::size_t row) {
    std::int64_t total = missing;
    for (const auto c : output.columns) {
      const std::int64_t value = table.columns[c].stored[row];
      if (value != missing) {
        total = total == missing ? value : total + value;
        continue;
      }
      const auto suspect = table.suspects.find(table.cell(row, c));
      if (suspect != table.suspects.end()) return suspects_.push_back(&suspect->second);
      if (output.needs_all) return;
    }
    if (total == missing) return;
    set(output.metric, total);
    if (output.split) split(output.metric, total);
  }
  void write(ReadingBuilder& builder, std::string_view device, Micros at) {
    join(Metric::grid_import_w, Metric::grid_export_w, Metric::grid_w);
    join(Metric::battery_discharge_w, Metric::battery_charge_w, Metric::battery_w);
    builder.row(device, at);
    for (std::size_t m = 0; m < metric_slots; ++m)
      if (has_[m]) builder.set(static_cast<Metric>(m), values_[m]);
    for (const auto* suspect : suspects_) builder.suspect(suspect->metric, suspect->quality, suspect->raw);
  }

 private:
  void set(Metric metric, std::int64_t value) {
    has_.set(static_cast<std::size_t>(metric));
    values_[static_cast<std::size_t>(metric)] = value;
  }
  bool has(Metric metric) const { return has_[static_cast<std::size_t>(metric)]; }
  void split(Metric net, std::int64_t value) {
    const bool grid = net == Metric::grid_w;
    set(grid ? Metric::grid_import_w : Metric::battery_discharge_w, std::max<std::int64_t>(value, 0));
    set(grid ? Metric::grid_export_w : Metric::battery_charge_w, std::max<std::int64_t>(-value, 0));
  }
  /// net = into the site - out of it, when both directions are known and nobody declared the net.
  void join(Metric in, Metric out, Metric net) {
    if (has(in) && has(out) && !has(net))
      set(net, values_[static_cast<std::size_t>(in)] - values_[static_cast<std::size_t>(out)]);
  }

  std::bitset<metric_slots> has_;
  std::array<std::int64_t, metric_slots> values_{};
  std::vector<const Suspect*> suspects_;
};

}  // namespace

Status emit(const ImportTable& table, const ImportMap& map, std::size_t batch_rows, const BatchSink& sink,
            const std::function<void(std::uint64_t)>& handed_over) {
  auto cursors = cursors_of(map);
  ReadingBuilder builder;
  DeviceRow row;
  std::uint64_t readings = 0;
  const auto time_of = [&](const Cursor& c) { return c.next < table.order.size() ? table.at[table.order[c.next]] + c.shift : never; };
  const auto hand_over = [&]() -> Status {
    if (builder.size() == 0) return {};
    readings += builder.size();
    builder.historic(true);
    if (auto ok = sink(builder.take()); !ok) return ok;
    handed_over(readings);
    return {};
  };
  for (;;) {
    Micros at = never;
    for (const auto& cursor : cursors) at = std::min(at, time_of(cursor));
    if (at == never) break;
    // A time's devices stay in one batch: whoever folds it sees the site as it was.
    if (builder.size() + map.devices.size() > batch_rows)
      if (auto ok = hand_over(); !ok) return ok;
    for (std::size_t i = 0; i < cursors.size();) {
      const std::size_t device = cursors[i].device;
      row.clear();
      for (; i < cursors.size() && cursors[i].device == device; ++i) {
        if (time_of(cursors[i]) != at) continue;
        for (const auto& output : cursors[i].outputs) row.add(table, output, table.order[cursors[i].next]);
        ++cursors[i].next;
      }
      if (!row.empty()) row.write(builder, map.devices[device].device.text, at);
    }
  }
  return hand_over();
}

}  // namespace heliograph
