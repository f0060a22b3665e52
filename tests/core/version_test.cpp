// Who replaces something says which version they have read: two who change the same thing do not undo each other unseen.
#include <catch2/catch.hpp>

#include "tests/support/core_fixture.hpp"

using namespace heliograph;
using namespace heliograph::testing;

namespace {

constexpr const char* guard = R"({"id":"guard","triggers":[{"at":"10:00"}],"actions":[{"do":"notify","text":"x"}]})";

Expected versions(std::vector<Position> of) { return {Expected::Kind::versions, std::move(of)}; }

}  // namespace

TEST_CASE("the version of what people set is the position of the fact that made it so, and survives a restart") {
  Story story;
  CHECK(story.site.version("device/none") == 0);
  CHECK(story.site.version("preferences") == 0);
  story.prefer(PreferencesSet{});
  story.save(guard);
  const Position settings = story.site.version("settings"), device = story.site.version("device/miner-1"), wishes = story.site.version("preferences"),
                 rule = story.site.version("rule/guard");
  CHECK(settings > 0);
  CHECK(device > settings);
  CHECK(wishes > device);
  CHECK(rule > wishes);
  story.add(plug("miner-1", 900));
  CHECK(story.site.version("device/miner-1") > rule);
  CHECK(story.site.version("settings") == settings);
  story.read({{"battery", Metric::soc_permille, 500}});
  CHECK(story.site.version("settings") == settings);  // readings replace nothing
  const auto back = Site::restore(story.site.snapshot());
  REQUIRE(back);
  const Site folded = rebuilt(story.journal.records());
  for (const char* of : {"settings", "preferences", "device/miner-1", "rule/guard"}) {
    INFO(of);
    CHECK(back->version(of) == story.site.version(of));
    CHECK(folded.version(of) == story.site.version(of));
  }
  story.remove("guard");
  CHECK(story.site.version("rule/guard") == 0);
}

TEST_CASE("only who names the version that is there, or says that any will do, replaces it") {
  Story story;
  const Position now = story.site.version("settings");
  const auto outcome = [&](const std::string& of, const Expected& expected) {
    const Status status = story.site.expect(of, expected);
    if (!status) CHECK(status.error().pointer == "/if-match");
    return status ? std::optional<Errc>() : std::optional(status.error().code);
  };
  using Kind = Expected::Kind;
  CHECK(outcome("settings", {}) == std::nullopt);
  CHECK(outcome("settings", {Kind::unsaid}) == Errc::invalid);
  CHECK(outcome("settings", {Kind::existing}) == std::nullopt);
  CHECK(outcome("settings", {Kind::absent}) == Errc::conflict);
  CHECK(outcome("settings", versions({now})) == std::nullopt);
  CHECK(outcome("settings", versions({1'000'000, now})) == std::nullopt);
  CHECK(outcome("settings", versions({now - 1})) == Errc::conflict);
  CHECK(outcome("settings", versions({})) == Errc::conflict);
  CHECK(outcome("device/new", {Kind::unsaid}) == std::nullopt);
  CHECK(outcome("device/new", {Kind::absent}) == std::nullopt);
  CHECK(outcome("device/new", {Kind::existing}) == Errc::conflict);
  CHECK(outcome("device/new", versions({now})) == Errc::conflict);
  CHECK(outcome("device/new", versions({0})) == Errc::conflict);  // nothing is there, so nothing has a version
  CHECK(outcome("preferences", versions({0})) == std::nullopt);  // the defaults, as they were read
}
