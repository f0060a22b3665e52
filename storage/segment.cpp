// Batches to blocks, device by device.
#include "storage/segment.hpp"

#include <algorithm>
#include <array>

#include "events/cells.hpp"
#include "events/device_block.hpp"
#include "storage/segment_head.hpp"

namespace heliograph {
namespace {

constexpr std::size_t rows_at_once = 131'072;  // some 12 MB

/// The rows of one device, as they come.
class Gathered {
 public:
  void add(const ReadingBatch& batch, std::uint32_t row, Position position) {
    rows_.at.push_back(batch.at[row]);
    rows_.positions.push_back(position);
    for (const Column& column : batch.columns) {
      const std::int64_t value = column.values[row];
      if (value == missing) continue;
      auto& cells = rows_.columns[place_of(column.metric)];
      cells.values.resize(rows_.at.size() - 1, missing);
      cells.values.push_back(info(column.metric).kind == Kind::text ? number_of(cells, batch.words[static_cast<std::size_t>(value)]) : value);
    }
  }

  /// As blocks in order of time.
  Result<std::vector<std::string>> blocks() {
    for (auto& cells : rows_.columns) cells.values.resize(rows_.at.size(), missing);
    std::sort(rows_.columns.begin(), rows_.columns.end(), [](const auto& a, const auto& b) { return a.metric < b.metric; });
    put_in_order();
    const std::size_t count = rows_.at.size(), parts = std::max<std::size_t>(1, (count + block_rows / 2) / block_rows);
    std::vector<std::string> out;
    for (std::size_t begin = 0, part = 1; begin < count; ++part) {
      // Never cut between two rows of one time.
      std::size_t end = std::max(begin + 1, count * part / parts);
      while (end < count && rows_.at[end] == rows_.at[end - 1]) ++end;
      const DeviceRows rows = part_of(begin, end);
      out.push_back(encode_block(rows));
      if (!says(out.back(), rows)) return fail(Errc::corrupt, "A block of readings would not say what it is made of: nothing was changed.");
      begin = end;
    }
    return out;
  }

 private:
  std::size_t place_of(Metric metric) {
    auto& place = places_[static_cast<std::size_t>(metric)];
    if (place == 0) {
      rows_.columns.push_back({metric, {}, {}});
      place = static_cast<std::uint8_t>(rows_.columns.size());
    }
    return place - 1u;
  }

  static std::int64_t number_of(DeviceRows::Cells& cells, const std::string& word) {
    const auto number = std::find(cells.words.begin(), cells.words.end(), word) - cells.words.begin();  // a device says few words
    if (number == static_cast<std::int64_t>(cells.words.size())) cells.words.push_back(word);
    return number;
  }

  /// Rows come in order of position; a late one belongs further to the front.
  void put_in_order() {
    if (std::is_sorted(rows_.at.begin(), rows_.at.end())) return;
    const auto order = time_order(rows_.at);
    reorder(rows_.at, order);
    reorder(rows_.positions, order);
    for (auto& cells : rows_.columns) reorder(cells.values, order);
  }

  DeviceRows part_of(std::size_t begin, std::size_t end) const {
    const auto cut = [begin, end](const auto& numbers) {
      return std::vector(numbers.begin() + static_cast<std::ptrdiff_t>(begin), numbers.begin() + static_cast<std::ptrdiff_t>(end));
    };
    DeviceRows part{cut(rows_.at), cut(rows_.positions), {}};
    for (const auto& cells : rows_.columns) {
      DeviceRows::Cells here{cells.metric, cut(cells.values), {}};
      if (!says_something(here.values)) continue;
      if (info(cells.metric).kind == Kind::text) {
        for (std::int64_t& value : here.values)
          if (value != missing) value = number_of(here, cells.words[static_cast<std::size_t>(value)]);
      }
      part.columns.push_back(std::move(here));
    }
    return part;
  }

