// SHA-256 and Ed25519 over bytes, thin over OpenSSL.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "events/result.hpp"

namespace heliograph {

using Digest = std::array<std::uint8_t, 32>;

/// SHA-256 of the parts one after the other.
Digest sha256(std::initializer_list<std::string_view> parts);
std::string hex(std::string_view bytes);
inline std::string_view bytes_of(const Digest& d) { return {reinterpret_cast<const char*>(d.data()), d.size()}; }

/// SHA-256 fed piece by piece.
class Hasher {
 public:
  Hasher();
  ~Hasher();
  Hasher(const Hasher&) = delete;
  Hasher& operator=(const Hasher&) = delete;
  void add(std::string_view bytes);
  Digest finish();  // the hasher is spent

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace heliograph
