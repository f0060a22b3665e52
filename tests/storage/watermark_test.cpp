// The second witness: its two slots, what of them survives, and what opening makes of it.
#include <catch2/catch.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <fstream>

#include "storage/file.hpp"
#include "storage/watermark.hpp"
#include "tests/storage/storage_fixture.hpp"

using namespace heliograph;
using namespace heliograph::testing;

namespace {

Watermark::State some_state() {
  Watermark::State s;
  s.epoch = 77;
  s.clean = true;
  s.mark = {1000, 990, 995, {}, {}};
  s.mark.decisions_seal.fill(0xd1);
  s.mark.readings_seal.fill(0x4e);
  return s;
}

}  // namespace

TEST_CASE("a slot survives the round trip, and no flipped bit does", "[watermark]") {
  const auto state = some_state();
  const std::string slot = Watermark::encode(state);
  REQUIRE(slot.size() == Watermark::slot_bytes);
  CHECK(Watermark::decode(slot) == state);
  for (std::size_t bit = 0; bit < slot.size() * 8; bit += bit < 2000 ? 1 : 97) {
    std::string flipped = slot;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    CHECK_FALSE(Watermark::decode(flipped));
  }
  CHECK_FALSE(Watermark::decode(slot.substr(1)));
  CHECK_FALSE(Watermark::decode(std::string(Watermark::slot_bytes, '\0')));
}

TEST_CASE("the newer slot counts, and the other takes over when it is torn", "[watermark]") {
  TempDir dir;
  const std::string path = dir / "watermark";
  REQUIRE(Watermark::create(path));
  auto opened = Watermark::open(path, Watermark::read(path)->newest->epoch, {}, ::fdatasync);
  REQUIRE(opened);
  Mark mark = some_state().mark;
  for (Position p = 1; p <= 5; ++p) {
    mark.position = p;
    REQUIRE((*opened)->put(mark));
    auto found = Watermark::read(path);
    REQUIRE(found);
    CHECK(found->damaged_slots == 0);
    CHECK(found->newest->mark == mark);
    CHECK_FALSE(found->newest->clean);
  }
  const std::uint64_t newest = Watermark::read(path)->newest->epoch;
  std::string bytes = *read_file(path, 2 * Watermark::slot_bytes);
  bytes[(newest % 2) * Watermark::slot_bytes + 30] ^= 1;
  REQUIRE(write_file(path, bytes));
  auto found = Watermark::read(path);
  CHECK(found->damaged_slots == 1);
  CHECK(found->newest->mark.position == 4);
}

TEST_CASE("closing says clean in both slots, opening takes it back in both", "[watermark]") {
  TempDir dir;
  const std::string path = dir / "watermark";
  REQUIRE(Watermark::create(path));
  const Mark mark = some_state().mark;
  auto both = [&](bool clean) {
    const std::string bytes = *read_file(path, 2 * Watermark::slot_bytes);
    for (std::size_t slot = 0; slot < 2; ++slot) {
      auto state = Watermark::decode(std::string_view(bytes).substr(slot * Watermark::slot_bytes, Watermark::slot_bytes));
      REQUIRE(state);
      CHECK(state->clean == clean);
      CHECK(state->mark == mark);
    }
  };
  {
    auto opened = Watermark::open(path, 1, mark, ::fdatasync);
    REQUIRE(opened);
    both(false);
    REQUIRE((*opened)->close());
  }
  both(true);
  { REQUIRE(Watermark::open(path, 9, mark, ::fdatasync)); }
  both(false);  // went away without close
}

TEST_CASE("a watermark that cannot be synced stops the log at its next commit", "[watermark]") {
  TempDir dir;
  std::atomic<bool> broken{false};
  std::atomic<int> failures{0};
  StoreSeams seams;
  seams.sync_file = [&](int fd) {
    if (!broken) return ::fdatasync(fd);
    errno = EIO;
    ++failures;
    return -1;
  };
  {
    auto store = open_store_with(dir / "data", small_options(), seams);
    REQUIRE(store);
    REQUIRE(append((*store)->log(), {event_draft("site-home", "a")}));
    broken = true;
  }  // closing syncs the watermark too, and must not call itself clean
  CHECK(failures >= 1);
  broken = false;
  auto store = open_store_with(dir / "data", small_options(false), seams);
  REQUIRE(store);
  CHECK((*store)->log().durable() == 1);
}
