// Any bytes as a record of the log: read or refused, never a crash; what was read is written and read back as the same,
// also through every older schema. The position is taken from the bytes, so that the check of it does not end each run.
#include <cstdlib>
#include <string>
#include <string_view>

#include "events/codec.hpp"
#include "events/upcast.hpp"

namespace {

using namespace heliograph;

/// The varint of field 1 that an envelope begins with, or 0.
Position position_in(std::string_view payload) {
  Position position = 0;
  if (payload.empty() || payload[0] != 0x08) return 0;
  for (std::size_t i = 1; i < payload.size() && i <= 9; ++i) {
    const auto byte = static_cast<unsigned char>(payload[i]);
    position |= static_cast<Position>(byte & 127u) << (7 * (i - 1));
    if (byte < 128) return position;
  }
  return 0;
}

bool same(const Record& a, const Record& b) {
  if (a.envelope != b.envelope || a.body.index() != b.body.index()) return false;
  return a.is_readings() ? a.readings() == b.readings() : a.event() == b.event();
}

void check_record(std::string_view payload, std::string_view rows) {
  const auto record = decode_record(payload, position_in(payload), rows);
  if (!record) {
    if (record.error().sentence.empty()) std::abort();
    return;
  }
  const std::string written = encode_record(*record);
  const auto again = decode_record(written, record->envelope.position, record->is_readings() ? encode_readings(record->readings()) : "");
  if (!again || !same(*again, *record) || encode_record(*again) != written) std::abort();
}

/// First byte: which type; second: which schema; the rest is the body.
void check_upcast(std::string_view bytes) {
  if (bytes.size() < 2) return;
  static const std::string_view types[] = {"device.registered", "site.configured", "rule.fired",
                                           "command.refused",   readings_type,     "of the future"};
  const std::string_view type = types[static_cast<unsigned char>(bytes[0]) % std::size(types)];
  std::uint32_t schema = static_cast<unsigned char>(bytes[1]) % 4u;
  std::string body(bytes.substr(2));
  if (!upcast(type, schema, body)) return;
  const std::uint32_t now = schema;
  const std::string lifted = body;
  if (!upcast(type, schema, body) || schema != now || body != lifted) std::abort();  // what is lifted stays as it is
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  check_record(bytes, {});
  if (size > 1) check_record(bytes.substr(1, data[0]), bytes.substr(std::min<std::size_t>(1 + data[0], size)));
  check_upcast(bytes);
  return 0;
}
