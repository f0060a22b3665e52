// Renders answers into bytes. Every answer of the server passes here, so what must stand on every answer (length,
// security headers) is added here and nowhere else. Pure.
#pragma once

#include <string>
#include <string_view>

#include "api/http/types.hpp"

namespace heliograph::http {

std::string_view reason(int status);

/// Appends status line and headers. Content-Length is always sent, except where HTTP forbids it (1xx, 204) and for
/// streams, which end with the connection. Defaults, unless the response names them itself: Cache-Control no-store,
/// and a Content-Security-Policy by kind of content. `secure`: it goes over TLS, and browsers shall never ask without.
void append_head(std::string& out, const Response& response, bool keep_alive, bool secure = false);
/// 101: the connection is a WebSocket from here on.
void append_switch_head(std::string& out, const Headers& headers, std::string_view accept, bool secure = false);
void append_stream_head(std::string& out, const Headers& headers, bool secure = false);
/// True when this status may carry a body.
bool may_have_body(int status);

}  // namespace heliograph::http
