// What browsers and machines carry: each text opens the one thing that it was made for, and nothing else does.
#include "actors/people/bearer.hpp"

#include <catch2/catch.hpp>
#include <functional>

#include "actors/notify/approval_proof.hpp"
#include "actors/people/tokens.hpp"

using namespace heliograph;
using namespace heliograph::people;

namespace {

constexpr Micros now = 1'700'000'000 * second_us;
const Secrets secrets(Digest{7});
const TenantId home{"local"};
const UserId anna{"anna"};
const SessionId session{"5e551017"};

}  // namespace

TEST_CASE("J6: six kinds of token at six doors: each opens its own, and no other", "[reliability]") {
  const TokenMint mint(secrets);
  const notify::ApprovalProof approvals(secrets.derive("approvals"));
  const notify::Question question{{home, {"home"}}, {"c1"}, 7, "Switch the boiler on?", now};
  const std::string invitation = random_token(), key_secret = random_token(), random = random_token();
  const Digest invited = sha256({invitation}), made = sha256({key_secret});
  const std::vector<std::pair<std::string, std::string>> tokens{{"access", mint.make(session, anna, now)},
                                                                {"refresh", refresh_token(secrets, session, random)},
                                                                {"invitation", invitation},
                                                                {"approval", approvals.token(question, "anna@example.org").reveal()},
                                                                {"device", device_token(secrets, home, anna, 5)},
                                                                {"key", api_key({"k1"}, key_secret)}};
  // As the server opens them: an access token and a key where credentials are read, an invitation and a key by their digest.
  const std::vector<std::pair<std::string, std::function<bool(const std::string&)>>> doors{
      {"access", [&](const std::string& text) { return mint.check(text, now).has_value(); }},
      {"refresh", [&](const std::string& text) { return read_refresh_token(secrets, text).has_value(); }},
      {"invitation", [&](const std::string& text) { return sha256({text}) == invited; }},
      {"approval", [&](const std::string& text) { return same_secret(text, approvals.token(question, "anna@example.org").reveal()); }},
      {"device", [&](const std::string& text) { return is_device_token(secrets, home, anna, 5, text); }},
      {"key", [&](const std::string& text) {
         const auto shown = read_api_key(text);
         return shown && shown->id.text == "k1" && shown->digest == made;
       }}};
  int opened = 0;
  for (const auto& [kind, token] : tokens)
    for (const auto& [door, opens] : doors) {
      INFO(kind << " at the door of " << door);
      CHECK(opens(token) == (kind == door));
      opened += opens(token);
    }
  CHECK(opened == 6);
}

TEST_CASE("J9: a refresh token shows that it was made here, for its session, in every bit", "[reliability]") {
  const std::string random = random_token(), token = refresh_token(secrets, session, random);
  const auto read = read_refresh_token(secrets, token);
  REQUIRE(read);
  CHECK(read->session == session);
  CHECK(read->digest == std::string(bytes_of(sha256({random}))));
  CHECK_FALSE(read_refresh_token(Secrets(Digest{8}), token));
  for (std::size_t i = 0; i < token.size(); ++i)
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = token;
      changed[i] = static_cast<char>(changed[i] ^ (1 << bit));
      CHECK_FALSE(read_refresh_token(secrets, changed));
    }
  for (std::size_t cut = 0; cut < token.size(); ++cut) CHECK_FALSE(read_refresh_token(secrets, token.substr(0, cut)));
  for (const std::string& text : {token + ".", token + "=", token + "\n", " " + token, token + "." + token, std::string(".."), std::string("."), std::string(), std::string(5'000, '.')})
    CHECK_FALSE(read_refresh_token(secrets, text));
}

TEST_CASE("each device has a token of its own, which names its user and holds until all are forgotten") {
  const std::string one = device_token(secrets, home, anna, 5), two = device_token(secrets, home, anna, 5);
  CHECK(one != two);
  CHECK(is_device_token(secrets, home, anna, 5, one));
  CHECK(is_device_token(secrets, home, anna, 5, two));
  CHECK_FALSE(is_device_token(secrets, home, anna, 6, one));
  CHECK_FALSE(is_device_token(secrets, home, {"ben"}, 5, one));
  CHECK_FALSE(is_device_token(secrets, {"north"}, anna, 5, one));
  CHECK_FALSE(is_device_token(Secrets(Digest{8}), home, anna, 5, one));
  const auto dot = one.find('.');
  CHECK_FALSE(is_device_token(secrets, home, anna, 5, two.substr(0, two.find('.')) + one.substr(dot)));
  for (const std::string& text : {std::string(), std::string("."), one.substr(0, dot), one.substr(dot), one + "x", std::string(5'000, 'x')}) CHECK_FALSE(is_device_token(secrets, home, anna, 5, text));
}

TEST_CASE("a key is read as it is written, and nothing else is taken for one") {
  const auto read = read_api_key(api_key({"a1b2"}, "se_cret"));
  REQUIRE(read);
  CHECK(read->id.text == "a1b2");
  CHECK(read->digest == sha256({"se_cret"}));  // a secret may hold an underscore
  for (const char* text : {"", "hg_", "hg_x", "hg__x", "HG_a1_x", "hg_A_x", "hg_a b_x", "hg_../x_y", "xhg_a_b"}) CHECK_FALSE(read_api_key(text));
  CHECK_FALSE(read_api_key("hg_" + std::string(64, 'a') + "_x"));
}
