// What somebody shows to prove who they are, and what that is worth: looked at beside the serving threads (people::SlowLane); what
// follows from it is decided in actors/core/people.
#pragma once

#include <memory>

#include "api/door.hpp"
#include "api/translate.hpp"

namespace heliograph::api {

struct Proof {
  TenantId tenant;
  UserId user;
  Secret password;
  std::string code = {};  // empty = none was given
};

/// The fields `password_field` and "code".
std::shared_ptr<Proof> read_proof(FieldReader& fields, const char* password_field);
/// Slow: not on a serving thread. The same work whether or not there is such a user, and whether or not they may log in.
Login look_at(Service& service, const Proof& proof, const http::Request& request);
/// The answer to a proof that falls short.
http::Response not_proved(const LoginAnswer& answer);
http::Response locked(Micros wait);
/// What a secret of somebody is sealed for.
std::string about(std::string_view what, const TenantId& tenant, const UserId& user);
/// Why this is no password for them; nothing when it is good.
std::optional<std::string> weakness(const Secret& password, const UserSaved& user, bool second_factor);

}  // namespace heliograph::api
