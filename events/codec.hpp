// Records to bytes and back (docs/LOG_FORMAT.md). Bytes are hashed as stored: never re-serialise to check.
#pragma once

#include <string>
#include <string_view>

#include "events/record.hpp"

namespace heliograph {

/// Payload of a log value: protobuf Envelope with the body inside. Requires: a complete envelope.
std::string encode_record(const Record& record);
/// Same, when the batch has been encoded before (encode_readings), as ingest does outside the log's lock.
std::string encode_record(const Record& record, std::string_view encoded_readings);

/// Decodes and upcasts. `position` comes from the key and must agree with the envelope. Errors: corrupt; unsupported
/// for a type or schema version that this build does not know ("written by a newer Heliograph: upgrade first").
Result<Record> decode_record(std::string_view payload, Position position);

}  // namespace heliograph
