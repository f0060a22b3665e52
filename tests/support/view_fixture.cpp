#include "tests/support/view_fixture.hpp"

namespace heliograph::testing {

void append(EventLog& log, const std::vector<RecordPtr>& records, std::size_t from, std::size_t to) {
  for (std::size_t i = from; i < to;) {
    const Micros stamp = records[i]->envelope.recorded_at;
    auto turn = log.begin(records[i]->envelope.site, stamp);
    ensure(turn.has_value() && turn->recorded_at() == stamp, "a story's stamps are a log's", "append");
    for (; i < to && records[i]->envelope.recorded_at == stamp; ++i) {
      const Envelope& e = records[i]->envelope;
      Draft draft;
      draft.stream = e.stream, draft.occurred_at = e.occurred_at, draft.principal = e.principal, draft.cause = e.cause;
      draft.correlation = e.correlation, draft.body = records[i]->body;
      auto record = turn->add(std::move(draft));
      ensure(record.has_value() && (*record)->envelope.position == e.position, "a story's positions are a log's", "append");
    }
    turn->stage();
  }
  ensure(log.commit().has_value(), "memory can be written", "append");
}

}  // namespace heliograph::testing
