// Access tokens: JSON Web Tokens signed with Ed25519 (RFC 7519, 8037), by one key at a time. A token says only which session it is
// of; what the session may do is looked up when it is used, so nothing outlives a logout. Read as RFC 8725 asks: the header has
// to be, byte for byte, one that this installation writes, so there is no algorithm, key or type to choose.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "actors/people/secrets.hpp"
#include "events/checkpoint.hpp"
#include "events/people_events.hpp"

namespace heliograph::people {

inline constexpr Micros token_life = 15 * minute_us, token_leeway = 30 * second_us;
inline constexpr Micros token_key_life = 30 * day_us;  // then another key signs; the old one counts until its last token has ended
inline constexpr std::size_t token_bytes_max = 2'048;

class TokenMint {
 public:
  explicit TokenMint(const Secrets& secrets) : secrets_(secrets) {}
  /// Good for token_life from `at`.
  std::string make(const SessionId& session, const UserId& user, Micros at) const;
  /// The session whose token this is. Nothing when it is not ours, not good any more or not yet: who asks learns no more.
  std::optional<SessionId> check(std::string_view token, Micros at) const;

 private:
  struct Key {
    std::string header;  // base64url, as every token of this key begins
    SigningKey key;
  };
  /// What a token says, once its signature holds: so it is as make() wrote it. Seconds.
  struct Claims {
    std::string session;
    std::int64_t not_before = 0, expires = 0;
    std::int64_t key = 0;  // that signed it
  };
  std::shared_ptr<const Key> key_of(std::int64_t number) const;
  static std::optional<Claims> read_claims(const std::string& json);
  std::optional<Claims> verified(std::string_view token, std::int64_t number) const;
  const Secrets& secrets_;
  mutable std::mutex mutex_;
  mutable std::map<std::int64_t, std::shared_ptr<const Key>> made_;  // guarded by mutex_: every request asks for one
  // What held, by the token's digest: checking a signature takes a tenth of a millisecond, and a token comes with every request.
  mutable std::map<Digest, Claims> held_;  // guarded by mutex_
};

}  // namespace heliograph::people
