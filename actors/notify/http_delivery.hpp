// What the answers of HTTP services have in common: what was never answered, and how long one is asked to wait. One
// rule throughout: what the network or the other end may mend goes `later`, what only our owner can mend is `disabled`.
#pragma once

#include <string>

#include "actors/notify/channel.hpp"
#include "actors/notify/transport.hpp"

namespace heliograph::notify {

Delivery delivered(std::string reference);
Delivery refused(std::string detail);
Delivery disabled(std::string detail);
Delivery later(std::string detail);
/// For what may not be sent any more.
Delivery expired();

/// For an exchange that brought no answer.
Delivery not_answered(const HttpAnswer& answer);
/// "<service> answered 503: it is tried again." with the wait that was asked for.
Delivery answered_later(const std::string& service, const HttpAnswer& answer, Micros now);

/// Retry-After as seconds or as an HTTP date (RFC 9110); nothing when it is neither.
std::optional<Micros> retry_moment(std::string_view value, Micros now);

}  // namespace heliograph::notify
