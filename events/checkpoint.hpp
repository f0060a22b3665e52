// Signed checkpoints: "the log stood here, and I said so". Ed25519 over the position and both seals, so that a
// cut tail or a rewritten history shows against a copy kept elsewhere (every export carries one).
#pragma once

#include <string>
#include <string_view>

#include "events/digest.hpp"
#include "events/ids.hpp"

namespace heliograph {

class SigningKey {
 public:
  /// Reads the key file (32 bytes, mode 0600) or makes it. Errors: io, corrupt.
  static Result<SigningKey> open(const std::string& path);
  static SigningKey from_seed(const Digest& seed);  // tests, in-memory stores
  /// First 8 bytes of SHA-256 of the public key, hex.
  const std::string& key_id() const { return key_id_; }
  const std::string& public_key() const { return public_key_; }  // 32 bytes
  std::string sign(std::string_view text) const;                // 64 bytes

 private:
  Digest seed_{};
  std::string public_key_, key_id_;
};

bool signature_holds(std::string_view public_key, std::string_view text, std::string_view signature);
/// The text that is signed: three lines, origin, position, seal in hex.
std::string checkpoint_text(std::string_view origin, Position covers, std::string_view seal);

}  // namespace heliograph
