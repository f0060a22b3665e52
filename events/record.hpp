// One record of the log as the house passes it round: the envelope and what happened. Immutable and shared.
#pragma once

#include <memory>
#include <string>
#include <variant>

#include "events/event.hpp"
#include "events/readings.hpp"

namespace heliograph {

struct Envelope {
  Position position = 0;   // of the event; of the first reading for a batch
  SiteKey site;            // tenant and site; site may be empty for tenant-wide facts (EngineStarted)
  std::string stream;      // "device-miner-1": category, dash, id
  Version version = 0;     // place in the stream
  std::string type;        // "command.refused", "readings.recorded"
  std::uint32_t schema = 1;
  Micros occurred_at = 0;  // when it was true
  Micros recorded_at = 0;  // when the log knew it; never runs backwards
  Principal principal;
  Position cause = 0;        // position of what caused it; 0 = a person or the outside world
  std::string correlation;   // ties one chain together (trace id, or made from the first position)
  std::string idempotency_key;
  bool operator==(const Envelope&) const = default;
};

inline constexpr std::string_view readings_type = "readings.recorded";
/// Schema 1 held the rows in the sealed payload; since 2 it holds the digest of what they say, and they lie beside it.
inline constexpr std::uint32_t readings_schema = 2;

struct Record {
  Envelope envelope;
  std::variant<Event, ReadingsPtr> body;

  bool is_readings() const { return body.index() == 1; }
  const Event& event() const { return std::get<Event>(body); }
  const ReadingBatch& readings() const { return *std::get<ReadingsPtr>(body); }
  /// How many positions the record takes: one for an event, one a reading for a batch.
  std::uint64_t span() const { return is_readings() ? readings().size() : 1; }
  Position last() const { return envelope.position + span() - 1; }
};
using RecordPtr = std::shared_ptr<const Record>;

}  // namespace heliograph
