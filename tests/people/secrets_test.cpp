// Seals and digests: what one installation made for one thing opens nowhere else.
#include "actors/people/secrets.hpp"

#include <catch2/catch.hpp>
#include <set>

using namespace heliograph;
using namespace heliograph::people;

TEST_CASE("what is sealed opens for its purpose, with its key, and whole") {
  Digest key{};
  key[0] = 1;
  const Secrets secrets(key);
  key[0] = 2;
  const Secrets others(key);
  for (const std::string& plain : {std::string(), std::string("x"), std::string(10'000, '\0')}) {
    const std::string sealed = secrets.seal(plain, "totp anna");
    CHECK(secrets.open(sealed, "totp anna").value() == plain);
    CHECK_FALSE(secrets.open(sealed, "totp ben"));
    CHECK_FALSE(others.open(sealed, "totp anna"));
    CHECK(secrets.seal(plain, "totp anna") != sealed);
  }
  const std::string sealed = secrets.seal("the seed", "about");
  CHECK(sealed.find("the seed") == std::string::npos);
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    std::string changed = sealed;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    CHECK_FALSE(secrets.open(changed, "about"));
    CHECK_FALSE(secrets.open(sealed.substr(0, i), "about"));
  }
}

TEST_CASE("keys of one purpose tell nothing of another's") {
  const Secrets secrets(Digest{});
  CHECK(secrets.derive("seal") != secrets.derive("token-1"));
  CHECK(secrets.keyed_digest("a", "bc") != secrets.keyed_digest("ab", "c"));
  CHECK(secrets.keyed_digest("a", "b") == Secrets(Digest{}).keyed_digest("a", "b"));
}

TEST_CASE("random tokens are new, and base64url has one text per byte string") {
  std::set<std::string> seen;
  for (int i = 0; i < 1'000; ++i) {
    const std::string token = random_token();
    CHECK(token.size() == 43);
    CHECK(token.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == std::string::npos);
    CHECK(seen.insert(token).second);
  }
  CHECK(base64url("\xff\xfe\xfd") == "__79");
  CHECK(from_base64url("__79") == "\xff\xfe\xfd");
  CHECK(from_base64url("QQ") == "A");
  CHECK_FALSE(from_base64url("QR"));    // bits behind the last byte
  CHECK_FALSE(from_base64url("QQ=="));  // padding
  CHECK_FALSE(from_base64url("Q Q"));
  CHECK_FALSE(from_base64url("+/79"));
}

TEST_CASE("secrets are compared whole") {
  CHECK(same_secret("abc", "abc"));
  CHECK_FALSE(same_secret("abc", "abd"));
  CHECK_FALSE(same_secret("abc", "ab"));
  CHECK(same_secret("", ""));
}
