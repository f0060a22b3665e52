#include "tests/simulator/sim_log.hpp"

#include <algorithm>

namespace heliograph::simulator {

Micros SimLog::begin(Micros wall) {
  stamp_ = std::max(wall, stamp_ + 1);
  turn_ = records_.size();
  return stamp_;
}

Result<RecordPtr> SimLog::append(Draft draft) {
  auto record = std::make_shared<Record>();
  Envelope& e = record->envelope;
  e.position = next_;
  e.site = site_;
  e.version = next_;
  e.stream = std::move(draft.stream);
  e.occurred_at = draft.occurred_at;
  e.recorded_at = stamp_;
  e.principal = std::move(draft.principal);
  e.cause = draft.cause;
  e.correlation = std::move(draft.correlation);
  e.idempotency_key = std::move(draft.idempotency_key);
  record->body = std::move(draft.body);
  e.type = record->is_readings() ? std::string(readings_type) : std::string(type_name(record->event()));
  e.schema = record->is_readings() ? readings_schema : schema_version(record->event());
  ensure(e.cause < e.position, "a cause is always on record first", "SimLog::append");
  if (!e.idempotency_key.empty()) keys_[e.idempotency_key] = {draft.fingerprint, e.position};
  next_ += record->span();
  records_.push_back(record);
  return RecordPtr(record);
}

std::size_t SimLog::lose_staged() {
  std::size_t lost = 0;
  while (!records_.empty() && records_.back()->envelope.position > durable_) {
    records_.pop_back();
    ++lost;
  }
  std::erase_if(keys_, [this](const auto& use) { return use.second.position > durable_; });
  next_ = durable_ + 1;
  stamp_ = records_.empty() ? 0 : records_.back()->envelope.recorded_at;
  turn_ = records_.size();
  return lost;
}

const Record* SimLog::at(Position position) const {
  const auto after = std::upper_bound(records_.begin(), records_.end(), position,
                                      [](Position wanted, const RecordPtr& record) { return wanted < record->envelope.position; });
  if (after == records_.begin()) return nullptr;
  const Record& found = **(after - 1);
  return position <= found.last() ? &found : nullptr;
}

const SimLog::KeyUse* SimLog::find_key(const std::string& key) const {
  const auto found = keys_.find(key);
  return found == keys_.end() ? nullptr : &found->second;
}

}  // namespace heliograph::simulator
