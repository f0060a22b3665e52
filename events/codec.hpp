// Records to bytes and back (docs/LOG_FORMAT.md). A seal covers the payload, as stored. The rows of a batch lie beside its
// payload, which holds the digest of what they say: so their form may change and the seal stays.
#pragma once

#include <string>
#include <string_view>

#include "events/record.hpp"

namespace heliograph {

/// Payload of a log value: protobuf Envelope with the body inside, for a batch with the digest of its rows. Requires: a
/// complete envelope.
std::string encode_record(const Record& record);
/// Same, when the digest of the batch is known (content_of): ingest makes it outside the log's lock.
std::string encode_record(const Record& record, const Digest& content);

/// Decodes and upcasts. `position` comes from the key and must agree with the envelope; `rows` (encode_readings) lie beside
/// the payload of a batch. Errors: corrupt; unsupported for a type or schema version that this build does not know ("written
/// by a newer Heliograph: upgrade first"). Whether the rows say what was sealed is asked by says_what_was_sealed.
Result<Record> decode_record(std::string_view payload, Position position, std::string_view rows = {});
/// Error corrupt when the rows of a batch are not those that its payload was sealed with. Requires: `record` decoded from it.
Status says_what_was_sealed(const Record& record, std::string_view payload);

}  // namespace heliograph
