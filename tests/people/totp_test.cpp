// TOTP against the vectors of its RFCs, one use a step, and clocks that differ a little.
#include "actors/people/totp.hpp"

#include <catch2/catch.hpp>
#include <set>

using namespace heliograph;
using namespace heliograph::people;

namespace {
const std::string rfc_seed = "12345678901234567890";
}

TEST_CASE("codes are those of RFC 4226 and RFC 6238") {
  const std::vector<std::string> hotp_codes{"755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"};
  for (std::size_t i = 0; i < hotp_codes.size(); ++i) CHECK(hotp(rfc_seed, i) == hotp_codes[i]);
  const std::vector<std::pair<std::uint64_t, std::string>> totp_codes{{59, "94287082"}, {1111111109, "07081804"}, {1111111111, "14050471"},
                                                                     {1234567890, "89005924"}, {2000000000, "69279037"}, {20000000000, "65353130"}};
  for (const auto& [at, code] : totp_codes) CHECK(hotp(rfc_seed, at / 30, 8) == code);
}

TEST_CASE("a code is good for its step and one to each side, and never twice (L3)") {
  const Micros at = 1'700'000'010 * second_us;
  const std::int64_t now = at / totp_step;
  const auto code = [](std::int64_t step) { return hotp(rfc_seed, static_cast<std::uint64_t>(step)); };
  CHECK(step_of(rfc_seed, code(now), at, 0) == now);
  CHECK(step_of(rfc_seed, code(now - 1), at, 0) == now - 1);
  CHECK(step_of(rfc_seed, code(now + 1), at, 0) == now + 1);
  CHECK_FALSE(step_of(rfc_seed, code(now - 2), at, 0));
  CHECK_FALSE(step_of(rfc_seed, code(now + 2), at, 0));
  CHECK_FALSE(step_of(rfc_seed, code(now), at, now));        // used
  CHECK_FALSE(step_of(rfc_seed, code(now - 1), at, now));    // older than one that was used
  CHECK(step_of(rfc_seed, code(now + 1), at, now) == now + 1);
  CHECK_FALSE(step_of(rfc_seed, "", at, 0));
  CHECK_FALSE(step_of(rfc_seed, code(now) + "0", at, 0));
}

TEST_CASE("seeds are given to apps as they read them, backup codes are ten and differ") {
  CHECK(base32(rfc_seed) == "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
  CHECK(base32("f") == "MY");
  CHECK(base32("foobar") == "MZXW6YTBOI");
  CHECK(otpauth_uri(rfc_seed, "anna") == "otpauth://totp/Heliograph:anna?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Heliograph&algorithm=SHA1&digits=6&period=30");
  const auto codes = make_backup_codes();
  CHECK(codes.size() == 10);
  CHECK(std::set<std::string>(codes.begin(), codes.end()).size() == 10);
  for (const std::string& code : codes) CHECK((code.size() == 11 && code[5] == '-'));
}
