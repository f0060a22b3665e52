// Every damage of the catalogue, one at a time, to a directory as a killed process leaves it: opening or verification
// finds it, or nothing is lost. What may never be is a log that opens, verifies and lacks something acknowledged.
#include <catch2/catch.hpp>

#include <cstdlib>
#include <iostream>
#include <map>

#include "storage/verify.hpp"
#include "tests/storage/damage.hpp"
#include "tests/storage/storage_fixture.hpp"

using namespace heliograph;
using namespace heliograph::testing;
namespace fs = std::filesystem;

namespace {

enum class Verdict { refused, found_by_verify, harmless, silent_loss, wrong_value };

const char* name(Verdict v) {
  switch (v) {
    case Verdict::refused: return "refused";
    case Verdict::found_by_verify: return "found by verify";
    case Verdict::harmless: return "harmless";
    case Verdict::silent_loss: return "SILENT LOSS";
    case Verdict::wrong_value: return "WRONG VALUE";
  }
  return "";
}

/// A directory with history in tables and in the write-ahead file, as it lies there after a kill, and what it must hold.
class Patient {
 public:
  Patient() {
    const std::string live = dir_ / "live";
    open_and_fill(live, 120);
    flush_tables(live);
    open_and_fill(live, 60);
    fs::copy(live, older(), fs::copy_options::recursive);
    flush_tables(live);
    auto store = open_store(live, small_options());
    ensure(store.has_value(), "could not open");
    fill((*store)->log(), 120);
    truth_ = records((*store)->log(), 1, ~Position{0});
    fs::copy(live, whole(), fs::copy_options::recursive);  // while it is open: what a kill leaves
  }
  std::string whole() const { return dir_ / "whole"; }
  std::string older() const { return dir_ / "older"; }
  const std::vector<RecordPtr>& truth() const { return truth_; }

  /// A fresh copy to be damaged.
  std::string copy() {
    const std::string path = dir_ / ("copy-" + std::to_string(++copies_));
    fs::copy(whole(), path, fs::copy_options::recursive);
    return path;
  }

 private:
  static void open_and_fill(const std::string& path, int count) {
    auto store = open_store(path, small_options());
    ensure(store.has_value(), "could not open");
    fill((*store)->log(), count);
  }
  TempDir dir_;
  std::vector<RecordPtr> truth_;
  int copies_ = 0;
};

/// Whether what can be read is what was written: all of it, or a part with an error, or something else.
struct Reading {
  bool whole = false, wrong = false;
};
Reading read_all(const EventLog& log, const std::vector<RecordPtr>& truth) {
  std::size_t i = 0;
  Reading out;
  auto scanned = log.scan(1, ~Position{0}, Part::all, [&](const RecordPtr& record) {
    while (i < truth.size() && truth[i]->envelope.position < record->envelope.position) ++i;  // a hole: not whole
    if (i == truth.size() || !same(*truth[i], *record)) out.wrong = true;
    ++i;
    return !out.wrong;
  });
  std::size_t count = 0;
  if (scanned) (void)log.scan(1, ~Position{0}, Part::all, [&](const RecordPtr&) { return ++count, true; }).has_value();
  out.whole = scanned.has_value() && count == truth.size();
  return out;
}

struct Diagnosis {
  Verdict verdict = Verdict::harmless;
  bool refused = false;
  std::string sentence;
};

Diagnosis diagnose(const std::string& directory, const std::vector<RecordPtr>& truth, const StoreSeams& seams = {}) {
  const VerifyReport before = verify_directory(directory, {});
  auto opened = open_store_with(directory, small_options(false), seams);
  if (!opened) {
    CHECK(opened.error().sentence.size() > 30);
    CHECK(opened.error().code != Errc::busy);
    CHECK_FALSE(before.ok());  // what does not open does not verify either
    return {Verdict::refused, true, opened.error().sentence};
  }
  const Reading reading = read_all((*opened)->log(), truth);
  if (reading.wrong) return {Verdict::wrong_value, false, ""};
  const VerifyReport after = verify_store(**opened, {});
  if (!before.ok() || !after.ok())
    return {Verdict::found_by_verify, false, (before.ok() ? after : before).findings.front().sentence};
  const bool all_there = reading.whole && (*opened)->log().durable() == truth.back()->last();
  return {all_there ? Verdict::harmless : Verdict::silent_loss, false, ""};
}

int places(int usual) {
  const char* more = std::getenv("HELIOGRAPH_STRESS");
  return usual * (more ? std::max(1, std::atoi(more)) : 1);
}

}  // namespace

