// Codes of an authenticator app: RFC 6238 with SHA-1, 6 digits, 30 s, as every app knows them; and the codes on paper for the day
// when the telephone is gone.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/time.hpp"

namespace heliograph::people {

inline constexpr std::size_t totp_seed_bytes = 20, backup_codes = 10;
inline constexpr Micros totp_step = 30 * second_us;

/// RFC 4226: `digits` (6 to 8) of HMAC-SHA-1 over the counter.
std::string hotp(std::string_view seed, std::uint64_t counter, int digits = 6);
/// The step whose code this is: now, the one before or the one after (clocks differ). Nothing when it is none of them, or not above `used`.
std::optional<std::int64_t> step_of(std::string_view seed, std::string_view code, Micros at, std::int64_t used);
/// RFC 4648 base32 without padding, as apps take seeds by hand.
std::string base32(std::string_view bytes);
/// otpauth://totp/Heliograph:anna?secret=...&issuer=Heliograph&algorithm=SHA1&digits=6&period=30
std::string otpauth_uri(std::string_view seed, std::string_view account);
/// Ten codes, each 50 random bits as "k7mq2-x9dfp".
std::vector<std::string> make_backup_codes();

}  // namespace heliograph::people
