// Passwords: kept so that nobody reads them, refused when they are guessed first, and slow work that never piles up.
#include "actors/people/passwords.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <cctype>
#include <latch>

#include "actors/people/common_passwords.hpp"

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

TEST_CASE("L7: the whole list: 7, 8 with a second factor, 14, 15, 64, 1,024 characters, Unicode, a zero byte, names, and nothing cut", "[reliability]") {
  const auto of_length = [](std::size_t n) {  // nothing but its length is wrong with it
    static const std::string text = "Vm3 kelp orbits; 9 zinc yaks judge my fox? Quartz plum vow: 27 huts beg. ";
    std::string out;
    while (out.size() < n) out += text;
    return out.substr(0, n);
  };
  struct Row {
    const char* what;
    std::string password;
    bool second_factor, good;
  };
  const std::vector<Row> rows{{"7", of_length(7), true, false},
                              {"8", of_length(8), true, true},
                              {"8 alone", of_length(8), false, false},
                              {"14", of_length(14), false, false},
                              {"15", of_length(15), false, true},
                              {"64", of_length(64), false, true},
                              {"256", of_length(256), false, true},
                              {"257", of_length(257), false, false},
                              {"1,024", of_length(1'024), false, false},
                              {"Unicode", "żółta łódź płynie", false, true},
                              {"Unicode counts characters, not bytes", "żółwżółwżółwżó", false, false},
                              {"other alphabets", "солнце встаёт над домом", false, true},
                              {"a zero byte", std::string("a\0 quiet hill with zero", 23), false, false},
                              {"the product", "heliographheliograph-1", false, false},
                              {"the user", "my name is Anna, really", false, false},
                              {"spaces", std::string(16, ' ') + "windy hills at dawn, and forty more", false, true}};
  for (const Row& row : rows) {
    INFO(row.what);
    CHECK(refused(row.password, row.second_factor).has_value() != row.good);
  }
  // The whole of it counts, to the last byte of the longest that is taken.
  const std::string longest = of_length(255);
  CHECK_FALSE(password_fits(Secret(longest + "a"), hash_password(Secret(longest + "b"))));
  CHECK_FALSE(password_fits(Secret(of_length(64)), hash_password(Secret(of_length(65)))));
}

TEST_CASE("L7: every password of the list of 3,546 is refused, in capitals, with digits for letters, twice and with a year", "[reliability]") {
  REQUIRE(common_passwords().size() >= 3'000);
  const auto is_refused = [](const std::string& text) { return refused(text, true).has_value(); };
  std::size_t let_through = 0;
  for (const std::string_view each : common_passwords()) {
    const std::string word(each);
    std::string capitals = word;
    for (char& c : capitals) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    let_through += !is_refused(word) + !is_refused(capitals);
    if (word.size() >= 4) let_through += !is_refused(word + word) + !is_refused(word + "2024!") + !is_refused("123" + word);
  }
  CHECK(let_through == 0);
  for (const char* text : {"P4ssw0rd", "pa$$word", "password password 2020!", "PasswordPassword", "passw0rd1234567", "princess 19870512", "iloveyouiloveyou", "123456789012345", "qwertyuiop123456", "Sunshine-Dragon"}) {
    INFO(text);
    CHECK(is_refused(text));
  }
  for (const char* text : {"aaaaaaaaaaaaaaaaaaaa", "abcdefghijklmnop", "121212121212121212"}) CHECK(is_refused(text));
  for (const char* text : {"correct horse battery staple", "some five quiet words", "four words of a house", "a very long password", "Tr0ub4dor&3x"}) {
    INFO(text);
    CHECK_FALSE(is_refused(text));
  }
}

TEST_CASE("L2: one hash is worked out for every password that is looked at, whoever it is for", "[reliability]") {
  const std::string hash = hash_password(Secret("some five quiet words"));
  const auto work = [](const Secret& password, const std::string& against) {
    const std::uint64_t before = hashes_made();
    password_fits(password, against);
    return hashes_made() - before;
  };
  CHECK(work(Secret("some five quiet words"), hash) == 1);
  CHECK(work(Secret("another"), hash) == 1);
  CHECK(work(Secret("another"), "") == 1);
  CHECK(work(Secret(std::string(100'000, 'x')), "") == 1);
}

TEST_CASE("L8: the server's own lane works out no more than four hashes at once and lets no more than fifty wait", "[reliability]") {
  std::latch go(1);
  SlowLane lane;  // as the door has it
  std::atomic<int> now = 0, most = 0;
  int taken = 0;
  const auto work = [&] {
    const int n = ++now;
    for (int seen = most; n > seen && !most.compare_exchange_weak(seen, n);) {}
    go.wait();
    --now;
  };
  while (taken < 1'000 && lane.offer(work)) ++taken;
  CHECK(taken >= 50);
  CHECK(taken <= 54);
  go.count_down();
  lane.stop();
  CHECK(most <= 4);
}

TEST_CASE("L8: slow work: a few at once, a short queue, and no more", "[reliability]") {
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
