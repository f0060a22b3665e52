// Blocks back to batches.
#include <algorithm>
#include <array>

#include "events/device_block.hpp"
#include "storage/segment.hpp"
#include "storage/segment_head.hpp"

namespace heliograph {
namespace {

tl::unexpected<Error> damaged(const char* what) {
  return fail(Errc::corrupt, std::string("A segment of readings is damaged (") + what + "): run heliograph verify, and restore a backup.");
}

/// Puts the rows of blocks back where they were.
class Weaver {
 public:
  explicit Weaver(std::span<const BatchShell> shells) : shells_(shells), batches_(shells_.size()), columns_(shells_.size()) {
    for (std::size_t i = 0; i < shells_.size(); ++i) {
      ReadingBatch& batch = batches_[i];
      batch.historic = shells_[i].historic;
      batch.suspects = shells_[i].suspects;
      batch.at.resize(shells_[i].rows);
      batch.device_of.resize(shells_[i].rows, no_device);
      sites_.push_back(i > 0 && shells_[i].envelope.site == shells_[i - 1].envelope.site ? sites_.back() : site_of(device_path(shells_[i].envelope.site, "")));
      missing_rows_ += shells_[i].rows;
    }
  }

  Status take(const std::string& path, const std::string& bytes) {
    const auto block = DeviceBlock::open(bytes);
    if (!block) return fail(block.error());
    const auto positions = block->positions();
    if (!positions) return fail(positions.error());
    find_places(*positions);
    if (places_.empty()) return {};
    const auto at = block->at();
    if (!at) return fail(at.error());
    const auto device = static_cast<std::uint32_t>(device_of(path));
    const std::uint32_t site = site_of(path.substr(0, path.rfind('/') + 1));
    for (const Place& place : places_) {
      ReadingBatch& batch = batches_[place.batch];
      std::uint32_t& named = batch.device_of[place.row];
      if (named != no_device) return damaged("a row comes twice");
      named = device;
      batch.at[place.row] = (*at)[place.in_block];
      if (sites_[place.batch] != site) return damaged("a row is of another site");
    }
    missing_rows_ -= places_.size();
    for (const MetricInfo& about : all_metrics())
      if (block->has(about.metric))
        if (auto taken = take_column(*block, about); !taken) return taken;
    return {};
  }

  Result<std::vector<RecordPtr>> finish() {
    if (missing_rows_ != 0) return damaged("rows are missing");
    std::vector<RecordPtr> records;
    records.reserve(batches_.size());
    for (std::size_t i = 0; i < batches_.size(); ++i) {
      ReadingBatch& batch = batches_[i];
      name_devices(batch);
      for (Column& column : batch.columns)
        if (info(column.metric).kind == Kind::text) name_words(batch, column);
      records.push_back(std::make_shared<const Record>(Record{shells_[i].envelope, std::make_shared<const ReadingBatch>(std::move(batch))}));
    }
    return records;
  }

 private:
  static constexpr std::uint32_t no_device = ~std::uint32_t{0};
  struct Place {
    std::uint32_t batch, row, in_block;
  };

  std::uint32_t site_of(const std::string& path) { return site_numbers_.emplace(path, static_cast<std::uint32_t>(site_numbers_.size())).first->second; }

  std::size_t device_of(const std::string& path) {
    if (devices_.empty() || paths_.back() != path) {
      paths_.push_back(path);
      devices_.push_back(DeviceId{path.substr(path.rfind('/') + 1)});
    }
    return devices_.size() - 1;
  }

  /// Where the rows at `positions` belong; rows of other batches are left out.
  void find_places(const std::vector<Position>& positions) {
    places_.clear();
    std::size_t batch = 0;
    for (std::uint32_t i = 0; i < positions.size(); ++i) {
      const Position position = positions[i];
      // Most often the next row lies in this batch or in the next.
      for (int tries = 0; tries < 2 && batch < shells_.size() && position >= end_of(batch); ++tries) ++batch;
      if (batch >= shells_.size() || position < shells_[batch].envelope.position || position >= end_of(batch)) {
        const auto after = std::upper_bound(shells_.begin(), shells_.end(), position, [](Position p, const BatchShell& shell) { return p < shell.envelope.position; });
        if (after == shells_.begin()) continue;
        batch = static_cast<std::size_t>(after - shells_.begin()) - 1;
        if (position >= end_of(batch)) continue;
      }
      places_.push_back({static_cast<std::uint32_t>(batch), static_cast<std::uint32_t>(position - shells_[batch].envelope.position), i});
    }
  }
  Position end_of(std::size_t batch) const { return shells_[batch].envelope.position + shells_[batch].rows; }

