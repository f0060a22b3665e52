// Records to bytes and back: nothing is lost, nothing unknown is guessed, no bytes crash the reader, and what any release
// ever wrote is read the same for ever (tests/golden). HELIOGRAPH_WRITE_GOLDEN=1 writes the files of this build.
#include <rapidcheck.h>
#include <rapidcheck/catch.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <random>
#include <set>

#include "events/codec.hpp"
#include "events/digest.hpp"
#include "events/event_json.hpp"
#include "tests/support/any_event.hpp"

using namespace heliograph;
using namespace heliograph::testing;

namespace {

// 1: everything, with the rows of readings in their payload. 2: readings with their rows beside.
const std::string golden = std::string(HELIOGRAPH_SOURCE_DIR) + "/tests/golden/log-v";

bool same(const Record& a, const Record& b) {
  if (a.envelope != b.envelope || a.body.index() != b.body.index()) return false;
  return a.is_readings() ? a.readings() == b.readings() : a.event() == b.event();
}

std::vector<std::string> lines_of(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::string> out;
  for (std::string text; std::getline(file, text);) out.push_back(text);
  return out;
}

std::string unhex(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) out += static_cast<char>(std::stoi(text.substr(i, 2), nullptr, 16));
  return out;
}

/// A device.registered as the first schema wrote it: without a freshness. Written by hand, byte by byte.
std::string first_schema_device() {
  const auto field = [](int number, const std::string& bytes) {
    return std::string(1, static_cast<char>(number << 3 | 2)) + static_cast<char>(bytes.size()) + bytes;
  };
  const auto varint = [](int number, std::uint64_t value) {
    std::string out(1, static_cast<char>(number << 3));
    for (; value >= 128; value >>= 7) out += static_cast<char>((value & 127) | 128);
    return out + static_cast<char>(value);
  };
  const std::string body = field(1, "miner-1") + varint(2, 3) + field(3, "Miner") + varint(4, 1) + varint(6, 2 * 2000) +
                           varint(7, 2ull * 300'000'000) + varint(8, 2ull * 300'000'000) + varint(9, 2ull * 900'000'000);
  return varint(1, 3) + field(2, "acme") + field(3, "villa") + field(4, "device-miner-1") + varint(5, 1) + field(6, "device.registered") +
         varint(7, 1) + varint(8, 2ull * 1'748'858'400'000'000) + varint(9, 2ull * 1'748'858'400'000'000) + varint(10, 1) + field(11, "anna") +
         field(13, "p3") + field(15, body);
}

/// An old record is shown with the schema that it was brought up to.
std::string without_schema(const std::string& json) {
  const auto from = json.find("\"schema\":");
  return from == std::string::npos ? json : json.substr(0, from) + json.substr(json.find(',', from));
}

}  // namespace

TEST_CASE("decode(encode(e)) == e for every event, whatever is in it") {
  std::map<std::size_t, int> seen;
  rc::prop("round trip", [&](std::uint64_t seed) {
    std::mt19937_64 random(seed);
    for (std::size_t kind = 0; kind < std::variant_size_v<EventKinds>; ++kind) {
      const Record record = any_record(kind, random);
      ++seen[record.event().index()];
      const std::string bytes = encode_record(record);
      RC_ASSERT(bytes == encode_record(record));
      const auto back = decode_record(bytes, record.envelope.position);
      RC_ASSERT(back.has_value());
      RC_ASSERT(same(*back, record));
      RC_ASSERT(to_json(*back) == to_json(record));
      RC_ASSERT(!decode_record(bytes, record.envelope.position + 1).has_value());
    }
  });
  CHECK(seen.size() == std::variant_size_v<EventKinds>);
}

TEST_CASE("readings survive, also when they were packed ahead") {
  std::mt19937_64 random(4);
  for (int i = 0; i < 50; ++i) {
    Record record = any_readings(random);
    record.envelope.schema = i % 2 == 0 ? readings_schema : 1;
    const std::string bytes = encode_record(record);
    const PackedReadings packed = pack_readings(record.readings());
    if (record.envelope.schema == readings_schema) CHECK(encode_record(record, packed.content) == bytes);
    const auto back = decode_record(bytes, record.envelope.position, packed.bytes);
    REQUIRE(back);
    CHECK(same(*back, record));
    CHECK(says_what_was_sealed(*back, bytes));
    CHECK(back->last() == record.envelope.position + record.readings().size() - 1);
  }
}

TEST_CASE("rows that are not those that were sealed are told apart, whatever was changed") {
  std::mt19937_64 random(5);
  Record record = any_readings(random);
  record.envelope.schema = readings_schema;
  const std::string sealed = encode_record(record);
  ReadingBatch batch = record.readings();
  REQUIRE_FALSE(batch.columns.empty());
  SECTION("a value") { batch.columns[0].values[0] = batch.columns[0].values[0] == missing ? 1 : missing; }
  SECTION("a time") { batch.at.back() += 1; }
  SECTION("a device") { batch.devices[batch.device_of[0]].text += "x"; }
  SECTION("history that claims to be news") { batch.historic = !batch.historic; }
  SECTION("a suspect") { batch.suspects.push_back({static_cast<std::uint32_t>(batch.size() - 1), Metric::grid_w, Quality::jump, "7"}); }
  SECTION("a row") {
    batch.at.pop_back();
    batch.device_of.pop_back();
    for (Column& column : batch.columns) column.values.pop_back();
    std::erase_if(batch.suspects, [&](const Suspect& suspect) { return suspect.row >= batch.size(); });
  }
  const auto back = decode_record(sealed, record.envelope.position, encode_readings(batch));
  REQUIRE(back);
  const auto verdict = says_what_was_sealed(*back, sealed);
  REQUIRE_FALSE(verdict);
  CHECK(verdict.error().code == Errc::corrupt);
}

