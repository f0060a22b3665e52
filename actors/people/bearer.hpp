// The texts that browsers and machines carry: refresh tokens, devices, API keys. Who holds one is taken for its owner, so a text is
// either exactly one that was made here, or nothing. None of them is kept in readable form.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "actors/people/secrets.hpp"
#include "events/people_events.hpp"

namespace heliograph::people {

/// "<session>.<random>.<proof>". The proof shows, however late the token comes, that this installation made it for this session.
std::string refresh_token(const Secrets& secrets, const SessionId& session, std::string_view random);
struct RefreshToken {
  SessionId session;
  std::string digest;  // of the random part: what the session is on record with
};
/// Nothing when it was not made here.
std::optional<RefreshToken> read_refresh_token(const Secrets& secrets, std::string_view text);

/// "<random>.<proof>": a device of its own, known from its first login until the user forgets all of them (`from`: User::devices_from).
std::string device_token(const Secrets& secrets, const TenantId& tenant, const UserId& user, Position from);
bool is_device_token(const Secrets& secrets, const TenantId& tenant, const UserId& user, Position from, std::string_view text);

/// "hg_<id>_<secret>".
inline constexpr std::string_view api_key_mark = "hg_";
std::string api_key(const ApiKeyId& id, std::string_view secret);
struct ApiKeyText {
  ApiKeyId id;
  Digest digest{};  // of the secret
};
/// Nothing when it has not the form of one; whether it is one, the digest shows.
std::optional<ApiKeyText> read_api_key(std::string_view text);

}  // namespace heliograph::people
