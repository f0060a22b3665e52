#include "actors/people/bearer.hpp"

#include "events/secret.hpp"

namespace heliograph::people {
namespace {

std::string proof_of(const Secrets& secrets, std::string_view purpose, const std::string& what) { return base64url(bytes_of(secrets.keyed_digest(purpose, what))); }

std::string device_proof(const Secrets& secrets, const TenantId& tenant, const UserId& user, Position from, std::string_view random) {
  return proof_of(secrets, "device", tenant.text + "/" + user.text + "/" + std::to_string(from) + "/" + std::string(random));
}

}  // namespace

std::string refresh_token(const Secrets& secrets, const SessionId& session, std::string_view random) {
  const std::string made = session.text + "." + std::string(random);
  return made + "." + proof_of(secrets, "refresh", made);
}

std::optional<RefreshToken> read_refresh_token(const Secrets& secrets, std::string_view text) {
  const auto first = text.find('.'), last = text.rfind('.');
  if (first == std::string_view::npos || last == first || text.size() > 200) return std::nullopt;
  if (!same_secret(text.substr(last + 1), proof_of(secrets, "refresh", std::string(text.substr(0, last))))) return std::nullopt;
  return RefreshToken{{std::string(text.substr(0, first))}, std::string(bytes_of(sha256({text.substr(first + 1, last - first - 1)})))};
}

std::string device_token(const Secrets& secrets, const TenantId& tenant, const UserId& user, Position from) {
  const std::string random = base64url(random_bytes(16));
  return random + "." + device_proof(secrets, tenant, user, from, random);
}

bool is_device_token(const Secrets& secrets, const TenantId& tenant, const UserId& user, Position from, std::string_view text) {
  const auto dot = text.find('.');
  if (dot == std::string_view::npos || text.size() > 200) return false;
  return same_secret(text.substr(dot + 1), device_proof(secrets, tenant, user, from, text.substr(0, dot)));
}

std::string api_key(const ApiKeyId& id, std::string_view secret) { return std::string(api_key_mark) + id.text + "_" + std::string(secret); }

std::optional<ApiKeyText> read_api_key(std::string_view text) {
  if (!text.starts_with(api_key_mark)) return std::nullopt;
  const auto split = text.find('_', api_key_mark.size());
  if (split == std::string_view::npos || !is_id(text.substr(api_key_mark.size(), split - api_key_mark.size()))) return std::nullopt;
  return ApiKeyText{{std::string(text.substr(api_key_mark.size(), split - api_key_mark.size()))}, sha256({text.substr(split + 1)})};
}

}  // namespace heliograph::people
