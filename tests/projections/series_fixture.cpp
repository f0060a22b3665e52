// A made-up log of readings and the model that says what must come back from it. Seeds only; no clock.
#include "tests/projections/series_fixture.hpp"

#include <catch2/catch.hpp>

namespace heliograph::test {

void SeriesLog::add(Record record) {
  record.envelope.position = next_;
  record.envelope.site = house;
  if (record.is_readings()) {
    record.envelope.type = readings_type;
    record.envelope.schema = readings_schema;
  }
  next_ += record.span();
  records_.push_back(std::make_shared<const Record>(std::move(record)));
}

void SeriesLog::readings(ReadingBatch batch) {
  if (batch.size() == 0) return;  // a log takes none
  for (std::size_t row = 0; row < batch.size(); ++row)
    for (const Column& column : batch.columns)
      if (column.values[row] != missing && info(column.metric).kind != Kind::text)
        said_[batch.devices[batch.device_of[row]].text][column.metric][batch.at[row]] = {column.values[row], next_ + row};
  add(Record{{}, std::make_shared<const ReadingBatch>(std::move(batch))});
}

void SeriesLog::registered(const std::string& device, Micros hold) {
  holds_[device] = hold;
  DeviceRegistered event;
  event.device = DeviceId{device};
  event.hold = hold;
  add(Record{{}, Event(event)});
}

void SeriesLog::reading(const std::string& device, Micros at, Metric metric, std::int64_t value) {
  ReadingBuilder builder;
  builder.row(device, at);
  builder.set(metric, value);
  readings(builder.take());
}

const SeriesLog::Values& SeriesLog::values(const std::string& device, Metric metric) const {
  static const Values none;
  const auto metrics = said_.find(device);
  if (metrics == said_.end()) return none;
  const auto values = metrics->second.find(metric);
  return values == metrics->second.end() ? none : values->second;
}

Micros SeriesLog::hold(const std::string& device) const {
  const auto found = holds_.find(device);
  return found == holds_.end() ? 15 * minute_us : found->second;
}

std::vector<ToldPoint> SeriesLog::points(const std::string& device, Metric metric, Micros from, Micros to) const {
  std::vector<ToldPoint> points;
  for (const auto& [at, said] : values(device, metric))
    if (at >= from && at < to) points.push_back({at, said.value, said.position});
  return points;
}

void SeriesUnderTest::save() {
  ViewBatch batch;
  series_->save(batch);
  REQUIRE(views().save("series", batch, series_->settled(applied_)).has_value());
}

void SeriesUnderTest::restart() {
  series_ = make_series(views(), log_);
  REQUIRE(series_->load(views()).has_value());
  REQUIRE(log_.scan(views().checkpoint("series").value() + 1, applied_, Part::all, [&](const RecordPtr& record) {
    return series_->apply(*record), true;
  }));
}

void SeriesUnderTest::apply_all(const std::vector<RecordPtr>& records, unsigned threads) {
  for (const RecordPtr& record : records) log_.add(*record);
  series_->apply_all(records, threads);
  applied_ = records.back()->last();
}

void SeriesUnderTest::condense() { log_.condense_all(series_->take_closed()); }

Status AppliedLog::scan(Position from, Position to, Part part, const Visit& visit) const {
  for (const RecordPtr& record : records_)
    if (record->last() >= from && record->envelope.position <= to && (part == Part::all || (part == Part::readings) == record->is_readings()))
      if (!visit(record)) return {};
  return {};
}

void AppliedLog::condense_all(std::vector<Range> ranges) {
  for (const Range& range : ranges) {
    std::vector<RecordPtr> batches;
    REQUIRE(scan(range.from, range.end - 1, Part::readings, [&](const RecordPtr& record) { return batches.push_back(record), true; }));
    auto segment = make_segment(batches, range.from, range.end);
    REQUIRE(segment);
    REQUIRE(write_segment(&*segment, {}, {}));
  }
}

std::map<std::string, std::string> SeriesUnderTest::entries() {
  std::map<std::string, std::string> entries;
  REQUIRE(views().scan("series", "", "", [&](std::string_view key, std::string_view value) {
    entries.emplace(key, value);
    return true;
  }).has_value());
  return entries;
}

void SeriesUnderTest::overwrite(const std::string& key, std::string value) {
  ViewBatch batch;
  batch.put(key, std::move(value));
  REQUIRE(views().save("series", batch, series_->settled(applied_)).has_value());
}

namespace {

class Life {
 public:
  Life(std::uint64_t seed, Micros start) : random_(seed), at_(start) {}

  SeriesLog live(int rows) {
    const Micros step = minute_us * static_cast<Micros>(1 + random_() % 10);
    if (chance(2)) log_.registered("meter", minute_us * static_cast<Micros>(random_() % 120));
    for (int done = 0; done < rows;) {
      ReadingBuilder builder;
      for (int i = 0; i < 40 && done < rows; ++i, ++done) row(builder, next_time(step));
      log_.readings(builder.take());
      if (chance(60)) log_.registered("meter", minute_us * static_cast<Micros>(random_() % 90));
      if (chance(40)) imported();
    }
    return std::move(log_);
  }

 private:
  bool chance(std::uint64_t in) { return random_() % in == 0; }

  Micros next_time(Micros step) {
    times_.push_back(at_);
    if (chance(15)) return times_[random_() % times_.size()];                                  // corrected
    if (chance(15)) return at_ - static_cast<Micros>(random_() % static_cast<std::uint64_t>(day_us));  // late
    if (chance(200)) at_ += static_cast<Micros>(random_() % static_cast<std::uint64_t>(3 * day_us));   // a gap
    if (!chance(10)) at_ += step;                                                               // else the same time
    return at_;
  }

  void row(ReadingBuilder& builder, Micros at) {
    builder.row(chance(8) ? "plug" : "meter", at);
    power_ += static_cast<std::int64_t>(random_() % 400) - 200;
    if (!chance(4)) builder.set(Metric::grid_w, chance(5) ? 0 : power_);
    if (!chance(3)) builder.set(Metric::soc_permille, static_cast<std::int64_t>(random_() % 1001));
    if (chance(3)) builder.set(Metric::import_price_micro, static_cast<std::int64_t>(random_() % 5) * 70'000);
    if (chance(20)) builder.set(Metric::power_w, static_cast<std::int64_t>(random_() % 3000));
    if (chance(20)) builder.set_text(Metric::mode, std::array{"idle", "import", "export"}[random_() % 3]);
    if (chance(30)) builder.set(Metric::battery_mv, 0);  // a suspect
  }

  /// History from before, in order, like a file that is read after the device went live.
  void imported() {
    Micros at = at_ - static_cast<Micros>(random_() % 20) * day_us;
    const Micros step = minute_us * static_cast<Micros>(1 + random_() % 30);
    const bool descending = chance(4);
    ReadingBuilder builder;
    for (std::uint64_t i = 0, rows = random_() % 1200; i < rows; ++i) {
      at += descending ? -step : step;
      if (at < at_) row(builder, at);
    }
    builder.historic(true);
    log_.readings(builder.take());
  }

  std::mt19937_64 random_;
  Micros at_;
  std::vector<Micros> times_;
  std::int64_t power_ = 500;
  SeriesLog log_;
};

}  // namespace

SeriesLog random_life(std::uint64_t seed, Micros start, int rows) { return Life(seed, start).live(rows); }

}  // namespace heliograph::test
