#include "actors/people/tokens.hpp"

#include <simdjson.h>

#include "events/json.hpp"

namespace heliograph::people {
namespace {

constexpr std::string_view issuer = "heliograph", audience = "heliograph-api";

std::int64_t seconds(Micros at) { return at / second_us; }

}  // namespace

std::shared_ptr<const TokenMint::Key> TokenMint::key_of(std::int64_t number) const {
  const std::lock_guard lock(mutex_);
  auto& key = made_[number];
  while (made_.size() > 2) made_.erase(made_.begin()->first == number ? std::prev(made_.end()) : made_.begin());  // today's, and the one before
  if (key) return key;
  const std::string name = "token-" + std::to_string(number);
  key = std::make_shared<const Key>(Key{base64url("{\"alg\":\"EdDSA\",\"kid\":\"" + name + "\",\"typ\":\"at+jwt\"}"), SigningKey::from_seed(secrets_.derive(name))});
  return key;
}

std::string TokenMint::make(const SessionId& session, const UserId& user, Micros at) const {
  JsonWriter claims;
  claims.begin_object().field("iss", issuer).field("aud", audience).field("sub", user.text).field("sid", session.text);
  claims.field("iat", seconds(at)).field("nbf", seconds(at)).field("exp", seconds(at + token_life)).end_object();
  const auto key = key_of(at / token_key_life);
  const std::string text = key->header + "." + base64url(claims.view());
  return text + "." + base64url(key->key.sign(text));
}

std::optional<TokenMint::Claims> TokenMint::read_claims(const std::string& json) {
  simdjson::dom::parser parser;
  simdjson::dom::object all;
  std::string_view iss, aud, sid;
  Claims claims;
  if (parser.parse(json).get(all) != simdjson::SUCCESS || all["iss"].get(iss) != simdjson::SUCCESS || all["aud"].get(aud) != simdjson::SUCCESS ||
      all["sid"].get(sid) != simdjson::SUCCESS || all["nbf"].get(claims.not_before) != simdjson::SUCCESS || all["exp"].get(claims.expires) != simdjson::SUCCESS ||
      iss != issuer || aud != audience)
    return std::nullopt;
  claims.session = sid;
  return claims;
}

/// Nothing when the key did not sign it.
std::optional<TokenMint::Claims> TokenMint::verified(std::string_view token, std::int64_t number) const {
  constexpr std::size_t held_max = 10'000;
  const Digest digest = sha256({token});
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = held_.find(digest); found != held_.end()) return found->second.key == number ? std::optional(found->second) : std::nullopt;
  }
  const auto first = token.find('.'), last = token.rfind('.');
  const auto key = key_of(number);
  if (token.substr(0, first) != key->header) return std::nullopt;
  const auto signature = from_base64url(token.substr(last + 1));
  const auto json = from_base64url(token.substr(first + 1, last - first - 1));
  if (!signature || !json || !signature_holds(key->key.public_key(), token.substr(0, last), *signature)) return std::nullopt;
  auto claims = read_claims(*json);
  if (!claims) return std::nullopt;
  claims->key = number;
  const std::lock_guard lock(mutex_);
  if (held_.size() >= held_max) held_.clear();
  held_.emplace(digest, *claims);
  return claims;
}

std::optional<SessionId> TokenMint::check(std::string_view token, Micros at) const {
  const auto first = token.find('.'), last = token.rfind('.');
  if (token.size() > token_bytes_max || first == std::string_view::npos || last == first) return std::nullopt;
  // The key of now, and of a moment ago: no other was used for a token that could still be good.
  const std::int64_t now = at / token_key_life, before = (at - token_life - token_leeway) / token_key_life;
  auto claims = verified(token, now);
  if (!claims && before != now) claims = verified(token, before);
  if (!claims || claims->not_before > seconds(at + token_leeway) || claims->expires <= seconds(at - token_leeway)) return std::nullopt;
  return SessionId{claims->session};
}

}  // namespace heliograph::people
