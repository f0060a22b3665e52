// The only place where protobuf is spoken, with the messages it includes: one pair of functions per event, `pack` and `unpack`.
#include "events/codec.hpp"

#include <algorithm>

#include "events/command_messages.hpp"
#include "events/messages.hpp"
#include "events/people_messages.hpp"
#include "events/upcast.hpp"

namespace heliograph {
namespace {

template <class E>
bool decode_as(const std::string& body, Event& out) {
  using Message = decltype(pack(std::declval<const E&>()));
  Message message;
  E event;
  if (!message.ParseFromString(body) || !unpack(message, event)) return false;
  out = std::move(event);
  return true;
}

template <std::size_t I = 0>
bool decode_event(std::string_view type, const std::string& body, Event& out) {
  if constexpr (I < std::variant_size_v<EventKinds>) {
    if (type_name(std::variant_alternative_t<I, EventKinds>{}) == type) return decode_as<std::variant_alternative_t<I, EventKinds>>(body, out);
    return decode_event<I + 1>(type, body, out);
  } else {
    return false;
  }
}

std::string finish(const Envelope& e, std::string body) {
  log::Envelope m;
  m.set_position(e.position);
  m.set_tenant(e.site.tenant.text);
  m.set_site(e.site.site.text);
  m.set_stream(e.stream);
  m.set_version(e.version);
  m.set_type(e.type);
  m.set_schema(e.schema);
  m.set_occurred_at_us(e.occurred_at);
  m.set_recorded_at_us(e.recorded_at);
  m.set_principal_kind(static_cast<std::uint32_t>(e.principal.kind));
  m.set_principal_name(e.principal.name);
  m.set_cause(e.cause);
  m.set_correlation(e.correlation);
  m.set_idempotency_key(e.idempotency_key);
  m.set_body(std::move(body));
  return m.SerializeAsString();
}

tl::unexpected<Error> damaged(Position position, const char* what) {
  return fail(Errc::corrupt, "The record at position " + std::to_string(position) + " is damaged: " + what +
                                 ". Run `heliograph verify` and restore a backup.");
}

}  // namespace

std::string encode_record(const Record& record) {
  if (!record.is_readings())
    return finish(record.envelope, std::visit([](const auto& e) { return pack(e).SerializeAsString(); }, record.event()));
  if (record.envelope.schema == 1) return finish(record.envelope, encode_readings(record.readings()));
  return encode_record(record, content_of(record.readings()));
}

std::string encode_record(const Record& record, const Digest& content) {
  ensure(record.is_readings() && record.envelope.schema == readings_schema, "only readings have their rows beside them", "events/codec.cpp");
  return finish(record.envelope, std::string(bytes_of(content)));
}

Status says_what_was_sealed(const Record& record, std::string_view payload) {
  if (!record.is_readings() || record.envelope.schema == 1 || encode_record(record) == payload) return {};
  return damaged(record.envelope.position, "its readings are not those that were sealed");
}

Result<Record> decode_record(std::string_view payload, Position position, std::string_view rows) {
  log::Envelope m;
  if (!m.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) return damaged(position, "its envelope cannot be parsed");
  if (m.position() != position) return damaged(position, "it says that it belongs elsewhere");
  Record record;
  Envelope& e = record.envelope;
  e.position = m.position();
  e.site = {{m.tenant()}, {m.site()}};
  e.stream = m.stream();
  e.version = m.version();
  e.type = m.type();
  e.schema = m.schema();
  e.occurred_at = m.occurred_at_us();
  e.recorded_at = m.recorded_at_us();
  if (!take(m.principal_kind(), PrincipalKind::device, e.principal.kind)) return damaged(position, "unknown principal");
  e.principal.name = m.principal_name();
  e.cause = m.cause();
  e.correlation = m.correlation();
  e.idempotency_key = m.idempotency_key();
  if (auto done = upcast(e.type, e.schema, *m.mutable_body()); !done) return fail(done.error());
  if (e.type == readings_type) {
    if (e.schema != 1 && m.body().size() != Digest{}.size()) return damaged(position, "it does not say what its readings are");
    auto batch = decode_readings(e.schema == 1 ? std::string_view(m.body()) : rows);
    if (!batch) return fail(batch.error());
    if (batch->size() == 0) return damaged(position, "an empty batch of readings");
    record.body = std::make_shared<const ReadingBatch>(std::move(*batch));
    return record;
  }
  Event event;
  if (!decode_event(e.type, m.body(), event)) return damaged(position, "its body does not fit its type");
  record.body = std::move(event);
  return record;
}

}  // namespace heliograph
