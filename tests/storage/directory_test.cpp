// A data directory from outside: who may open it, what is refused, what a stop leaves behind, and a disk that fills.
#include <catch2/catch.hpp>

#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <random>

#include "storage/file.hpp"
#include "storage/verify.hpp"
#include "tests/storage/storage_fixture.hpp"

using namespace heliograph;
using namespace heliograph::testing;
namespace fs = std::filesystem;

namespace {

Errc code_of(const std::string& directory, StoreOptions options = small_options(false)) {
  auto opened = open_store(directory, options);
  REQUIRE_FALSE(opened);
  CHECK(opened.error().sentence.size() > 20);
  UNSCOPED_INFO(opened.error().sentence);
  return opened.error().code;
}

void overwrite(const std::string& path, const std::string& text) { std::ofstream(path, std::ios::trunc) << text; }

std::unique_ptr<Store> open_ok(const std::string& directory, const StoreOptions& options, const StoreSeams& seams = {}) {
  auto opened = open_store_with(directory, options, seams);
  INFO((opened ? "" : opened.error().sentence));
  REQUIRE(opened);
  return std::move(*opened);
}

}  // namespace

namespace {

/// Length of the newest write-ahead file.
std::uintmax_t wal_length(const std::string& data) {
  fs::path newest;
  for (const auto& entry : fs::directory_iterator(data + "/db"))
    if (entry.path().extension() == ".log" && entry.path() > newest) newest = entry.path();
  return newest.empty() ? 0 : fs::file_size(newest);
}

}  // namespace

TEST_CASE("the write-ahead file is there before it is written, commits do not lengthen it, and a stop leaves no padding", "[directory]") {
  TempDir dir;
  const std::string data = dir / "data";
  constexpr std::uintmax_t step = 256 << 10;
  {
    auto store = open_ok(data, small_options());
    REQUIRE(append(store->log(), {event_draft("site-home", "first")}));
    CHECK(wal_length(data) == step);
    for (int i = 0; i < 50; ++i) REQUIRE(append(store->log(), {event_draft("site-home", "x")}));
    CHECK(wal_length(data) == step);
    REQUIRE(append(store->log(), {event_draft("site-home", std::string(300 << 10, 'x'))}));
    CHECK(wal_length(data) == 2 * step);
    const auto copied = dir / "copy";  // as a kill would leave it
    fs::copy(data, copied, fs::copy_options::recursive);
    auto killed = open_ok(copied, small_options(false));
    CHECK(killed->log().durable() == 52);
    CHECK(killed->notes().empty());
  }
  CHECK(wal_length(data) < step);
  CHECK(open_ok(data, small_options(false))->log().durable() == 52);
}

TEST_CASE("a new data directory is private to its owner, and so is every file in it", "[directory]") {
  TempDir dir;
  const std::string data = dir / "deep/er/data";
  {
    auto store = open_ok(data, small_options());
    fill(store->log(), 20);
    ViewBatch batch;
    batch.put("k", "v");
    REQUIRE(store->views().save("audit", batch, 1));
  }
  std::size_t files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(data)) {
    INFO(entry.path());
    struct stat info {};
    REQUIRE(::stat(entry.path().c_str(), &info) == 0);
    CHECK((info.st_mode & 077) == 0);
    ++files;
  }
  struct stat info {};
  REQUIRE(::stat(data.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0700);
  CHECK(files > 5);
}

TEST_CASE("P8: a data directory that others may enter, or that is another user's, is not opened for writing, reading says so", "[directory][reliability]") {
  const TempDir dir;
  { auto store = open_ok(dir.path() + "/d", small_options(true)); }
  for (const unsigned mode : {0755u, 0770u, 0702u}) {
    REQUIRE(::chmod((dir.path() + "/d").c_str(), mode) == 0);
    CHECK(code_of(dir.path() + "/d") == Errc::refused);
  }
  StoreOptions reading = small_options(false);
  reading.read_only = true;
  CHECK_FALSE(open_ok(dir.path() + "/d", reading)->notes().empty());
  REQUIRE(::chmod((dir.path() + "/d").c_str(), 0700) == 0);
  { auto store = open_ok(dir.path() + "/d", small_options(false)); }
  if (::geteuid() != 0) {
    WARN("skipped: only root can give a directory away");
    return;
  }
  REQUIRE(::chown((dir.path() + "/d").c_str(), 65'534, 65'534) == 0);
  CHECK(code_of(dir.path() + "/d") == Errc::refused);
}

