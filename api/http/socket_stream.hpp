// A WebSocket as a stream: each server-sent event becomes one text message, {"id":..,"event":"..","data":..}. So the hub has one
// kind of listener, and both ways tell the same, in the same order, with the same rules for who is slow.
#pragma once

#include "api/http/server.hpp"

namespace heliograph::http {

/// The JSON of an event as sse_frame writes it; nothing for what only keeps a connection open. The first block, which names a position
/// and no event, is {"id":..,"event":"open"}.
std::optional<std::string> socket_text(std::string_view frame);

/// Answers the handshake, or says why it is none. What the other end sends is not read: it may ask for other topics by another path.
StreamHandle open_socket_stream(const Request& request, const Responder& responder);

}  // namespace heliograph::http
