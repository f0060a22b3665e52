// Keyed digests for messages in and out (RFC 2104), thin over OpenSSL, and the comparison that tells a guesser nothing.
#pragma once

#include <string>
#include <string_view>

#include "events/secret.hpp"

namespace heliograph::notify {

/// 20 raw bytes. Twilio's signatures only: no new use.
std::string hmac_sha1(const Secret& key, std::string_view message);
/// 32 raw bytes.
std::string hmac_sha256(const Secret& key, std::string_view message);
/// Takes as long for a first byte that differs as for the last. The length is no secret.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace heliograph::notify
