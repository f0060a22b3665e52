#include "actors/notify/mac.hpp"

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

}  // namespace heliograph::notify