TEST_CASE("the undamaged directory opens and verifies", "[damage]") {
  Patient patient;
  REQUIRE(db_files(patient.whole(), "", ".sst").size() >= 4);
  REQUIRE(db_files(patient.whole(), "", ".log").size() >= 1);
  const Diagnosis d = diagnose(patient.copy(), patient.truth());
  INFO(d.sentence);
  CHECK(d.verdict == Verdict::harmless);
}

TEST_CASE("no damage of the catalogue opens as good with something acknowledged missing", "[damage]") {
  Patient patient;
  const auto all = catalogue(patient.whole(), patient.older(), places(4));
  REQUIRE(all.size() > 150);
  std::map<std::string, int> verdicts;
  for (const Damage& damage : all) {
    const std::string directory = patient.copy();
    damage.apply(directory);
    INFO(damage.name);
    const Diagnosis d = diagnose(directory, patient.truth());
    INFO(name(d.verdict) << " " << d.sentence);
    CHECK(d.verdict != Verdict::silent_loss);
    CHECK(d.verdict != Verdict::wrong_value);
    if (damage.must_refuse) CHECK(d.verdict == Verdict::refused);
    ++verdicts[name(d.verdict)];
    if (std::getenv("HELIOGRAPH_VERBOSE")) std::cout << name(d.verdict) << ": " << damage.name << ": " << d.sentence << "\n";
    fs::remove_all(directory);
  }
  std::cout << all.size() << " damages:";
  for (const auto& [verdict, count] : verdicts) std::cout << " " << count << " " << verdict << ",";
  std::cout << "\n";
  CHECK(verdicts[name(Verdict::refused)] > static_cast<int>(all.size()) / 4);
}

TEST_CASE("control: without the watermark a deleted write-ahead file opens as if nothing had been", "[damage]") {
  Patient patient;
  const std::string directory = patient.copy();
  for (const std::string& wal : db_files(directory, "", ".log")) fs::remove(directory + "/" + wal);
  const std::string again = patient.copy();
  for (const std::string& wal : db_files(again, "", ".log")) fs::remove(again + "/" + wal);

  StoreSeams blind;
  blind.compare_watermark = false;
  auto opened = open_store_with(directory, small_options(false), blind);
  REQUIRE(opened);
  CHECK((*opened)->log().durable() < patient.truth().back()->last());

  auto refused = open_store(again, small_options(false));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::corrupt);
  INFO(refused.error().sentence);
  CHECK(refused.error().sentence.find("to " + std::to_string(patient.truth().back()->last())) != std::string::npos);
}

TEST_CASE("a refusal changes nothing: with the file back in its place the log is whole", "[damage]") {
  Patient patient;
  const std::string directory = patient.copy();
  const auto wals = db_files(directory, "", ".log");
  for (const std::string& wal : wals) fs::rename(directory + "/" + wal, directory + "/" + fs::path(wal).filename().string() + ".away");
  for (int i = 0; i < 3; ++i) REQUIRE_FALSE(open_store(directory, small_options(false)));
  for (const std::string& wal : wals) fs::rename(directory + "/" + fs::path(wal).filename().string() + ".away", directory + "/" + wal);
  const Diagnosis d = diagnose(directory, patient.truth());
  INFO(d.sentence);
  CHECK(d.verdict == Verdict::harmless);
}
