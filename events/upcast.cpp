#include "events/upcast.hpp"

#include <array>

#include "events/event.hpp"
#include "events/record.hpp"
#include "log.pb.h"

namespace heliograph {
namespace {

struct Current {
  std::string_view type;
  std::uint32_t schema;
};

template <std::size_t... I>
auto event_types(std::index_sequence<I...>) {
  return std::array<Current, sizeof...(I)>{
      Current{type_name(std::variant_alternative_t<I, EventKinds>{}), schema_version(std::variant_alternative_t<I, EventKinds>{})}...};
}

std::uint32_t current_schema(std::string_view type) {
  static const auto types = event_types(std::make_index_sequence<std::variant_size_v<EventKinds>>{});
  if (type == readings_type) return readings_schema;
  for (const auto& row : types)
    if (row.type == type) return row.schema;
  return 0;
}

// 1 -> 2: version 1 knew no freshness limit; two holds is what its readers assumed.
Status device_registered_1_to_2(std::string& body) {
  log::DeviceRegistered message;
  if (!message.ParseFromString(body)) return fail(Errc::corrupt, "A device.registered event of schema 1 cannot be parsed.");
  Micros freshness = 0;
  if (__builtin_mul_overflow(message.hold_us(), 2, &freshness))
    return fail(Errc::corrupt, "A device.registered event of schema 1 holds a time that cannot be: restore a backup.");
  message.set_freshness_us(freshness);
  body = message.SerializeAsString();
  return {};
}

}  // namespace

Status upcast(std::string_view type, std::uint32_t& schema, std::string& body) {
  const std::uint32_t wanted = current_schema(type);
  if (wanted == 0 || schema == 0 || schema > wanted)
    return fail(Errc::unsupported, "The log holds an event \"" + std::string(type) + "\" of schema " + std::to_string(schema) +
                                       " that this build does not know: it was written by a newer Heliograph, so upgrade before opening it.");
  if (type == "device.registered" && schema == 1) {
    if (auto done = device_registered_1_to_2(body); !done) return done;
    schema = 2;
  }
  // Fields that came later say with their default what was meant before.
  static constexpr std::array<Current, 10> widened{{{"device.registered", 2}, {"device.registered", 3}, {"command.requested", 1}, {"command.requested", 2},
                                                    {"command.refused", 1}, {"command.allowed", 1}, {"command.dispatched", 1}, {"command.dispatched", 2},
                                                    {"command.failed", 1}, {"engine.started", 1}}};
  for (const Current& each : widened)
    if (each.type == type && each.schema == schema) ++schema;
  if (type == readings_type) return {};  // the two schemas differ in where the rows lie: the codec knows both
  ensure(schema == wanted, "an upcaster is missing", "events/upcast.cpp");
  return {};
}

}  // namespace heliograph
