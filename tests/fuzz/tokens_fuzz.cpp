// Any bytes where somebody shows who they are: an access token, claims under a good signature, a refresh token, a device, an API key, a
// header of cookies. What is taken is, byte for byte, what would have been made here.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "actors/people/bearer.hpp"
#include "actors/people/tokens.hpp"
#include "api/door.hpp"

namespace {

using namespace heliograph;

constexpr Micros now = 1'700'000'000 * second_us;
const people::Secrets secrets(Digest{7});
const people::TokenMint mint(secrets);
const SigningKey key = SigningKey::from_seed(secrets.derive("token-" + std::to_string(now / people::token_key_life)));

void look_at(const std::string& text) {
  if (mint.check(text, now)) {
    const std::string said = text.substr(0, text.rfind('.'));
    ensure(text == said + "." + people::base64url(key.sign(said)), "a token that is taken was signed here");
  }
  if (const auto read = people::read_refresh_token(secrets, text)) {
    const auto first = text.find('.'), last = text.rfind('.');
    ensure(text == people::refresh_token(secrets, read->session, std::string_view(text).substr(first + 1, last - first - 1)), "a refresh token is written in one way");
  }
  if (const auto read = people::read_api_key(text)) {
    const std::size_t secret = people::api_key_mark.size() + read->id.text.size() + 1;
    ensure(is_id(read->id.text) && text == people::api_key(read->id, std::string_view(text).substr(secret)), "a key is written in one way");
  }
  people::is_device_token(secrets, {"local"}, {"anna"}, 5, text);
}

void look_at_cookies(const std::string& text) {
  http::Request request;
  request.headers.emplace_back("Cookie", text);
  for (const char* name : {"heliograph", "__Host-heliograph", ""}) {
    const auto value = api::Door::cookie(request, name);
    ensure(!value || (value->find(';') == std::string::npos && text.find(std::string(name) + "=" + *value) != std::string::npos), "a cookie's value stands behind its name");
    if (!value) continue;
    request.headers.emplace_back("cookie", std::string(name) + "=" + *value);
    ensure(!api::Door::cookie(request, name), "two cookies of one name are none");
    request.headers.pop_back();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(bytes), size);
  look_at(text);
  look_at_cookies(text);
  // The same bytes as claims, so that what lies behind the signature is reached.
  static const std::string header = mint.make({"5e551017"}, {"anna"}, now).substr(0, mint.make({"5e551017"}, {"anna"}, now).find('.'));
  const std::string claims = header + "." + people::base64url(text);
  mint.check(claims + "." + people::base64url(key.sign(claims)), now);
  return 0;
}