TEST_CASE("what was committed is there after closing, and the close was clean", "[directory]") {
  TempDir dir;
  Position last = 0;
  for (int round = 0; round < 5; ++round) {
    auto store = open_ok(dir / "data", small_options());
    CHECK(store->was_clean() == (round > 0));  // a new directory was never closed
    CHECK(store->notes().empty());
    CHECK(store->log().durable() == last);
    last = fill(store->log(), 30);
    CHECK(store->bytes() > 0);
    CHECK(store->free_bytes() > 0);
  }
  auto store = open_ok(dir / "data", small_options());
  CHECK(store->log().durable() == last);
  CHECK(store->mark()->position == last);
  CHECK(verify_store(*store, {}).ok());
}

TEST_CASE("a second opening of the same directory is told who has it", "[directory]") {
  TempDir dir;
  auto store = open_ok(dir / "data", small_options());
  CHECK(code_of(dir / "data") == Errc::busy);
  CHECK(code_of(dir / "data", small_options(true)) == Errc::busy);
  REQUIRE(append(store->log(), {event_draft("site-home", "the first one still works")}));
  store.reset();
  open_ok(dir / "data", small_options(false));
}

TEST_CASE("a reader may look while a writer works, and changes nothing", "[directory]") {
  TempDir dir;
  auto writer = open_ok(dir / "data", small_options());
  fill(writer->log(), 50);
  StoreOptions options;
  options.read_only = true;
  {
    auto reader = open_ok(dir / "data", options);
    CHECK(reader->log().durable() == writer->log().durable());
    CHECK(records(reader->log(), 1, 1000).size() == 50);
    auto begun = reader->log().begin(home, start_of_2025);
    REQUIRE_FALSE(begun);
    CHECK(begun.error().code == Errc::refused);
    CHECK_FALSE(reader->views().save("audit", {}, 1));
    CHECK_FALSE(reader->views().wipe("audit"));
  }
  fill(writer->log(), 50);
  CHECK(verify_store(*writer, {}).ok());
}

TEST_CASE("what is no data directory is refused and left alone", "[directory]") {
  TempDir dir;
  CHECK(code_of(dir / "none") == Errc::not_found);
  CHECK_FALSE(fs::exists(dir / "none"));
  fs::create_directory(dir / "empty");
  CHECK(code_of(dir / "empty") == Errc::not_found);
  CHECK(fs::is_empty(dir / "empty"));
  StoreOptions reading;
  reading.read_only = true;
  CHECK(code_of(dir / "empty", reading) == Errc::not_found);
  fs::create_directory(dir / "photos");
  overwrite(dir / "photos/cat.jpg", "meow");
  CHECK(code_of(dir / "photos", small_options(true)) == Errc::refused);
  CHECK(std::distance(fs::directory_iterator(dir / "photos"), {}) == 1);
  overwrite(dir / "file", "no directory");
  CHECK(code_of(dir / "file", small_options(true)) == Errc::refused);
}

TEST_CASE("an empty directory that exists may become a data directory", "[directory]") {
  TempDir dir;
  fs::create_directory(dir / "data");
  fs::permissions(dir / "data", fs::perms(0755));
  open_ok(dir / "data", small_options());
  CHECK(fs::status(dir / "data").permissions() == fs::perms(0700));
}

TEST_CASE("a making that was cut short is made anew, and only that", "[directory]") {
  TempDir dir;
  const std::string data = dir / "data";
  { open_ok(data, small_options()); }
  fs::rename(data + "/format", data + "/format.new");
  fs::remove(data + "/watermark");
  { fill(open_ok(data, small_options())->log(), 3); }
  CHECK(fs::exists(data + "/format"));
  fs::remove(data + "/format");
  CHECK(code_of(data, small_options(true)) == Errc::corrupt);
}

TEST_CASE("a newer or damaged format is told apart", "[directory]") {
  TempDir dir;
  const std::string data = dir / "data";
  { open_ok(data, small_options()); }
  const std::string now = *read_file(data + "/format", 4096);
  std::string text = "heliograph data directory\nformat 2\n";
  text += "sha256 " + hex(bytes_of(sha256({text}))) + "\n";
  overwrite(data + "/format", text);
  CHECK(code_of(data) == Errc::unsupported);
  text = now;
  text[text.find("format ") + 7] = '3';  // a flipped bit is no newer version
  overwrite(data + "/format", text);
  CHECK(code_of(data) == Errc::corrupt);
  overwrite(data + "/format", now.substr(0, 20));
  CHECK(code_of(data) == Errc::corrupt);
  overwrite(data + "/format", now);
  open_ok(data, small_options(false));
}

