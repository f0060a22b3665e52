// Batches of readings: built row by row, to bytes and back.
#include "events/readings.hpp"

#include <catch2/catch.hpp>
#include <random>

#include "events/columns.hpp"

using namespace heliograph;

namespace {

ReadingBatch small_batch() {
  ReadingBuilder builder;
  builder.row("meter-1", 1000);
  builder.set(Metric::grid_w, -250);
  builder.row("battery-1", 1000);
  builder.set(Metric::soc_permille, 512);
  builder.set_text(Metric::mode, "idle");
  builder.row("meter-1", 2000);
  builder.set(Metric::grid_w, 300);
  return builder.take();
}

ReadingBatch random_batch(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  ReadingBuilder builder;
  const std::size_t rows = random() % 700, devices = random() % 12 + 1;
  constexpr std::array numbers{Metric::pv_w, Metric::grid_w, Metric::soc_permille, Metric::battery_mv,
                               Metric::import_price_micro, Metric::power_w};
  for (std::size_t row = 0; row < rows; ++row) {
    builder.row("node-" + std::to_string(random() % devices), static_cast<Micros>(row * 60'000'000 + random() % 3));
    for (const Metric metric : numbers)
      if (random() % 3 != 0) builder.set(metric, static_cast<std::int64_t>(random() % 3000) - 100);
    if (random() % 2 == 0) builder.set_text(Metric::state, std::array{"mining", "idle", "off"}[random() % 3]);
    if (random() % 20 == 0) builder.suspect(Metric::temperature_mc, Quality::unreadable, "hot");
  }
  builder.historic(random() % 2 == 0);
  return builder.take();
}

}  // namespace

TEST_CASE("a builder lays rows out in columns") {
  const ReadingBatch batch = small_batch();
  REQUIRE(batch.size() == 3);
  CHECK(batch.devices == std::vector<DeviceId>{{"meter-1"}, {"battery-1"}});
  CHECK(batch.device_of == std::vector<std::uint32_t>{0, 1, 0});
  CHECK(batch.at == std::vector<Micros>{1000, 1000, 2000});
  CHECK(batch.column(Metric::grid_w)->values == std::vector<std::int64_t>{-250, missing, 300});
  CHECK(batch.value(Metric::soc_permille, 1) == 512);
  CHECK(batch.value(Metric::soc_permille, 0) == missing);
  CHECK(batch.value(Metric::pv_w, 0) == missing);
  CHECK(batch.words == std::vector<std::string>{"idle"});
  CHECK(batch.value(Metric::mode, 1) == 0);
  CHECK(batch.suspects.empty());
  for (std::size_t i = 1; i < batch.columns.size(); ++i) CHECK(batch.columns[i - 1].metric < batch.columns[i].metric);
}

TEST_CASE("a value outside its range is kept as suspect and not as a value") {
  ReadingBuilder builder;
  builder.row("battery-1", 1);
  builder.set(Metric::soc_permille, 1001);
  builder.set(Metric::battery_mv, 0);
  builder.set(Metric::battery_w, -500);
  builder.row("battery-1", 2);
  builder.set(Metric::soc_permille, 1000);
  const ReadingBatch batch = builder.take();
  REQUIRE(batch.suspects.size() == 2);
  CHECK(batch.suspects[0] == Suspect{0, Metric::soc_permille, Quality::implausible, "1001"});
  CHECK(batch.suspects[1] == Suspect{0, Metric::battery_mv, Quality::implausible, "0"});
  CHECK(batch.value(Metric::soc_permille, 0) == missing);
  CHECK(batch.value(Metric::soc_permille, 1) == 1000);
  CHECK(batch.column(Metric::battery_mv) == nullptr);
  CHECK(batch.value(Metric::battery_w, 0) == -500);
}

