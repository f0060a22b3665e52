// What proves who somebody is: random tokens, seals, digests with a key. Thin over libsodium; nothing here knows a log or a thread.
// Everything of an installation is derived from one key file beside the log (DATA/people.key, 32 bytes, mode 0600): who copies the
// log or an export has no secret.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "events/digest.hpp"
#include "events/result.hpp"
#include "events/secret.hpp"

namespace heliograph::people {

std::string random_bytes(std::size_t n);
/// 256 random bits as 43 characters of base64url.
std::string random_token();
/// `n` bytes as lower-case hex: ids of sessions and keys.
std::string random_id(std::size_t n);
std::string base64url(std::string_view bytes);
/// Nothing when `text` is not exactly what base64url() writes.
std::optional<std::string> from_base64url(std::string_view text);

class Secrets {
 public:
  explicit Secrets(const Digest& key) : key_(key) {}
  /// XChaCha20-Poly1305 with a nonce of its own, bound to `about`: what was sealed for one thing does not open for another.
  std::string seal(std::string_view plain, std::string_view about) const;
  /// Error corrupt: damaged, of another installation, or sealed for something else.
  Result<std::string> open(std::string_view sealed, std::string_view about) const;
  /// A key for one purpose; no purpose's key tells another's.
  Digest derive(std::string_view purpose) const;
  /// What only this installation can compute of `text`.
  Digest keyed_digest(std::string_view purpose, std::string_view text) const;

 private:
  Digest key_;
};

}  // namespace heliograph::people
