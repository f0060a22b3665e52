// The log as a crash leaves it: what is staged can be lost, what is durable cannot. Stamps as the real log does: never back, and
// one for all records of a turn.
#pragma once

#include <map>
#include <vector>

#include "actors/core/journal.hpp"

namespace heliograph::simulator {

class SimLog : public Journal {
 public:
  explicit SimLog(SiteKey site) : site_(std::move(site)) {}

  /// A new turn; answers its stamp.
  Micros begin(Micros wall);
  Position next() const override { return next_; }
  Result<RecordPtr> append(Draft draft) override;

  const std::vector<RecordPtr>& records() const { return records_; }
  /// Where the current turn begins.
  std::size_t turn() const { return turn_; }
  Position last() const { return next_ - 1; }
  Micros stamp() const { return stamp_; }
  Position durable() const { return durable_; }
  void make_durable(Position up_to) { durable_ = std::max(durable_, up_to); }
  /// A crash, or the power fails. Answers how many records are lost.
  std::size_t lose_staged();
  /// A planted bug: what was durable is not.
  void forget_last() { if (!records_.empty()) durable_ = records_.back()->envelope.position - 1, lose_staged(); }
  /// The record that holds this position, or none.
  const Record* at(Position position) const;

  struct KeyUse {
    Digest fingerprint;
    Position position;
  };
  const KeyUse* find_key(const std::string& key) const;

 private:
  SiteKey site_;
  std::vector<RecordPtr> records_;
  std::map<std::string, KeyUse> keys_;
  Position next_ = 1, durable_ = 0;
  Micros stamp_ = 0;
  std::size_t turn_ = 0;
};

}  // namespace heliograph::simulator