TEST_CASE("the last word on a metric in a row counts, good or suspect") {
  ReadingBuilder builder;
  builder.row("a", 1);
  builder.set(Metric::pv_w, 100);
  builder.set(Metric::pv_w, 200);
  builder.set(Metric::load_w, -5);
  builder.set(Metric::load_w, 5);
  builder.set(Metric::grid_w, 7);
  builder.suspect(Metric::grid_w, Quality::unreadable, "85%");
  builder.set(Metric::battery_w, 1);
  builder.set(Metric::battery_w, missing);
  const ReadingBatch batch = builder.take();
  CHECK(batch.value(Metric::pv_w, 0) == 200);
  CHECK(batch.value(Metric::load_w, 0) == 5);
  CHECK(batch.value(Metric::grid_w, 0) == missing);
  CHECK(batch.value(Metric::battery_w, 0) == 1);
  REQUIRE(batch.suspects.size() == 1);
  CHECK(batch.suspects[0] == Suspect{0, Metric::grid_w, Quality::unreadable, "85%"});
}

TEST_CASE("words and numbers do not mix, and a suspect's text is kept short and whole") {
  ReadingBuilder builder;
  builder.row("a", 1);
  builder.set(Metric::mode, 3);
  builder.set_text(Metric::pv_w, "much");
  builder.set_text(Metric::state, std::string(word_bytes_max + 1, 's'));
  std::string degrees;
  for (int i = 0; i < 40; ++i) degrees += "\xc2\xb0";
  builder.suspect(Metric::temperature_mc, Quality::unreadable, "x" + degrees);
  const ReadingBatch batch = builder.take();
  REQUIRE(batch.suspects.size() == 4);
  CHECK(batch.columns.empty());
  CHECK(batch.suspects[0] == Suspect{0, Metric::mode, Quality::unreadable, "3"});
  CHECK(batch.suspects[1] == Suspect{0, Metric::pv_w, Quality::unreadable, "much"});
  CHECK(batch.suspects[2].raw == std::string(64, 's'));
  CHECK(batch.suspects[3].raw == ("x" + degrees).substr(0, 63));
}

TEST_CASE("a builder can be used again and remembers nothing") {
  ReadingBuilder builder;
  for (int round = 0; round < 2; ++round) {
    builder.row("b", 5);
    builder.set_text(Metric::mode, "on");
    builder.historic(true);
    const ReadingBatch batch = builder.take();
    CHECK(batch.devices == std::vector<DeviceId>{{"b"}});
    CHECK(batch.words == std::vector<std::string>{"on"});
    CHECK(batch.historic);
    CHECK(builder.size() == 0);
  }
  builder.row("c", 6);
  CHECK_FALSE(builder.take().historic);
}

TEST_CASE("batches survive, and equal batches give equal bytes") {
  CHECK(decode_readings(encode_readings(ReadingBatch{})).value() == ReadingBatch{});
  CHECK(decode_readings(encode_readings(small_batch())).value() == small_batch());
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    INFO("seed " << seed);
    const ReadingBatch batch = random_batch(seed);
    const std::string bytes = encode_readings(batch);
    const auto back = decode_readings(bytes);
    REQUIRE(back.has_value());
    REQUIRE(*back == batch);
    REQUIRE(encode_readings(*back) == bytes);
  }
}

TEST_CASE("a full day of ten devices takes a few bytes a reading") {
  ReadingBuilder builder;
  std::mt19937_64 random(1);
  for (int minute = 0; minute < 1440; ++minute)
    for (int device = 0; device < 10; ++device) {
      builder.row("node-" + std::to_string(device), minute * minute_us);
      builder.set(Metric::soc_permille, 500 + minute / 10 + device);
      builder.set(Metric::power_w, 3200 + static_cast<std::int64_t>(random() % 32));
    }
  const ReadingBatch batch = builder.take();
  CHECK(encode_readings(batch).size() < batch.size() * 2);
}

TEST_CASE("a damaged batch is refused") {
  const std::string bytes = encode_readings(random_batch(4));
  for (std::size_t size = 0; size < bytes.size(); size += 7) {
    const auto cut = decode_readings(std::string(bytes.substr(0, size)));
    REQUIRE_FALSE(cut.has_value());
  }
  std::mt19937_64 random(9);
  for (int round = 0; round < 500; ++round) {
    std::string flipped = bytes;
    flipped[random() % flipped.size()] ^= static_cast<char>(1 << random() % 8);
    const auto result = decode_readings(flipped);
    if (result) CHECK(*result == random_batch(4));  // a bit of the frame that means nothing
  }
  CHECK_FALSE(decode_readings(bytes + "x").has_value());
}

