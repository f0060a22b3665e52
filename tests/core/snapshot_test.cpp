// Snapshots are disposable and therefore strict: the same state gives the same bytes, damaged bytes give nothing.
#include <catch2/catch.hpp>

#include "tests/support/random_story.hpp"

using namespace heliograph;
using namespace heliograph::testing;

TEST_CASE("a snapshot holds everything that a site remembers") {
  RandomStory story(7);
  for (int i = 0; i < 300; ++i) story.turn();
  const std::string bytes = story.site.snapshot();
  const auto back = Site::restore(bytes);
  REQUIRE(back);
  CHECK(back->snapshot() == bytes);
  CHECK(back->key() == villa);
  CHECK(back->configured());
  CHECK(back->settings() == story.site.settings());
  CHECK(back->zone().name() == "Europe/Warsaw");
  CHECK(back->devices().size() == story.site.devices().size());
  CHECK(back->rules().rules().size() == story.site.rules().rules().size());
  CHECK(back->stopped() == story.site.stopped());
}

TEST_CASE("an empty site can be kept, too") {
  const Site site(villa);
  const auto back = Site::restore(site.snapshot());
  REQUIRE(back);
  CHECK_FALSE(back->configured());
  CHECK(back->snapshot() == site.snapshot());
}

TEST_CASE("a snapshot that is cut, grown or of another layout counts as none, a changed byte never crashes") {
  RandomStory story(11);
  for (int i = 0; i < 120; ++i) story.turn();
  const std::string bytes = story.site.snapshot();
  REQUIRE(bytes.size() > 200);
  for (std::size_t n = 0; n < bytes.size(); ++n) CHECK_FALSE(Site::restore(std::string_view(bytes).substr(0, n)));
  CHECK_FALSE(Site::restore(bytes + '\0'));
  std::string other = bytes;
  other[0] = static_cast<char>(other[0] + 1);
  CHECK_FALSE(Site::restore(other));

  std::mt19937_64 random(3);
  std::size_t readable = 0;
  for (int i = 0; i < 4'000; ++i) {
    std::string damaged = bytes;
    damaged[random() % damaged.size()] ^= static_cast<char>(1 + random() % 255);
    if (auto site = Site::restore(damaged)) {
      ++readable;
      CHECK(Site::restore(site->snapshot()));  // whatever it says now, it can be kept
    }
  }
  CHECK(readable > 0);
}
