#include "events/digest.hpp"

#include <openssl/evp.h>

namespace heliograph {

struct Hasher::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  ~State() { EVP_MD_CTX_free(context); }
};

Hasher::Hasher() : state_(std::make_unique<State>()) {
  // Fetched once: an implicit fetch for every digest costs more than hashing a short record.
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  ensure(EVP_DigestInit_ex2(state_->context, algorithm, nullptr) == 1, "OpenSSL has SHA-256", "events/digest.cpp");
}
Hasher::~Hasher() = default;

void Hasher::add(std::string_view bytes) {
  ensure(EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()) == 1, "hashing works", "events/digest.cpp");
}

Digest Hasher::finish() {
  Digest out{};
  unsigned size = 0;
  ensure(EVP_DigestFinal_ex(state_->context, out.data(), &size) == 1 && size == out.size(), "hashing works", "events/digest.cpp");
  return out;
}

Digest sha256(std::initializer_list<std::string_view> parts) {
  Hasher hasher;
  for (auto part : parts) hasher.add(part);
  return hasher.finish();
}

std::string hex(std::string_view bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

}  // namespace heliograph
