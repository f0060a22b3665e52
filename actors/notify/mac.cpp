#include "actors/notify/mac.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "events/result.hpp"

namespace heliograph::notify {
namespace {

std::string hmac(const EVP_MD* digest, const Secret& key, std::string_view message) {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  const auto* made = HMAC(digest, key.reveal().data(), static_cast<int>(key.reveal().size()),
                          reinterpret_cast<const unsigned char*>(message.data()), message.size(), out, &size);
  ensure(made != nullptr, "OpenSSL can make a keyed digest", "hmac");
  return {reinterpret_cast<const char*>(out), size};
}

}  // namespace

std::string hmac_sha1(const Secret& key, std::string_view message) { return hmac(EVP_sha1(), key, message); }
std::string hmac_sha256(const Secret& key, std::string_view message) { return hmac(EVP_sha256(), key, message); }

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace heliograph::notify