TEST_CASE("cut or changed bytes are an error or another record, never a crash") {
  std::mt19937_64 random(9);
  std::size_t refused = 0, read = 0;
  for (std::size_t kind = 0; kind <= std::variant_size_v<EventKinds>; ++kind) {
    const Record record = kind == std::variant_size_v<EventKinds> ? any_readings(random) : any_record(kind, random);
    const std::string bytes = encode_record(record);
    for (std::size_t n = 0; n < bytes.size(); ++n) {
      const auto back = decode_record(std::string_view(bytes).substr(0, n), record.envelope.position);
      back ? ++read : ++refused;
    }
    for (int i = 0; i < 300; ++i) {
      std::string damaged = bytes;
      damaged[random() % damaged.size()] ^= static_cast<char>(1 + random() % 255);
      if (auto back = decode_record(damaged, record.envelope.position)) ++read, static_cast<void>(encode_record(*back));
      else ++refused;
    }
  }
  CHECK(refused > 1'000);
  CHECK(read > 100);
}

TEST_CASE("what a newer build wrote is unsupported, and the sentence says what to do") {
  std::mt19937_64 random(1);
  Record record = any_record(0, random);
  SECTION("an unknown type") { record.envelope.type = "battery.exploded"; }
  SECTION("a schema from the future") { record.envelope.schema = 99; }
  SECTION("no schema") { record.envelope.schema = 0; }
  const auto back = decode_record(encode_record(record), record.envelope.position);
  REQUIRE_FALSE(back);
  CHECK(back.error().code == Errc::unsupported);
  CHECK(back.error().sentence.find("newer Heliograph") != std::string::npos);
}

TEST_CASE("a number from the future does not become another word") {
  std::mt19937_64 random(2);
  Record record = any_record(0, random);
  record.envelope.principal.kind = static_cast<PrincipalKind>(77);
  CHECK_FALSE(decode_record(encode_record(record), record.envelope.position));
  CommandDispatched event{{"c-1"}, {"d"}, static_cast<Action>(9), 0, 0, 0};
  record = any_record(0, random);
  record.body = Event(event);
  record.envelope.type = "command.dispatched";
  const auto back = decode_record(encode_record(record), record.envelope.position);
  REQUIRE_FALSE(back);
  CHECK(back.error().code == Errc::corrupt);
}

TEST_CASE("a device of schema 1 is read with a freshness of two holds") {
  const auto back = decode_record(first_schema_device(), 3);
  REQUIRE(back);
  CHECK(back->envelope.schema == 4);
  const auto& device = std::get<DeviceRegistered>(back->event());
  CHECK(device.device.text == "miner-1");
  CHECK(device.nominal_w == 2000);
  CHECK(device.hold == 15 * minute_us);
  CHECK(device.freshness == 30 * minute_us);
}

TEST_CASE("every type has its own name and survives a change of order") {
  std::set<std::string_view> names;
  std::mt19937_64 random(3);
  for (std::size_t kind = 0; kind < std::variant_size_v<EventKinds>; ++kind) {
    const Event event = any_event(kind, random);
    names.insert(type_name(event));
    CHECK(type_name(event).find('.') != std::string_view::npos);
    CHECK(schema_version(event) >= 1);
  }
  CHECK(names.size() == std::variant_size_v<EventKinds>);
  CHECK_FALSE(names.contains(readings_type));
}

TEST_CASE("the golden log reads as it always did") {
  constexpr std::size_t kinds_of_5 = 52;  // what the fifth holds; the sixth holds what came after
  const std::string version = GENERATE("1", "2", "3", "4", "5", "6");
  const std::string directory = golden + version + "/";
  // Only the newest: what an earlier build wrote is never written again.
  if (std::getenv("HELIOGRAPH_WRITE_GOLDEN") != nullptr && version == "6") {
    std::mt19937_64 random(20'250'602);
    std::ofstream bytes(directory + "records.hex"), json(directory + "records.json");
    const auto write = [&](const std::string& payload, Position position, const std::string& rows) {
      const auto record = decode_record(payload, position, rows);
      REQUIRE(record);
      bytes << heliograph::hex(payload) << (rows.empty() ? "" : " ") << heliograph::hex(rows) << "\n";
      json << to_json(*record) << "\n";
    };
    for (int round = 0; round < 4; ++round)
      for (std::size_t kind = kinds_of_5; kind < std::variant_size_v<EventKinds>; ++kind) {
        const Record record = any_record(kind, random);
        write(encode_record(record), record.envelope.position, "");
      }
  }
  const auto stored = lines_of(directory + "records.hex"), expected = lines_of(directory + "records.json");
  REQUIRE(stored.size() == expected.size());
  REQUIRE(stored.size() >= (version == "1" ? 70 : version == "2" || version == "6" ? 4 : 140));
  std::set<std::string> types;
  for (std::size_t i = 0; i < stored.size(); ++i) {
    const std::size_t at = expected[i].find(':') + 1, space = std::min(stored[i].find(' '), stored[i].size());
    const std::string payload = unhex(stored[i].substr(0, space));
    const auto record = decode_record(payload, std::strtoull(expected[i].c_str() + at, nullptr, 10), unhex(stored[i].substr(std::min(space + 1, stored[i].size()))));
    CAPTURE(i);
    REQUIRE(record);
    CHECK(without_schema(to_json(*record)) == without_schema(expected[i]));
    CHECK(says_what_was_sealed(*record, payload));
    types.insert(record->envelope.type);
  }
  CHECK(types.size() == (version == "1" ? 19 : version == "2" ? 1 : version < "5" ? 37 : version == "5" ? kinds_of_5 + 1 : std::variant_size_v<EventKinds> - kinds_of_5));
}
