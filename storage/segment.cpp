#include "storage/segment.hpp"

#include <algorithm>
#include <array>
#include <numeric>

#include "events/device_block.hpp"
#include "storage/segment_head.hpp"

namespace heliograph {
namespace {

constexpr std::size_t block_rows = 720;  // a day at 2 minutes

tl::unexpected<Error> damaged(const char* what) {
  return fail(Errc::corrupt, std::string("A segment of readings is damaged (") + what + "): run heliograph verify, and restore a backup.");
}

// ---- batches to blocks -----------------------------------------------------------------------------------------

/// A row of the segment: of which batch, which one.
struct Place {
  std::uint32_t batch, row;
};

/// The columns of a batch by metric.
using ByMetric = std::array<const Column*, metric_slots>;

std::vector<ByMetric> columns_of(std::span<const RecordPtr> batches) {
  std::vector<ByMetric> out(batches.size(), ByMetric{});
  for (std::size_t i = 0; i < batches.size(); ++i)
    for (const Column& column : batches[i]->readings().columns) out[i][static_cast<std::size_t>(column.metric)] = &column;
  return out;
}

class BlockMaker {
 public:
  explicit BlockMaker(std::span<const RecordPtr> batches) : batches_(batches), columns_(columns_of(batches)) {}

  /// The rows at `places`, which come in order of position, as blocks in order of time.
  std::vector<std::string> blocks(std::vector<Place>& places) const {
    const auto earlier = [this](const Place& a, const Place& b) { return at(a) < at(b); };
    if (!std::is_sorted(places.begin(), places.end(), earlier)) std::stable_sort(places.begin(), places.end(), earlier);
    const std::size_t parts = std::max<std::size_t>(1, (places.size() + block_rows / 2) / block_rows);
    std::vector<std::string> out;
    for (std::size_t begin = 0, part = 1; begin < places.size(); ++part) {
      // Never cut between two rows of one time.
      std::size_t end = std::max(begin + 1, places.size() * part / parts);
      while (end < places.size() && at(places[end]) == at(places[end - 1])) ++end;
      out.push_back(block(std::span(places).subspan(begin, end - begin)));
      begin = end;
    }
    return out;
  }

 private:
  Micros at(const Place& place) const { return batches_[place.batch]->readings().at[place.row]; }

  std::string block(std::span<const Place> places) const {
    DeviceRows rows;
    for (const Place& place : places) {
      rows.at.push_back(at(place));
      rows.positions.push_back(batches_[place.batch]->envelope.position + place.row);
    }
    for (const MetricInfo& about : all_metrics()) {
      DeviceRows::Cells cells{about.metric, {}, {}};
      bool said = false;
      cells.values.reserve(places.size());
      for (const Place& place : places) {
        const Column* column = columns_[place.batch][static_cast<std::size_t>(about.metric)];
        cells.values.push_back(column == nullptr ? missing : column->values[place.row]);
        said = said || cells.values.back() != missing;
      }
      if (!said) continue;
      if (about.kind == Kind::text) number_words(places, cells);
      rows.columns.push_back(std::move(cells));
    }
    return encode_block(rows);
  }

  /// From numbers of each batch's words to those of the block's.
  void number_words(std::span<const Place> places, DeviceRows::Cells& cells) const {
    TextMap<std::int64_t> numbers;
    for (std::size_t row = 0; row < places.size(); ++row) {
      std::int64_t& value = cells.values[row];
      if (value == missing) continue;
      const std::string& word = batches_[places[row].batch]->readings().words[static_cast<std::size_t>(value)];
      const auto [found, added] = numbers.emplace(word, static_cast<std::int64_t>(cells.words.size()));
      if (added) cells.words.push_back(word);
      value = found->second;
    }
  }

  std::span<const RecordPtr> batches_;
  std::vector<ByMetric> columns_;
};

/// The places of every device's rows, in order of position.
std::map<std::string, std::vector<Place>> rows_by_device(std::span<const RecordPtr> batches) {
  std::map<std::string, std::vector<Place>> out;
  std::map<SiteKey, DeviceMemo<std::vector<Place>*>> memos;
  for (std::uint32_t i = 0; i < batches.size(); ++i) {
    const SiteKey& site = batches[i]->envelope.site;
    const ReadingBatch& batch = batches[i]->readings();
    const auto places = memos[site].resolve(batch.devices, [&](const std::string& name) { return &out[device_path(site, name)]; });
    for (std::uint32_t row = 0; row < batch.size(); ++row) places[batch.device_of[row]]->push_back({i, row});
  }
  std::erase_if(out, [](const auto& device) { return device.second.empty(); });  // named by a batch, without a row
  return out;
}

}  // namespace

std::string device_path(const SiteKey& site, std::string_view device) {
  return (site.tenant.text + "/" + site.site.text + "/").append(device);
}

Segment make_segment(std::span<const RecordPtr> batches, Position from, Position end) {
  Segment segment{from, end, encode_head(batches, from, end), {}};
  const BlockMaker maker(batches);
  for (auto& [device, places] : rows_by_device(batches)) segment.blocks.emplace(device, maker.blocks(places));
  return segment;
}

std::vector<std::string> blocks_of_device(std::span<const RecordPtr> batches, const SiteKey& site, std::string_view device) {
  std::vector<Place> places;
  for (std::uint32_t i = 0; i < batches.size(); ++i) {
    if (batches[i]->envelope.site != site) continue;
    const ReadingBatch& batch = batches[i]->readings();
    for (std::uint32_t row = 0; row < batch.size(); ++row)
      if (batch.devices[batch.device_of[row]].text == device) places.push_back({i, row});
  }
  return places.empty() ? std::vector<std::string>() : BlockMaker(batches).blocks(places);
}

// ---- blocks to batches -----------------------------------------------------------------------------------------

namespace {

/// Puts the rows of blocks back where they were.
class Weaver {
 public:
  explicit Weaver(std::vector<BatchShell> shells) : shells_(std::move(shells)), batches_(shells_.size()), columns_(shells_.size()) {
    for (std::size_t i = 0; i < shells_.size(); ++i) {
      ReadingBatch& batch = batches_[i];
      batch.historic = shells_[i].historic;
      batch.suspects = std::move(shells_[i].suspects);
      batch.at.resize(shells_[i].rows);
      batch.device_of.resize(shells_[i].rows, no_device);
      missing_rows_ += shells_[i].rows;
    }
  }

