// A small log of readings, the series projection over it, and a model of what it must say: for each metric the value
// at each time, the one recorded last.
#pragma once

#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "projections/series.hpp"
#include "storage/memory_store.hpp"
#include "storage/store.hpp"

namespace heliograph::test {

inline const SiteKey house{TenantId{"acme"}, SiteId{"house"}};

/// A point, and where it stands in the log.
struct ToldPoint {
  Micros at;
  std::int64_t value;
  Position position;
  bool operator==(const ToldPoint&) const = default;
};

class SeriesLog {
 public:
  void readings(ReadingBatch batch);
  void registered(const std::string& device, Micros hold);
  /// One device, one metric, one value.
  void reading(const std::string& device, Micros at, Metric metric, std::int64_t value);

  const std::vector<RecordPtr>& records() const { return records_; }
  struct Said {
    std::int64_t value;
    Position position;
  };
  using Values = std::map<Micros, Said>;
  const Values& values(const std::string& device, Metric metric) const;
  Micros hold(const std::string& device) const;
  std::vector<ToldPoint> points(const std::string& device, Metric metric, Micros from, Micros to) const;

 private:
  void add(Record record);
  std::vector<RecordPtr> records_;
  std::map<std::string, std::map<Metric, Values>> said_;
  std::map<std::string, Micros> holds_;
  Position next_ = 1;
};

/// What was applied, as the log from which the projection reads it again; condensed where it was told to.
class AppliedLog : public MemoryLog {
 public:
  void add(const Record& record) { records_.push_back(std::make_shared<const Record>(record)); }
  Status scan(Position from, Position to, Part part, const Visit& visit) const override;
  void condense_all(std::vector<Range> ranges);

 private:
  std::vector<RecordPtr> records_;
};

/// The projection with its store and log, as the projector drives it.
class SeriesUnderTest {
 public:
  SeriesUnderTest() : store_(open_memory_store()), series_(make_series(store_->views(), log_)) {}
  void apply(const Record& record) {
    log_.add(record);
    series_->apply(record);
    applied_ = record.last();
  }
  void apply_all(const std::vector<RecordPtr>& records, unsigned threads);
  void apply_all(const SeriesLog& log) {
    for (const auto& record : log.records()) apply(*record);
  }
  void save();
  void restart();   // what was not saved is folded again
  void condense();  // what the series has closed
  SeriesProjection& operator*() { return *series_; }
  SeriesProjection* operator->() { return series_.get(); }
  ViewStore& views() { return store_->views(); }
  const EventLog& log() const { return log_; }
  std::map<std::string, std::string> entries();
  void overwrite(const std::string& key, std::string value);

 private:
  std::unique_ptr<Store> store_;
  AppliedLog log_;
  std::unique_ptr<SeriesProjection> series_;
  Position applied_ = 0;
};

/// A device's life: steps of about 2 minutes to 20 minutes, gaps, late and corrected readings, history imported after.
SeriesLog random_life(std::uint64_t seed, Micros start, int rows);

}  // namespace heliograph::test
