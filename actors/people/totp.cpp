#include "actors/people/totp.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>

#include "actors/people/secrets.hpp"

namespace heliograph::people {

std::string hotp(std::string_view seed, std::uint64_t counter, int digits) {
  std::array<unsigned char, 8> message{};
  for (int i = 7; i >= 0; --i, counter >>= 8) message[static_cast<std::size_t>(i)] = static_cast<unsigned char>(counter);
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
  unsigned length = 0;
  HMAC(EVP_sha1(), seed.data(), static_cast<int>(seed.size()), message.data(), message.size(), mac.data(), &length);
  const std::size_t at = mac[length - 1] & 0x0F;
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < 4; ++i) number = number << 8 | mac[at + i];
  number &= 0x7FFFFFFF;
  std::string out;
  for (int i = 0; i < digits; ++i, number /= 10) out.insert(out.begin(), static_cast<char>('0' + number % 10));
  return out;
}

std::optional<std::int64_t> step_of(std::string_view seed, std::string_view code, Micros at, std::int64_t used) {
  const std::int64_t now = at / totp_step;
  std::optional<std::int64_t> found;
  for (const std::int64_t step : {now - 1, now, now + 1})  // all three, always: it takes as long whichever it is
    if (same_secret(hotp(seed, static_cast<std::uint64_t>(step)), code) && step > used && !found) found = step;
  return found;
}

std::string base32(std::string_view bytes) {
  static constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::string out;
  std::uint32_t held = 0;
  int bits = 0;
  for (const char byte : bytes) {
    held = held << 8 | static_cast<unsigned char>(byte);
    for (bits += 8; bits >= 5; bits -= 5) out += letters[held >> (bits - 5) & 31];
  }
  if (bits > 0) out += letters[held << (5 - bits) & 31];
  return out;
}

std::string otpauth_uri(std::string_view seed, std::string_view account) {
  return "otpauth://totp/Heliograph:" + std::string(account) + "?secret=" + base32(seed) + "&issuer=Heliograph&algorithm=SHA1&digits=6&period=30";
}

std::vector<std::string> make_backup_codes() {
  static constexpr std::string_view letters = "abcdefghjkmnpqrstuvwxyz23456789z";  // nothing that is taken for something else
  std::vector<std::string> out;
  for (std::size_t i = 0; i < backup_codes; ++i) {
    std::string code;
    for (const char byte : random_bytes(10)) code += letters[static_cast<unsigned char>(byte) & 31];
    out.push_back(code.insert(5, "-"));
  }
  return out;
}

}  // namespace heliograph::people