  Status take(const std::string& path, const std::string& bytes) {
    const auto block = DeviceBlock::open(bytes);
    if (!block) return fail(block.error());
    const auto at = block->at();
    const auto positions = block->positions();
    if (!at) return fail(at.error());
    if (!positions) return fail(positions.error());
    if (!find_places(*positions)) return damaged("a row lies outside");
    const auto device = static_cast<std::uint32_t>(device_of(path));
    const std::string_view site = std::string_view(path).substr(0, path.rfind('/'));
    for (std::size_t row = 0; row < places_.size(); ++row) {
      ReadingBatch& batch = batches_[places_[row].batch];
      std::uint32_t& named = batch.device_of[places_[row].row];
      if (named != no_device) return damaged("a row comes twice");
      named = device;
      batch.at[places_[row].row] = (*at)[row];
    }
    for (const Place& place : places_)
      if (!of_site(shells_[place.batch].envelope.site, site)) return damaged("a row is of another site");
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
      records.push_back(std::make_shared<const Record>(Record{std::move(shells_[i].envelope), std::make_shared<const ReadingBatch>(std::move(batch))}));
    }
    return records;
  }

 private:
  static constexpr std::uint32_t no_device = ~std::uint32_t{0};

  static bool of_site(const SiteKey& site, std::string_view path) {
    const std::string& tenant = site.tenant.text;
    return path.size() == tenant.size() + 1 + site.site.text.size() && path.starts_with(tenant) && path[tenant.size()] == '/' && path.ends_with(site.site.text);
  }

  std::size_t device_of(const std::string& path) {
    if (devices_.empty() || paths_.back() != path) {
      paths_.push_back(path);
      devices_.push_back(DeviceId{path.substr(path.rfind('/') + 1)});
    }
    return devices_.size() - 1;
  }

  bool find_places(const std::vector<Position>& positions) {
    places_.clear();
    std::size_t batch = 0;
    for (const Position position : positions) {
      // Most often the next row lies in this batch or in the next.
      for (int tries = 0; tries < 2 && batch < shells_.size() && position >= end_of(batch); ++tries) ++batch;
      if (batch >= shells_.size() || position < shells_[batch].envelope.position || position >= end_of(batch)) {
        const auto after = std::upper_bound(shells_.begin(), shells_.end(), position, [](Position p, const BatchShell& shell) { return p < shell.envelope.position; });
        if (after == shells_.begin()) return false;
        batch = static_cast<std::size_t>(after - shells_.begin()) - 1;
        if (position >= end_of(batch)) return false;
      }
      places_.push_back({static_cast<std::uint32_t>(batch), static_cast<std::uint32_t>(position - shells_[batch].envelope.position)});
    }
    return true;
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
    for (std::size_t row = 0; row < places_.size(); ++row)
      if ((*values)[row] != missing) cells_of(places_[row].batch, slot)[places_[row].row] = (*values)[row];
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

  std::vector<BatchShell> shells_;
  std::vector<ReadingBatch> batches_;
  std::vector<std::array<std::int64_t*, metric_slots>> columns_;  // of each batch, where the cells of a metric are
  std::vector<Place> places_;                                     // of the rows of one block
  std::vector<std::string> paths_;
  std::vector<DeviceId> devices_;
  std::vector<std::uint32_t> device_numbers_;
  TextMap<std::int64_t> word_numbers_;
  std::vector<std::string> words_;
  std::size_t missing_rows_ = 0;
};

}  // namespace

Result<std::vector<RecordPtr>> weave(const Segment& segment) {
  auto head = decode_head(segment.head);
  if (!head) return fail(head.error());
  if (head->from != segment.from || head->end != segment.end) return damaged("its head belongs elsewhere");
  std::size_t rows = 0;
  for (const BatchShell& batch : head->batches) rows += batch.rows;
  // A damaged head must not ask for more memory than blocks can fill.
  std::size_t held = 0;
  for (const auto& [device, blocks] : segment.blocks)
    for (const std::string& bytes : blocks) {
      const auto block = DeviceBlock::open(bytes);
      if (!block) return fail(block.error());
      held += block->size();
    }
  if (held != rows) return damaged("rows are missing");
  Weaver weaver(std::move(head->batches));
  for (const auto& [device, blocks] : segment.blocks)
    for (const std::string& bytes : blocks)
      if (auto taken = weaver.take(device, bytes); !taken) return fail(taken.error());
  return weaver.finish();
}

}  // namespace heliograph
