#include "storage/segment.hpp"

#include <algorithm>
#include <array>
#include <numeric>

#include "events/device_block.hpp"
#include "storage/segment_head.hpp"

namespace heliograph {
namespace {

constexpr std::size_t block_rows = 720;  // a day at 2 minutes
constexpr std::size_t rows_at_once = 131'072;  // some 12 MB

tl::unexpected<Error> damaged(const char* what) {
  return fail(Errc::corrupt, std::string("A segment of readings is damaged (") + what + "): run heliograph verify, and restore a backup.");
}

// ---- batches to blocks -----------------------------------------------------------------------------------------

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
      if (!says(out.back(), rows)) return damaged("a block would not say what it is made of");
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
    std::vector<std::uint32_t> order(rows_.at.size());
    std::iota(order.begin(), order.end(), 0u);
    std::stable_sort(order.begin(), order.end(), [this](std::uint32_t a, std::uint32_t b) { return rows_.at[a] < rows_.at[b]; });
    const auto apply = [&order](auto& numbers) {
      auto sorted = numbers;
      for (std::size_t i = 0; i < order.size(); ++i) sorted[i] = numbers[order[i]];
      numbers = std::move(sorted);
    };
    apply(rows_.at);
    apply(rows_.positions);
    for (auto& cells : rows_.columns) apply(cells.values);
  }

  DeviceRows part_of(std::size_t begin, std::size_t end) const {
    const auto cut = [begin, end](const auto& numbers) {
      return std::vector(numbers.begin() + static_cast<std::ptrdiff_t>(begin), numbers.begin() + static_cast<std::ptrdiff_t>(end));
    };
    DeviceRows part{cut(rows_.at), cut(rows_.positions), {}};
    for (const auto& cells : rows_.columns) {
      DeviceRows::Cells here{cells.metric, cut(cells.values), {}};
      if (std::all_of(here.values.begin(), here.values.end(), [](std::int64_t value) { return value == missing; })) continue;
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
  std::map<SiteKey, DeviceMemo<std::pair<std::size_t, Gathered*>>> memos;
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
  const auto devices = s.memos[site].resolve(batch.devices, [&](const std::string& name) -> std::pair<std::size_t, Gathered*> {
    const std::string path = device_path(site, name);
    const std::size_t number = s.numbers.emplace(path, s.numbers.size()).first->second;
    return {number, number % s.passes == s.pass ? &s.gathered[path] : nullptr};
  });
  for (std::uint32_t row = 0; row < batch.size(); ++row)
    if (Gathered* device = devices[batch.device_of[row]].second) device->add(batch, row, record.envelope.position + row);
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

// ---- blocks to batches -----------------------------------------------------------------------------------------

namespace {

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