TEST_CASE("a log that is nearly full takes nothing new, but takes STOP and closes cleanly", "[directory][full]") {
  TempDir dir;
  std::atomic<std::uint64_t> free{1ull << 30};
  StoreSeams seams;
  seams.free_bytes = [&] { return free.load(); };
  StoreOptions options;
  options.create = true;
  options.reserve_bytes = 1 << 20;
  options.free_bytes_min = 16 << 20;
  auto begin_code = [&](EventLog& log, Reserve reserve) {
    auto turn = log.begin(home, start_of_2025, reserve);
    return turn ? std::optional<Errc>{} : std::optional<Errc>(turn.error().code);
  };
  {
    auto store = open_ok(dir / "data", options, seams);
    Position last = fill(store->log(), 10);
    CHECK(fs::file_size(dir / "data/reserve") == options.reserve_bytes);
    free = options.free_bytes_min - 1;
    REQUIRE(append(store->log(), {event_draft("site-home", "this write sees it first")}));
    CHECK_FALSE(fs::exists(dir / "data/reserve"));
    CHECK(begin_code(store->log(), Reserve::keep) == Errc::full);
    auto turn = store->log().begin(home, start_of_2025, Reserve::use);
    REQUIRE(turn);
    REQUIRE(turn->add(event_draft("site-home", "STOP")));
    turn->stage();
    REQUIRE(store->log().commit());
    CHECK(store->log().durable() == last + 2);

    free = options.free_bytes_min + 1;  // what the reserve gave back does not count as space
    CHECK(begin_code(store->log(), Reserve::keep) == Errc::full);
    free = 1ull << 30;
    CHECK_FALSE(begin_code(store->log(), Reserve::keep));
    CHECK(fs::exists(dir / "data/reserve"));

    free = 1;
    REQUIRE(append(store->log(), {event_draft("site-home", "x")}).error().code == Errc::full);
    CHECK(begin_code(store->log(), Reserve::use) == Errc::closed);  // its group could not be written: fail-stop
    ViewBatch batch;
    batch.put("k", "v");
    CHECK(store->views().save("audit", batch, 1).error().code == Errc::full);
  }
  CHECK_FALSE(open_store_with(dir / "data", options, seams));
  free = 1ull << 30;
  auto store = open_ok(dir / "data", options, seams);
  CHECK_FALSE(store->was_clean());
  CHECK(verify_store(*store, {}).ok());
}

TEST_CASE("a real disk that fills stops the log before the library meets the end", "[directory][full]") {
  TempDir dir;
  fs::create_directory(dir / "disk");
  if (::mount("tmpfs", (dir / "disk").c_str(), "tmpfs", 0, "size=96m") != 0) {
    WARN("skipped: a small file system can be mounted only by root");
    return;
  }
  struct Unmount {
    std::string path;
    ~Unmount() { ::umount2(path.c_str(), MNT_DETACH); }
  } unmount{dir / "disk"};
  StoreOptions options;
  options.create = true;
  options.reserve_bytes = 8 << 20;
  options.free_bytes_min = 32 << 20;
  const std::string data = dir / "disk/data";
  Position acked = 0;
  {
    auto store = open_ok(data, options);
    std::mt19937 random(7);
    std::optional<Errc> refused;
    for (int i = 0; i < 2000 && !refused; ++i) {
      std::string noise(200'000, ' ');  // tables are compressed: only noise fills a disk
      for (char& c : noise) c = static_cast<char>('0' + random() % 64);
      auto appended = append(store->log(), {event_draft("site-home", noise)});
      if (!appended) refused = appended.error().code;
      if (appended) acked = store->log().durable();
    }
    REQUIRE(refused == Errc::full);
    CHECK(acked > 20);
    auto last_words = store->log().begin(home, start_of_2025, Reserve::use);
    REQUIRE(last_words);
    REQUIRE(last_words->add(event_draft("site-home", "stopped")));
    last_words->stage();
    REQUIRE(store->log().commit());
    acked = store->log().durable();
  }
  std::uint64_t filler = 0;
  {  // others take what is left
    std::ofstream others(dir / "disk/others");
    const std::string block(1 << 16, 'o');
    while (others.write(block.data(), static_cast<std::streamsize>(block.size())).flush()) filler += block.size();
  }
  CHECK(filler > 0);
  CHECK(code_of(data, options) == Errc::full);
  fs::remove(dir / "disk/others");
  auto store = open_ok(data, options);
  CHECK(store->was_clean());
  CHECK(store->log().durable() == acked);
  CHECK(verify_store(*store, {}).ok());
}
