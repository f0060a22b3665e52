// Access tokens: the whole list of what is tried against JSON Web Tokens (reliability rows J1 to J7).
#include "actors/people/tokens.hpp"

#include <openssl/hmac.h>

#include <catch2/catch.hpp>

using namespace heliograph;
using namespace heliograph::people;

namespace {

constexpr Micros now = 1'700'000'000 * second_us;

struct Mint {
  Secrets secrets{Digest{7}};
  TokenMint mint{secrets};
  std::string token = mint.make({"5e551017"}, {"anna"}, now);
  std::string header = token.substr(0, token.find('.')), claims = token.substr(header.size() + 1, token.rfind('.') - header.size() - 1),
              signature = token.substr(token.rfind('.') + 1);
  bool holds(const std::string& text, Micros at = now) const { return mint.check(text, at).has_value(); }
  /// Signed with the key of today, whatever it says.
  std::string with_our_key(const std::string& header_json, const std::string& claims_json) const {
    const SigningKey key = SigningKey::from_seed(secrets.derive("token-" + std::to_string(now / token_key_life)));
    const std::string text = base64url(header_json) + "." + base64url(claims_json);
    return text + "." + base64url(key.sign(text));
  }
  std::string header_json() const { return *from_base64url(header); }
  std::string claims_json() const { return *from_base64url(claims); }
};

std::string replaced(std::string text, const std::string& a, const std::string& b) {
  const auto at = text.find(a);
  REQUIRE(at != std::string::npos);
  return text.replace(at, a.size(), b);
}

}  // namespace

TEST_CASE("a token names its session for fifteen minutes, with half a minute for clocks") {
  const Mint m;
  REQUIRE(m.mint.check(m.token, now));
  CHECK(m.mint.check(m.token, now)->text == "5e551017");
  CHECK(m.with_our_key(m.header_json(), m.claims_json()) == m.token);  // the helper makes what the mint makes
  CHECK(m.holds(m.token, now + token_life + 29 * second_us));
  CHECK_FALSE(m.holds(m.token, now + token_life + 30 * second_us));
  CHECK(m.holds(m.token, now - 30 * second_us));
  CHECK_FALSE(m.holds(m.token, now - 31 * second_us));
}

