#include "actors/people/secrets.hpp"

#include <sodium.h>

#include <array>

namespace heliograph::people {
namespace {

void need_sodium() {
  static const bool ready = sodium_init() >= 0;
  ensure(ready, "libsodium starts", "actors/people/secrets.cpp");
}

unsigned char* bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }
const unsigned char* bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

constexpr int url_variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;

}  // namespace

std::string random_bytes(std::size_t n) {
  need_sodium();
  std::string out(n, '\0');
  randombytes_buf(out.data(), out.size());
  return out;
}

std::string random_token() { return base64url(random_bytes(32)); }
std::string random_id(std::size_t n) { return hex(random_bytes(n)); }

std::string base64url(std::string_view plain) {
  std::string out(sodium_base64_encoded_len(plain.size(), url_variant), '\0');
  sodium_bin2base64(out.data(), out.size(), bytes(plain), plain.size(), url_variant);
  out.pop_back();  // the final zero
  return out;
}

std::optional<std::string> from_base64url(std::string_view text) {
  std::string out(text.size(), '\0');
  std::size_t length = 0;
  if (sodium_base642bin(bytes(out), out.size(), text.data(), text.size(), nullptr, &length, nullptr, url_variant) != 0) return std::nullopt;
  out.resize(length);
  if (base64url(out) != text) return std::nullopt;  // bits behind the last byte: one text per byte string
  return out;
}

Digest Secrets::derive(std::string_view purpose) const { return keyed_digest("derive", purpose); }

Digest Secrets::keyed_digest(std::string_view purpose, std::string_view text) const {
  // BLAKE2b with the key; lengths keep purpose and text apart.
  need_sodium();
  Digest out{};
  crypto_generichash_state state;
  crypto_generichash_init(&state, key_.data(), key_.size(), out.size());
  const std::array<unsigned char, 1> length{static_cast<unsigned char>(purpose.size())};
  crypto_generichash_update(&state, length.data(), length.size());
  crypto_generichash_update(&state, bytes(purpose), purpose.size());
  crypto_generichash_update(&state, bytes(text), text.size());
  crypto_generichash_final(&state, out.data(), out.size());
  return out;
}

std::string Secrets::seal(std::string_view plain, std::string_view about) const {
  const Digest key = derive("seal");
  const std::string nonce = random_bytes(crypto_aead_xchacha20poly1305_ietf_NPUBBYTES);
  std::string sealed(plain.size() + crypto_aead_xchacha20poly1305_ietf_ABYTES, '\0');
  unsigned long long length = 0;
  crypto_aead_xchacha20poly1305_ietf_encrypt(bytes(sealed), &length, bytes(plain), plain.size(), bytes(about), about.size(), nullptr, bytes(nonce), key.data());
  sealed.resize(length);
  return nonce + sealed;
}

Result<std::string> Secrets::open(std::string_view sealed, std::string_view about) const {
  need_sodium();
  constexpr std::size_t nonce = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, tag = crypto_aead_xchacha20poly1305_ietf_ABYTES;
  const auto refuse = [] { return fail(Errc::corrupt, "A sealed secret does not open: is people.key that of this data directory?"); };
  if (sealed.size() < nonce + tag) return refuse();
  const Digest key = derive("seal");
  std::string plain(sealed.size() - nonce - tag, '\0');
  unsigned long long length = 0;
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(bytes(plain), &length, nullptr, bytes(sealed.substr(nonce)), sealed.size() - nonce, bytes(about), about.size(),
                                                 bytes(sealed), key.data()) != 0)
    return refuse();
  plain.resize(length);
  return plain;
}

}  // namespace heliograph::people
