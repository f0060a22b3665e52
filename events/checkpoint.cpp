#include "events/checkpoint.hpp"

#include <openssl/evp.h>

#include <memory>

#include "events/key_file.hpp"

namespace heliograph {
namespace {

struct FreeKey { void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); } };
struct FreeContext { void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); } };
using Key = std::unique_ptr<EVP_PKEY, FreeKey>;
using Context = std::unique_ptr<EVP_MD_CTX, FreeContext>;

const unsigned char* raw(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

}  // namespace

SigningKey SigningKey::from_seed(const Digest& seed) {
  SigningKey key;
  key.seed_ = seed;
  const Key pkey(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), seed.size()));
  std::size_t size = 32;
  key.public_key_.resize(size);
  ensure(pkey && EVP_PKEY_get_raw_public_key(pkey.get(), reinterpret_cast<unsigned char*>(key.public_key_.data()), &size) == 1,
         "OpenSSL has Ed25519", "events/checkpoint.cpp");
  key.key_id_ = hex(bytes_of(sha256({key.public_key_})).substr(0, 8));
  return key;
}

Result<SigningKey> SigningKey::open(const std::string& path) {
  auto seed = open_key_file(path, "signing key");
  if (!seed) return fail(seed.error());
  return from_seed(*seed);
}

std::string SigningKey::sign(std::string_view text) const {
  const Key pkey(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed_.data(), seed_.size()));
  const Context context(EVP_MD_CTX_new());
  std::string out(64, '\0');
  std::size_t size = out.size();
  ensure(EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, pkey.get()) == 1 &&
             EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(out.data()), &size, raw(text), text.size()) == 1,
         "signing works", "events/checkpoint.cpp");
  return out;
}

bool signature_holds(std::string_view public_key, std::string_view text, std::string_view signature) {
  const Key pkey(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, raw(public_key), public_key.size()));
  const Context context(EVP_MD_CTX_new());
  return pkey && EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, pkey.get()) == 1 &&
         EVP_DigestVerify(context.get(), raw(signature), signature.size(), raw(text), text.size()) == 1;
}

std::string checkpoint_text(std::string_view origin, Position covers, std::string_view seal) {
  return std::string(origin) + "\n" + std::to_string(covers) + "\n" + hex(seal) + "\n";
}

}  // namespace heliograph
