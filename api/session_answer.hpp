// A session as it is told to whoever has just got one: tokens for machines, cookies for browsers.
#pragma once

#include "actors/people/bearer.hpp"
#include "api/door.hpp"
#include "api/translate.hpp"

namespace heliograph::api {

/// What a turn needs of a session that begins, or goes on with another refresh token.
struct NewSession {
  SessionId id{people::random_id(8)};
  std::string random = people::random_token();  // of its refresh token
  std::string digest() const { return std::string(bytes_of(sha256({random}))); }
};

struct SessionForm {
  bool cookie = false;
  int status = 200;
  bool names_device = true;  // a refresh does not: it comes from one that has a name
  std::string device = {};   // the one that asked, if it is known; otherwise it gets a name
};

/// What a browser that has been here brings along, so that nobody can keep it out by failing often (docs/SECURITY.md).
inline constexpr const char* device_cookie = "heliograph-device";

/// A session as the turn left it that began it or let it go on: what comes right behind that turn does not change the answer.
struct SeenSession {
  TenantId tenant;
  UserSaved user;
  Micros expires_at = 0;
  bool second_factor = false;
  Position devices_from = 0;
};
/// Requires: there is such a session.
SeenSession see(const People& all, const SessionId& session);
http::Response session_response(Service& service, const http::Request& request, const NewSession& fresh, const SeenSession& seen, const SessionForm& form);
void forget_cookies(http::Response& response, bool secure);
/// Whether this user has logged in from that device before, and not forgotten it since.
bool is_known_device(Service& service, const TenantId& tenant, const UserId& user, std::string_view device);

}  // namespace heliograph::api
