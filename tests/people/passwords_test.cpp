// Passwords: kept so that nobody reads them, refused when they are guessed first, and slow work that never piles up.
#include "actors/people/passwords.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <latch>

using namespace heliograph;
using namespace heliograph::people;

namespace {

std::optional<std::string> refused(const std::string& text, bool second_factor = false) { return why_refused(Secret(text), {"anna", "Heliograph"}, second_factor); }

}  // namespace

TEST_CASE("a password's hash is Argon2id with a salt of its own, and fits nothing else") {
  const Secret good("correct horse battery staple");
  const std::string hash = hash_password(good), again = hash_password(good);
  CHECK(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
  CHECK(hash != again);
  CHECK(password_fits(good, hash));
  CHECK_FALSE(password_fits(Secret("correct horse battery stapl"), hash));
  CHECK_FALSE(password_fits(good, ""));
  CHECK_FALSE(password_fits(good, "$argon2id$nonsense"));
  CHECK_FALSE(password_fits(good, std::string(500, 'x')));
}

TEST_CASE("passwords are long enough, not the first that are tried, and never cut (L7)") {
  CHECK(refused("7 chars"));
  CHECK(refused("8 chars!"));
  CHECK_FALSE(refused("8 chars!", true));
  CHECK(refused("7 chars", true));
  CHECK(refused("fourteen chars"));
  CHECK_FALSE(refused("fifteen chars !"));
  CHECK_FALSE(refused(std::string(16, ' ') + "windy hills at dawn, and forty more chars"));
  CHECK(refused(std::string(250, 'a') + "bcdefghi"));
  CHECK_FALSE(refused("żółta łódź płynie"));
  CHECK(refused(std::string("a\0 password with zero", 21)));
  CHECK(refused("password", true));
  CHECK(refused("qwertyuiop123456"));
  CHECK(refused("123456789012345"));
  CHECK(refused("aaaaaaaaaaaaaaaaaaaa"));
  CHECK(refused("abcdefghijklmnop"));
  CHECK(refused("password password 2020!"));
  CHECK(refused("my name is Anna, really"));
  CHECK(refused("heliographheliograph-1"));
  // The whole of it counts, to the last character.
  const std::string start = "one long sentence of which only the very end differs: ";
  CHECK_FALSE(password_fits(Secret(start + "a"), hash_password(Secret(start + "b"))));
}

TEST_CASE("slow work: a few at once, a short queue, and no more (L8)") {
  std::latch running(2), go(1);
  std::atomic<int> most = 0, now = 0, done = 0;
  SlowLane lane(2, 3);
  const auto work = [&](std::latch* started) {
    return [&, started] {
      const int n = ++now;
      for (int seen = most; n > seen && !most.compare_exchange_weak(seen, n);) {}
      if (started != nullptr) started->count_down();
      go.wait();
      --now, ++done;
      done.notify_all();
    };
  };
  REQUIRE(lane.offer(work(&running)));
  REQUIRE(lane.offer(work(&running)));
  running.wait();
  for (int i = 0; i < 3; ++i) CHECK(lane.offer(work(nullptr)));
  CHECK_FALSE(lane.offer(work(nullptr)));
  go.count_down();
  for (int seen = done; seen < 5; seen = done) done.wait(seen);
  CHECK(most == 2);
}
