// One site without actors, clock or disk: given facts, when a turn is taken, then lines. For the tests of the pure core;
// the journal is a list in memory that stamps as the log does. Times are the tests' own.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "actors/core/site.hpp"

namespace heliograph::testing {

/// 2025-06-02T10:00:00Z, a Monday: noon in Warsaw.
inline constexpr Micros monday_noon = 1'748'858'400'000'000;
inline const SiteKey villa{{"acme"}, {"villa"}};
inline const Principal anna{PrincipalKind::user, "anna"};

using Lines = std::vector<std::string>;

/// The log as the core sees it, kept in a list.
class ListJournal : public Journal {
 public:
  explicit ListJournal(SiteKey site = villa) : site_(std::move(site)) {}
  /// A new turn; its stamp is never before the last one's. Answers the stamp.
  Micros begin(Micros now);
  Position next() const override { return next_; }
  Result<RecordPtr> append(Draft draft) override;

  const std::vector<RecordPtr>& records() const { return records_; }
  /// What the last turn appended.
  std::vector<RecordPtr> turn() const { return {records_.begin() + static_cast<std::ptrdiff_t>(turn_), records_.end()}; }
  /// Appends fail from now on with this error, after `more` further ones.
  void fail_after(int more) { left_ = more; }

 private:
  SiteKey site_;
  std::vector<RecordPtr> records_;
  std::map<std::string, Version> versions_;
  Position next_ = 1;
  Micros stamp_ = 0;
  std::size_t turn_ = 0;
  int left_ = -1;
};

/// One line for a test to compare: "fired miner-guard/low acted", "refused soc-floor,busy", "dispatched miner-1 switch_off".
std::string line(const Record& record);
Lines lines(const std::vector<RecordPtr>& records);

struct Value {
  std::string device;
  Metric metric{};
  std::int64_t value = 0;
};

DeviceRegistered plug(std::string id, std::int64_t nominal_w = 2000);
DeviceRegistered battery(std::string id, std::int64_t nominal_w = 5000);
DeviceRegistered meter(std::string id);
Rule rule_of(std::string_view document);

/// A site that is told things; each call is one turn at `at` and answers the lines that the turn left.
class Story {
 public:
  /// Configured with a battery "battery", a meter "grid" and a plug "miner-1" (2 kW, no minimum times); no readings yet.
  explicit Story(std::string zone = "Europe/Warsaw", Micros start = monday_noon);

  Lines read(const std::vector<Value>& row);             // one row a device, measured now
  Lines read_at(Micros source, const std::vector<Value>& row);
  Lines soc(std::int64_t permille) { return read({{"battery", Metric::soc_permille, permille}}); }
  Lines take(ReadingBatch batch);
  Lines ask(const Proposal& proposal);
  Lines ask(const std::string& device, Action action, std::int64_t power_w = 0, Principal principal = anna);
  Lines ask(const Ask& ask);
  Lines answer(const CommandId& command, DeviceAnswer::Kind kind, std::uint32_t retry = 0);
  Lines approve(const CommandId& command, bool granted = true, bool proven = true, Principal principal = anna);
  Lines prefer(const PreferencesSet& wishes);
  Lines tick();
  Lines stop(Principal principal = anna);
  Lines lift(Principal principal = anna);
  Lines save(const Rule& rule);
  Lines save(std::string_view document) { return save(rule_of(document)); }
  Lines remove(const std::string& rule);
  Lines add(const DeviceRegistered& device);
  Lines configure(const SiteConfigured& settings);
  void pass(Micros by) { at += by; }
  /// Lets time pass and ticks whenever the site asks for it; answers all lines.
  Lines live_until(Micros until);

  const DeviceState& device(const std::string& id) const { return *site.device({id}); }
  /// The last record of an event type, or nothing.
  template <class E>
  const E* last() const {
    for (auto record = journal.records().rbegin(); record != journal.records().rend(); ++record)
      if (!(*record)->is_readings())
        if (const E* event = std::get_if<E>(&(*record)->event())) return event;
    return nullptr;
  }
  template <class E>
  std::size_t count() const {
    std::size_t n = 0;
    for (const RecordPtr& record : journal.records()) n += !record->is_readings() && std::holds_alternative<E>(record->event());
    return n;
  }

  Micros at;
  ListJournal journal;
  Site site{villa};
  SiteConfigured settings;

 private:
  Lines done(const Status& status);
};

/// The site as a restart would rebuild it: every record through the codec, folded from nothing.
Site rebuilt(const std::vector<RecordPtr>& records, std::size_t from = 0, Site start = Site(villa));

}  // namespace heliograph::testing