TEST_CASE("a token that held once is judged anew by the clock and by its key, and one byte more is another token") {
  const Mint m;
  for (int i = 0; i < 3; ++i) CHECK(m.holds(m.token));
  CHECK_FALSE(m.holds(m.token + "A"));
  CHECK_FALSE(m.holds(m.token, now + token_life + minute_us));
  CHECK_FALSE(m.holds(m.token, now + 3 * token_key_life));
  CHECK(m.holds(m.token));
  for (int i = 0; i < 10'050; ++i) REQUIRE(m.holds(m.mint.make({std::to_string(i)}, {"anna"}, now)));  // more than are kept
  CHECK(m.holds(m.token));
}

TEST_CASE("J1: no other algorithm, J2: no key from the header, nothing critical, J3: no other name of a key", "[reliability]") {
  const Mint m;
  const std::string kid = "token-" + std::to_string(now / token_key_life);
  for (const std::string& header : std::vector<std::string>{
           R"({"alg":"none"})", R"({"alg":"None","typ":"at+jwt"})", R"({"alg":"nOnE"})", R"({"alg":""})", R"({"typ":"at+jwt"})", R"({"alg":["EdDSA"],"typ":"at+jwt"})",
           R"({"alg":"HS256","kid":")" + kid + R"(","typ":"at+jwt"})", R"({"alg":"ES256","kid":")" + kid + R"(","typ":"at+jwt"})", R"({"alg":"RS256","kid":")" + kid + R"(","typ":"at+jwt"})",
           R"({"alg":"EdDSA","kid":"../../dev/null","typ":"at+jwt"})", R"({"alg":"EdDSA","kid":"http://evil/","typ":"at+jwt"})", R"({"alg":"EdDSA","kid":"' OR 1=1 --","typ":"at+jwt"})",
           R"({"alg":"EdDSA","kid":")" + std::string(4096, 'a') + R"(","typ":"at+jwt"})", R"({"alg":"EdDSA","kid":")" + kid + R"(","typ":"JWT"})",
           R"({"alg":"EdDSA","kid":")" + kid + R"(","typ":"refresh+jwt"})", R"({"alg":"EdDSA","kid":")" + kid + R"(","typ":"at+jwt","crit":["exp"]})",
           R"({"alg":"EdDSA","jwk":{},"kid":")" + kid + R"(","typ":"at+jwt"})", R"({"alg":"EdDSA","jku":"http://evil/","kid":")" + kid + R"(","typ":"at+jwt"})",
           R"({"alg":"EdDSA","kid":")" + kid + R"(","typ":"at+jwt","x5u":"http://evil/"})", R"({"alg":"EdDSA","kid":")" + kid + R"(","typ":"at+jwt","x5c":["MIIB"]})",
           R"({"alg":"EdDSA","alg":"EdDSA","kid":")" + kid + R"(","typ":"at+jwt"})",
           R"({ "alg":"EdDSA","kid":")" + kid + R"(","typ":"at+jwt"})"}) {
    INFO(header.substr(0, 80));
    CHECK_FALSE(m.holds(m.with_our_key(header, m.claims_json())));
    CHECK_FALSE(m.holds(base64url(header) + "." + m.claims + "."));
  }
  // With our public key as the secret of an HMAC.
  const SigningKey key = SigningKey::from_seed(m.secrets.derive(kid));
  std::string mac(32, '\0');
  const std::string hs256 = base64url(R"({"alg":"HS256","kid":")" + kid + R"(","typ":"at+jwt"})") + "." + m.claims;
  const std::string secret = key.public_key();
  ::HMAC(::EVP_sha256(), secret.data(), static_cast<int>(secret.size()), reinterpret_cast<const unsigned char*>(hs256.data()), hs256.size(), reinterpret_cast<unsigned char*>(mac.data()), nullptr);
  CHECK_FALSE(m.holds(hs256 + "." + base64url(mac)));
  CHECK_FALSE(m.holds(m.header + "." + m.claims + "." + base64url(mac)));
  const Secrets others(Digest{8});
  CHECK_FALSE(m.holds(TokenMint(others).make({"5e551017"}, {"anna"}, now)));
}

TEST_CASE("J4: every bit of a signature counts, and every part", "[reliability]") {
  const Mint m;
  const std::string raw = *from_base64url(m.signature);
  REQUIRE(raw.size() == 64);
  for (std::size_t bit = 0; bit < 512; ++bit) {
    std::string changed = raw;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
    CHECK_FALSE(m.holds(m.header + "." + m.claims + "." + base64url(changed)));
  }
  const std::string other_claims = base64url(replaced(m.claims_json(), "5e551017", "00000000"));
  for (const std::string& text : {m.header + "." + m.claims, m.header + "." + m.claims + ".", m.header + "." + m.claims + "." + m.signature.substr(0, 40),
                                  m.header + "." + m.claims + "." + m.signature + m.signature, m.header + "." + other_claims + "." + m.signature, m.token + ".", m.token + ".x",
                                  "." + m.token, m.token + "=", m.token + " ", m.token + "\n", m.header + "..", std::string(), std::string("."), std::string("..."),
                                  m.header + "=." + m.claims + "." + m.signature})
    CHECK_FALSE(m.holds(text));
}

TEST_CASE("J5: times are checked, of whatever type they are, J6: so are issuer and audience, J7: deep and long ones are refused", "[reliability]") {
  const Mint m;
  const std::string exp = "\"exp\":" + std::to_string((now + token_life) / second_us), nbf = "\"nbf\":" + std::to_string(now / second_us);
  const auto says = [&](const std::string& a, const std::string& b) { return m.holds(m.with_our_key(m.header_json(), replaced(m.claims_json(), a, b))); };
  CHECK(says("anna", "ben"));  // the mint signs nothing that is not so; this shows that the helper reaches the checks
  for (const char* bad : {"\"exp\":\"1700000900\"", "\"exp\":1700000900.5", "\"exp\":-1", "\"exp\":1e300", "\"exp\":null", "\"x\":1", "\"exp\":99999999999999999999"}) CHECK_FALSE(says(exp, bad));
  CHECK_FALSE(says(nbf, "\"nbf\":1800000000"));
  CHECK_FALSE(says("heliograph-api", "another"));
  CHECK_FALSE(says("\"iss\":\"heliograph\"", "\"iss\":\"evil\""));
  CHECK_FALSE(says("\"sid\":\"5e551017\"", "\"sid\":7"));
  // A claim twice: the first counts, so a second one opens nothing that the first does not.
  const std::string twice = replaced(m.claims_json(), exp, "\"exp\":1," + exp);
  CHECK_FALSE(m.holds(m.with_our_key(m.header_json(), twice)));
  CHECK_FALSE(m.holds(m.with_our_key(m.header_json(), "[]")));
  CHECK_FALSE(m.holds(m.with_our_key(m.header_json(), std::string(1'000, '[') + std::string(1'000, ']'))));
  CHECK_FALSE(m.holds(std::string(9 * 1024, 'a')));
}

TEST_CASE("J3: keys change by themselves, and the one before counts as long as its tokens do", "[reliability]") {
  const Mint m;
  const Micros change = (now / token_key_life + 1) * token_key_life;
  const std::string old = m.mint.make({"5e551017"}, {"anna"}, change - second_us);
  CHECK(m.holds(old, change + 10 * minute_us));
  CHECK_FALSE(m.holds(old, change + token_life + token_leeway));
  const std::string fresh = m.mint.make({"5e551017"}, {"anna"}, change);
  CHECK(fresh.substr(0, fresh.find('.')) != old.substr(0, old.find('.')));
  CHECK(m.holds(fresh, change));
  // A key that has retired signs nothing that is taken, even when the claims are fresh.
  const SigningKey retired = SigningKey::from_seed(m.secrets.derive("token-" + std::to_string(now / token_key_life)));
  const std::string text = old.substr(0, old.find('.')) + "." + fresh.substr(fresh.find('.') + 1, fresh.rfind('.') - fresh.find('.') - 1);
  CHECK_FALSE(m.holds(text + "." + base64url(retired.sign(text)), change + hour_us));
}
