#include "sim/dry_run_journal.hpp"

#include <algorithm>

namespace heliograph {

Position DryRunJournal::take_position() {
  if (behind_.empty() || behind_.back().recorded != newest_) behind_.push_back({next_, newest_});
  return next_++;
}

Position DryRunJournal::behind(Position simulated) const {
  const auto after = std::upper_bound(behind_.begin(), behind_.end(), simulated,
                                      [](Position position, const Behind& entry) { return position < entry.from; });
  return after == behind_.begin() ? 0 : std::prev(after)->recorded;
}

Result<RecordPtr> DryRunJournal::append(Draft draft) {
  if (records_.size() >= records_max)
    return fail(Errc::refused,
                "These rules decide more than half a million times in this period: choose a shorter period or "
                "give the rules a cooldown.");
  auto record = std::make_shared<Record>();
  Envelope& envelope = record->envelope;
  envelope.site = site_;
  envelope.stream = std::move(draft.stream);
  envelope.occurred_at = draft.occurred_at;
  envelope.recorded_at = now_;
  envelope.principal = std::move(draft.principal);
  envelope.cause = draft.cause;
  envelope.correlation = std::move(draft.correlation);
  envelope.idempotency_key = std::move(draft.idempotency_key);
  record->body = std::move(draft.body);
  envelope.position = next_;
  next_ += record->span();
  if (!record->is_readings()) {
    envelope.type = type_name(record->event());
    envelope.schema = schema_version(record->event());
  } else {
    envelope.type = readings_type;
  }
  records_.push_back(record);
  return RecordPtr(record);
}

}  // namespace heliograph
