#include "api/http/writer.hpp"

#include <charconv>

#include "api/http/strict.hpp"
#include "events/result.hpp"

namespace heliograph::http {
namespace {

constexpr std::string_view on_every_answer =
    "X-Content-Type-Options: nosniff\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "X-Frame-Options: DENY\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n"
    "Cross-Origin-Opener-Policy: same-origin\r\n"
    "Permissions-Policy: camera=(), geolocation=(), microphone=()\r\n";
constexpr std::string_view only_secure = "Strict-Transport-Security: max-age=31536000; includeSubDomains\r\n";
constexpr std::string_view page_policy =
    "Content-Security-Policy: default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'\r\n";
constexpr std::string_view data_policy = "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n";

void append_number(std::string& out, std::size_t number) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out.append(digits, end);
}

/// A value may carry text from outside; a control byte in it must not begin a new line.
void append_value(std::string& out, std::string_view value) {
  for (char c : value) out.push_back(static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c);
}

void append_status(std::string& out, int status) {
  ensure(status >= 100 && status <= 599, "an HTTP status has three digits", "api/http/writer.cpp");
  out += "HTTP/1.1 ";
  append_number(out, static_cast<std::size_t>(status));
  out += ' ';
  out += reason(status);
  out += "\r\n";
}

/// The route's own headers, then what stands on every answer and was not named by the route.
void append_headers(std::string& out, int status, const Headers& headers, bool secure) {
  // Browsers write the headers of a 304 over those of the page that they have: its policy stays as it was.
  bool own_cache = false, own_policy = status == 304, page = false;
  for (const auto& [key, value] : headers) {
    ensure(is_token(key), "a header name must be a token", "api/http/writer.cpp");
    // The framing is the writer's: a route's own idea of it would be a second one.
    if (same_ignoring_case(key, "content-length") || same_ignoring_case(key, "transfer-encoding") ||
        same_ignoring_case(key, "connection"))
      continue;
    if (same_ignoring_case(key, "cache-control")) own_cache = true;
    if (same_ignoring_case(key, "content-security-policy")) own_policy = true;
    if (same_ignoring_case(key, "content-type") && value.rfind("text/html", 0) == 0) page = true;
    out += key;
    out += ": ";
    append_value(out, value);
    out += "\r\n";
  }
  if (!own_cache) out += "Cache-Control: no-store\r\n";
  if (!own_policy) out += page ? page_policy : data_policy;
  if (secure) out += only_secure;
  out += on_every_answer;
}

}  // namespace

std::string_view reason(int status) {
  switch (status) {
    case 100: return "Continue";
    case 101: return "Switching Protocols";
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 206: return "Partial Content";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 416: return "Range Not Satisfiable";
    case 417: return "Expectation Failed";
    case 421: return "Misdirected Request";
    case 422: return "Unprocessable Content";
    case 426: return "Upgrade Required";
    case 428: return "Precondition Required";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    case 505: return "HTTP Version Not Supported";
    case 507: return "Insufficient Storage";
    default: return "Status";
  }
}

bool may_have_body(int status) { return status >= 200 && status != 204 && status != 304; }

void append_head(std::string& out, const Response& response, bool keep_alive, bool secure) {
  append_status(out, response.status);
  append_headers(out, response.status, response.headers, secure);
  if (may_have_body(response.status)) {
    out += "Content-Length: ";
    append_number(out, response.shared_body ? response.shared_body->size() : response.body.size());
    out += "\r\n";
  }
  out += keep_alive ? "\r\n" : "Connection: close\r\n\r\n";
}

void append_switch_head(std::string& out, const Headers& headers, std::string_view accept, bool secure) {
  append_status(out, 101);
  append_headers(out, 101, headers, secure);
  out += "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ";
  out += accept;
  out += "\r\n\r\n";
}

void append_stream_head(std::string& out, const Headers& headers, bool secure) {
  append_status(out, 200);
  append_headers(out, 200, headers, secure);
  out += "Connection: close\r\n\r\n";
}

}  // namespace heliograph::http
