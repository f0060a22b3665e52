// Events as JSON for people and tools: API, SSE, audit export and the CLI print the same shape. Values in API
// units and names (percent, W, RFC 3339); keys in a fixed order, so equal records give equal text.
#pragma once

#include <string>

#include "events/json.hpp"
#include "events/record.hpp"

namespace heliograph {

/// The event's own fields as one JSON object.
void write_event(JsonWriter& json, const Event& event);
/// Envelope fields and "data": the event, or for a batch the rows as compact columns.
void write_record(JsonWriter& json, const Record& record);
std::string to_json(const Record& record);

}  // namespace heliograph
