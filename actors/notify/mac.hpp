// Keyed digests for messages in and out (RFC 2104), thin over OpenSSL.
#pragma once

#include <string>
#include <string_view>

#include "events/secret.hpp"

namespace heliograph::notify {

/// 20 raw bytes. Twilio's signatures only: no new use.
std::string hmac_sha1(const Secret& key, std::string_view message);
/// 32 raw bytes.
std::string hmac_sha256(const Secret& key, std::string_view message);

}  // namespace heliograph::notify