  static bool says(const std::string& bytes, const DeviceRows& rows) {
    const auto block = DeviceBlock::open(bytes);
    if (!block || block->size() != rows.at.size() || block->at() != rows.at || block->positions() != rows.positions) return false;
    std::size_t columns = 0;
    for (const MetricInfo& about : all_metrics()) columns += block->has(about.metric) ? 1 : 0;
    return columns == rows.columns.size() && std::all_of(rows.columns.begin(), rows.columns.end(), [&](const DeviceRows::Cells& cells) {
             return block->has(cells.metric) && block->values(cells.metric) == cells.values && std::ranges::equal(block->words(cells.metric), cells.words);
           });
  }

  DeviceRows rows_;
  std::array<std::uint8_t, metric_slots> places_{};  // metric -> column + 1
};

}  // namespace

// ---- batches to blocks ---------------------------------------------------------------------------------------

struct SegmentMaker::State {
  Segment segment;
  HeadMaker head;
  std::size_t passes, pass = 0;
  std::map<std::string, std::size_t> numbers;                       // of devices, in the order in which batches name them
  std::map<SiteKey, DeviceMemo<Gathered*>> memos;                    // nullptr: a device of another pass
  std::map<std::string, Gathered> gathered;                         // of the devices of this pass
};

SegmentMaker::SegmentMaker(Position from, Position end)
    : state_(new State{{from, end, {}, {}}, HeadMaker(from), (static_cast<std::size_t>(end - from) + rows_at_once - 1) / rows_at_once, 0, {}, {}, {}}) {}
SegmentMaker::~SegmentMaker() = default;

std::size_t SegmentMaker::passes() const { return state_->passes; }

void SegmentMaker::take(const Record& record) {
  State& s = *state_;
  if (s.pass == 0) s.head.add(record);
  const ReadingBatch& batch = record.readings();
  const SiteKey& site = record.envelope.site;
  const auto devices = s.memos[site].resolve(batch.devices, [&](const std::string& name) -> Gathered* {
    const std::string path = device_path(site, name);
    const std::size_t number = s.numbers.emplace(path, s.numbers.size()).first->second;
    return number % s.passes == s.pass ? &s.gathered[path] : nullptr;
  });
  for (std::uint32_t row = 0; row < batch.size(); ++row)
    if (Gathered* device = devices[batch.device_of[row]]) device->add(batch, row, record.envelope.position + row);
}

Status SegmentMaker::end_of_pass() {
  State& s = *state_;
  for (auto& [path, device] : s.gathered) {
    auto blocks = device.blocks();
    if (!blocks) return fail(blocks.error());
    if (!blocks->empty()) s.segment.blocks.emplace(path, std::move(*blocks));  // else only named by a batch, without a row
    device = {};
  }
  s.gathered.clear();
  s.memos.clear();
  ++s.pass;
  return {};
}

Result<Segment> SegmentMaker::finish() {
  ensure(state_->pass == state_->passes, "every pass was made", "SegmentMaker::finish");
  auto head = state_->head.finish(state_->segment.end);
  if (!head) return fail(head.error());
  state_->segment.head = std::move(*head);
  return std::move(state_->segment);
}

std::string device_path(const SiteKey& site, std::string_view device) {
  return (site.tenant.text + "/" + site.site.text + "/").append(device);
}

Result<Segment> make_segment(std::span<const RecordPtr> batches, Position from, Position end) {
  SegmentMaker maker(from, end);
  for (std::size_t pass = 0; pass < maker.passes(); ++pass) {
    for (const RecordPtr& batch : batches) maker.take(*batch);
    if (auto done = maker.end_of_pass(); !done) return fail(done.error());
  }
  return maker.finish();
}

Result<std::vector<std::string>> blocks_of_device(std::span<const RecordPtr> batches, const std::string& device) {
  Gathered gathered;
  for (const RecordPtr& record : batches) {
    const std::string site = device_path(record->envelope.site, "");
    if (!device.starts_with(site)) continue;
    const ReadingBatch& batch = record->readings();
    const auto named = std::find(batch.devices.begin(), batch.devices.end(), DeviceId{device.substr(site.size())});
    for (std::uint32_t row = 0; named != batch.devices.end() && row < batch.size(); ++row)
      if (batch.device_of[row] == named - batch.devices.begin()) gathered.add(batch, row, record->envelope.position + row);
  }
  return gathered.blocks();
}

}  // namespace heliograph