TEST_CASE("a batch of another format says to upgrade") {
  std::string bytes = encode_readings(small_batch());
  bytes[0] = 3;
  CHECK(decode_readings(bytes).error().code == Errc::unsupported);
}

TEST_CASE("a short batch is stored bare, a long one squeezed, and each reads in its form only") {
  const std::string bare = encode_readings(small_batch()), squeezed = encode_readings(random_batch(4));
  CHECK(bare[0] == 2);
  CHECK(squeezed[0] == 1);
  CHECK(decode_readings(bare).value() == small_batch());
  CHECK(decode_readings("\1" + compress(bare.substr(1), 1)).value() == small_batch());  // as older versions wrote it
  CHECK_FALSE(decode_readings("\1" + bare.substr(1)).has_value());
  CHECK_FALSE(decode_readings("\2" + squeezed.substr(1)).has_value());
  for (std::size_t size = 0; size < bare.size(); ++size) CHECK_FALSE(decode_readings(std::string_view(bare).substr(0, size)).has_value());
}

TEST_CASE("what is well formed and makes no sense is refused") {
  // rows, flags, devices, words, device column, time column, columns, suspects
  const auto batch = [](std::uint64_t rows, std::uint8_t flags, const std::string& device, std::int64_t device_of,
                        const std::vector<Metric>& metrics, std::int64_t value, std::string_view tail) {
    std::string raw;
    put_varint(rows, raw);
    raw.push_back(static_cast<char>(flags));
    put_varint(1, raw);
    put_text(device, raw);
    put_varint(0, raw);
    encode_column(std::vector<std::int64_t>(rows, device_of), raw);
    encode_column(std::vector<std::int64_t>(rows, 5), raw);
    put_varint(metrics.size(), raw);
    for (const Metric metric : metrics) {
      raw.push_back(static_cast<char>(metric));
      encode_column(std::vector<std::int64_t>(rows, value), raw);
    }
    raw += tail;
    return decode_readings(std::string(1, 1) + compress(raw, 1));
  };
  const std::string_view none("\0", 1);
  CHECK(batch(2, 0, "a", 0, {Metric::pv_w}, 1, none).has_value());
  CHECK_FALSE(batch(2, 2, "a", 0, {Metric::pv_w}, 1, none).has_value());                // unknown flag
  CHECK_FALSE(batch(2, 0, "A b", 0, {Metric::pv_w}, 1, none).has_value());              // no id
  CHECK_FALSE(batch(2, 0, "a", 1, {Metric::pv_w}, 1, none).has_value());                // no such device
  CHECK_FALSE(batch(2, 0, "a", missing, {Metric::pv_w}, 1, none).has_value());          // no device
  CHECK_FALSE(batch(2, 0, "a", 0, {Metric::load_w, Metric::pv_w}, 1, none).has_value());  // out of order
  CHECK_FALSE(batch(2, 0, "a", 0, {Metric::pv_w, Metric::pv_w}, 1, none).has_value());  // twice
  CHECK_FALSE(batch(2, 0, "a", 0, {Metric::mode}, 0, none).has_value());                // no such word
  CHECK_FALSE(batch(2, 0, "a", 0, {Metric::pv_w}, 1, "").has_value());                  // no suspects
  CHECK_FALSE(batch(2, 0, "a", 0, {Metric::pv_w}, 1, std::string_view("\0x", 2)).has_value());  // left over
  CHECK_FALSE(batch(2, 0, "a", 0, {Metric::pv_w}, 1, std::string_view("\1\2\1\1\0", 5)).has_value());  // row 2 of 2
  CHECK_FALSE(batch(2, 0, "a", 0, {Metric::pv_w}, 1, std::string_view("\1\0\1\7\0", 5)).has_value());  // quality 7
  CHECK(batch(2, 0, "a", 0, {static_cast<Metric>(99)}, 1, none).error().code == Errc::unsupported);
  CHECK(batch(batch_rows_max + 1, 0, "a", 0, {}, 1, none).error().code == Errc::corrupt);
  CHECK(batch(batch_rows_max, 0, "a", 0, {Metric::pv_w}, 1, none).value().size() == batch_rows_max);
}
