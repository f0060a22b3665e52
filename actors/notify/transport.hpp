// The one way out of the house for notices: HTTP requests and mails, each within bounds of time and size, each to an
// address that the guard has checked. Blocks; keeps no connection, cookie or state between calls. Not for devices,
// which have clients of their own that may reach the LAN.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "actors/notify/address_guard.hpp"
#include "events/secret.hpp"
#include "events/time.hpp"

namespace heliograph::notify {

struct TransportOptions {
  AddressPolicy policy;
  Micros connect_timeout = 5 * second_us;
  Micros total_timeout = 15 * second_us;  // from connecting to the end of the answer; name resolution comes before
  std::size_t answer_bytes_max = 65'536;  // what follows is not read
  std::size_t head_bytes_max = 16'384;
  std::string ca_file;  // PEM; empty: what the system trusts
  Resolve resolve = resolve_by_system;
};

struct HttpRequest {
  std::string method = "POST";
  std::string url;
  std::vector<std::string> headers;  // "Name: value"; CR and LF are refused
  std::string body;
};

/// How far an exchange came.
enum class Exchange : std::uint8_t {
  answered,
  wrong_address,      // the URL or host itself is refused, today and tomorrow
  forbidden_address,  // the name stands for an address that is not allowed, today
  unreachable,        // nothing of the request has left
  unknown             // it left, and nobody can say whether the other end acted on it
};

struct HttpAnswer {
  Exchange exchange = Exchange::unreachable;
  int status = 0;
  std::string body;  // as it came, not decoded; from a stranger: never shown to people
  bool cut = false;  // the answer went on beyond answer_bytes_max
  std::optional<std::string> retry_after;
  std::string detail;  // when not answered: a sentence without anything secret
};

HttpAnswer exchange(const HttpRequest& request, const TransportOptions& options);

enum class MailSecurity : std::uint8_t {
  starttls,       // port 587; without STARTTLS nothing is sent
  tls,            // port 465
  plain_loopback  // a relay on this machine: refused for any other address
};

struct MailServer {
  std::string host;
  std::uint16_t port = 587;
  MailSecurity security = MailSecurity::starttls;
  std::string user;  // empty: no AUTH
  Secret password;
  std::string hello_name;  // after EHLO; empty: what curl finds
};

struct MailAnswer {
  Exchange exchange = Exchange::unreachable;
  int code = 0;           // the last reply code; 0: none
  bool accepted = false;  // the server took the message
  bool no_starttls = false, login_refused = false;
  std::string detail;
};

/// Requires: plain addresses, and a message with CRLF line ends whose lines are under 998 bytes.
MailAnswer send_mail(const MailServer& server, const std::string& from, const std::string& to,
                     const std::string& message, const TransportOptions& options);

}  // namespace heliograph::notify