  Status take_column(const DeviceBlock& block, const MetricInfo& about) {
    auto values = block.values(about.metric);
    if (!values) return fail(values.error());
    if (about.kind == Kind::text) {
      std::vector<std::int64_t> numbers;
      for (const std::string& word : block.words(about.metric)) {
        const auto [found, added] = word_numbers_.emplace(word, static_cast<std::int64_t>(words_.size()));
        if (added) words_.push_back(word);
        numbers.push_back(found->second);
      }
      for (std::int64_t& value : *values)
        if (value != missing) value = numbers[static_cast<std::size_t>(value)];
    }
    const auto slot = static_cast<std::size_t>(about.metric);
    for (const Place& place : places_)
      if ((*values)[place.in_block] != missing) cells_of(place.batch, slot)[place.row] = (*values)[place.in_block];
    return {};
  }

  std::int64_t* cells_of(std::size_t batch, std::size_t slot) {
    std::int64_t*& cells = columns_[batch][slot];
    if (cells == nullptr) {
      auto& columns = batches_[batch].columns;
      const auto metric = static_cast<Metric>(slot);
      const auto place = std::find_if(columns.begin(), columns.end(), [metric](const Column& column) { return column.metric > metric; });
      cells = columns.insert(place, Column{metric, std::vector<std::int64_t>(batches_[batch].size(), missing)})->values.data();
    }
    return cells;
  }

  /// From numbers of the segment to those of the batch, in the order in which its rows name them.
  void name_devices(ReadingBatch& batch) {
    device_numbers_.resize(devices_.size(), no_device);
    std::vector<std::uint32_t> met;
    for (std::uint32_t& device : batch.device_of) {
      if (device_numbers_[device] == no_device) {
        device_numbers_[device] = static_cast<std::uint32_t>(met.size());
        met.push_back(device);
      }
      device = device_numbers_[device];
    }
    for (const std::uint32_t device : met) {
      batch.devices.push_back(devices_[device]);
      device_numbers_[device] = no_device;
    }
  }

  void name_words(ReadingBatch& batch, Column& column) {
    for (std::int64_t& value : column.values) {
      if (value == missing) continue;
      const std::string& word = words_[static_cast<std::size_t>(value)];
      const auto known = std::find(batch.words.begin(), batch.words.end(), word);
      value = known - batch.words.begin();
      if (known == batch.words.end()) batch.words.push_back(word);
    }
  }

  std::span<const BatchShell> shells_;
  std::vector<ReadingBatch> batches_;
  std::vector<std::array<std::int64_t*, metric_slots>> columns_;  // of each batch, where the cells of a metric are
  std::map<std::string, std::uint32_t> site_numbers_;
  std::vector<std::uint32_t> sites_;                              // of each batch
  std::vector<Place> places_;                                     // of the rows of one block
  std::vector<std::string> paths_;
  std::vector<DeviceId> devices_;
  std::vector<std::uint32_t> device_numbers_;
  TextMap<std::int64_t> word_numbers_;
  std::vector<std::string> words_;
  std::size_t missing_rows_ = 0;
};

}  // namespace

Result<SegmentHead> head_of(const Segment& segment) {
  auto head = decode_head(segment.head);
  if (!head) return head;
  if (head->from != segment.from || head->end != segment.end) return damaged("its head belongs elsewhere");
  // A damaged head must not ask for more memory than blocks can fill.
  std::size_t held = 0;
  for (const auto& [device, blocks] : segment.blocks)
    for (const std::string& bytes : blocks) {
      const auto block = DeviceBlock::open(bytes);
      if (!block) return fail(block.error());
      held += block->size();
    }
  if (held != head->rows()) return damaged("rows are missing");
  return head;
}

Result<std::vector<RecordPtr>> weave(const Segment& segment, const SegmentHead& head, std::size_t first, std::size_t last) {
  Weaver weaver(std::span(head.batches).subspan(first, last - first));
  for (const auto& [device, blocks] : segment.blocks)
    for (const std::string& bytes : blocks)
      if (auto taken = weaver.take(device, bytes); !taken) return fail(taken.error());
  return weaver.finish();
}

Result<std::vector<RecordPtr>> weave(const Segment& segment) {
  const auto head = head_of(segment);
  if (!head) return fail(head.error());
  return weave(segment, *head, 0, head->batches.size());
}

}  // namespace heliograph
