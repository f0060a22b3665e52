// The column codec: every int64 survives, equal columns give equal bytes, foreign bytes give an error and nothing else.
#include "events/columns.hpp"

#include <catch2/catch.hpp>
#include <limits>
#include <random>

#include "events/metric.hpp"

using namespace heliograph;

namespace {

using Values = std::vector<std::int64_t>;
constexpr auto lowest = std::numeric_limits<std::int64_t>::min();
constexpr auto highest = std::numeric_limits<std::int64_t>::max();

std::string packed(const Values& values) {
  std::string out;
  encode_column(values, out);
  return out;
}
std::string tight(const Values& values) {
  std::string out;
  encode_column_tight(values, out);
  return out;
}

Values decoded(std::string_view bytes, std::size_t count) {
  Values out;
  const auto status = decode_column(bytes, count, out);
  REQUIRE(status.has_value());
  REQUIRE(bytes.empty());
  return out;
}

void survives(const Values& values) {
  CHECK(decoded(packed(values), values.size()) == values);
  CHECK(decoded(tight(values), values.size()) == values);
  CHECK(packed(values) == packed(values));
}

/// Columns of many shapes: widths from 0 to 64 bits, steps, common factors, holes and runs of holes.
Values random_column(std::mt19937_64& random) {
  const std::size_t count = random() % 4 == 0 ? random() % 3000 : random() % 300;
  const auto width = static_cast<unsigned>(random() % 65);
  const auto mask = width == 64 ? ~0ull : (1ull << width) - 1;
  const auto factor = random() % 3 == 0 ? random() % 1'000'000 + 1 : 1;
  const auto shape = random() % 4;
  const auto holes = random() % 4;  // none, some, runs, nearly all
  Values values;
  std::uint64_t walk = random() & mask;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t noise = random() & mask;
    walk = shape == 0 ? noise : shape == 1 ? walk + noise * factor : shape == 2 ? walk + factor : walk;
    const bool hole = (holes == 1 && random() % 5 == 0) || (holes == 2 && (i / 50) % 2 == 1) ||
                      (holes == 3 && random() % 60 != 0);
    values.push_back(hole ? missing : static_cast<std::int64_t>(walk));
  }
  return values;
}

}  // namespace

TEST_CASE("a column survives, whatever is in it") {
  survives({});
  survives({0});
  survives({missing});
  survives({missing, missing, missing});
  survives({missing, 7});
  survives({7, missing});
  survives({lowest + 1, highest, lowest, -1, 0, 1, highest, highest});
  survives({highest, lowest + 1, highest, lowest + 1});
  survives(Values(1000, 42));
  survives(Values(129, highest));
}

TEST_CASE("a column survives at every bit width and around the edges of a group") {
  std::mt19937_64 random(7);
  for (unsigned width = 0; width <= 64; ++width) {
    for (const std::size_t count : {1, 2, 3, 7, 8, 127, 128, 129, 130, 255, 256, 257, 720}) {
      const auto mask = width == 64 ? ~0ull : (1ull << width) - 1;
      Values values;
      for (std::size_t i = 0; i < count; ++i) values.push_back(static_cast<std::int64_t>(random() & mask));
      INFO("width " << width << " count " << count);
      survives(values);
    }
  }
}

TEST_CASE("random columns survive") {
  for (std::uint64_t seed = 1; seed <= 1500; ++seed) {
    std::mt19937_64 random(seed);
    INFO("seed " << seed);
    survives(random_column(random));
  }
}

TEST_CASE("regular times and constants cost next to nothing") {
  Values times;
  for (int i = 0; i < 720; ++i) times.push_back(1'704'067'200'000'000 + i * 120'000'000ll);
  CHECK(packed(times).size() <= 20);
  CHECK(packed(Values(720, 230'000)).size() <= 8);
  CHECK(packed(Values(720, missing)).size() == 1);
}

TEST_CASE("a sparse column costs its values, not its length") {
  Values values(10'000, missing);
  for (std::size_t i = 0; i < values.size(); i += 1000) values[i] = static_cast<std::int64_t>(i);
  CHECK(packed(values).size() < 100);
}

TEST_CASE("a common factor is not paid for") {
  Values fine, coarse;
  std::mt19937_64 random(3);
  for (int i = 0; i < 720; ++i) {
    const auto noise = static_cast<std::int64_t>(random() % 64);
    fine.push_back(noise);
    coarse.push_back(51'200 + noise * 10'000);
  }
  CHECK(packed(coarse).size() <= packed(fine).size() + 8);
}

TEST_CASE("the tight form is never longer and pays off on noise that fits no power of two") {
  std::mt19937_64 random(11);
  Values noise;
  for (int i = 0; i < 720; ++i) {
    std::int64_t sum = 0;
    for (int k = 0; k < 12; ++k) sum += static_cast<std::int64_t>(random() % 7);
    noise.push_back(sum);
  }
  CHECK(tight(noise).size() <= packed(noise).size());
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    std::mt19937_64 other(seed);
    const Values values = random_column(other);
    CHECK(tight(values).size() <= packed(values).size());
  }
}

TEST_CASE("columns stand one after the other") {
  std::string bytes;
  encode_column(Values{1, 2, 3}, bytes);
  encode_column(Values{missing, 5}, bytes);
  encode_column(Values{}, bytes);
  encode_column(Values(300, 9), bytes);
  std::string_view left = bytes;
  Values out;
  REQUIRE(decode_column(left, 3, out).has_value());
  CHECK(out == Values{1, 2, 3});
  REQUIRE(decode_column(left, 2, out).has_value());
  CHECK(out == Values{missing, 5});
  REQUIRE(decode_column(left, 0, out).has_value());
  CHECK(out.empty());
  REQUIRE(decode_column(left, 300, out).has_value());
  CHECK(out == Values(300, 9));
  CHECK(left.empty());
}

TEST_CASE("a cut column is refused at every length") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    std::mt19937_64 random(seed);
    const Values values = random_column(random);
    for (const std::string& bytes : {packed(values), tight(values)}) {
      for (std::size_t size = 0; size < bytes.size(); ++size) {
        const std::string cut = bytes.substr(0, size);  // its own allocation: a read beyond it is seen by ASan
        std::string_view view = cut;
        Values out;
        const auto status = decode_column(view, values.size(), out);
        REQUIRE_FALSE(status.has_value());
        CHECK(status.error().code == Errc::corrupt);
      }
    }
  }
}

TEST_CASE("damaged columns decode to something or are refused, and never more values than asked for") {
  std::mt19937_64 random(5);
  for (int round = 0; round < 4000; ++round) {
    const Values values = random_column(random);
    std::string bytes = round % 2 == 0 ? packed(values) : tight(values);
    if (bytes.empty()) continue;
    for (int flips = 0; flips < 3; ++flips) bytes[random() % bytes.size()] ^= static_cast<char>(1 << random() % 8);
    std::string_view view = bytes;
    Values out;
    if (decode_column(view, values.size(), out)) CHECK(out.size() == values.size());
  }
}

TEST_CASE("varints keep every number and refuse longer ways to write one") {
  for (const std::uint64_t number : {0ull, 1ull, 127ull, 128ull, 16'384ull, 1ull << 63, ~0ull}) {
    std::string bytes;
    put_varint(number, bytes);
    std::string_view view = bytes;
    CHECK(take_varint(view).value() == number);
    CHECK(view.empty());
  }
  for (const std::string_view bad : {std::string_view("\x80\x00", 2), std::string_view("\x80", 1), std::string_view(),
                                     std::string_view("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10),
                                     std::string_view("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11)}) {
    std::string_view view = bad;
    CHECK_FALSE(take_varint(view).has_value());
  }
  for (const std::int64_t number : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{1}, lowest, highest})
    CHECK(unzigzag(zigzag(number)) == number);
}

TEST_CASE("compressed bytes come back, and damage to any byte is noticed") {
  std::string raw;
  for (int i = 0; i < 500; ++i) raw += "reading " + std::to_string(i * i) + "; ";
  const std::string bytes = compress(raw, 3);
  CHECK(bytes.size() < raw.size());
  CHECK(decompress(bytes, raw.size()).value() == raw);
  CHECK(decompress(compress("", 1), 0).value().empty());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string flipped = bytes;
    flipped[i] ^= 0x10;
    const auto result = decompress(flipped, raw.size() * 10);
    if (result) CHECK(*result == raw);  // a bit of the frame that means nothing
  }
  for (std::size_t size = 0; size < bytes.size(); ++size)
    CHECK_FALSE(decompress(std::string_view(bytes).substr(0, size), raw.size()).has_value());
}

TEST_CASE("a claimed length beyond the limit, or beyond what the bytes can hold, is refused before memory is taken") {
  const std::string bytes = compress(std::string(10'000, 'x'), 1);
  CHECK(decompress(bytes, 9'999).error().code == Errc::corrupt);
  std::string liar;
  put_varint(1ull << 40, liar);
  liar += bytes.substr(2);
  CHECK(decompress(liar, ~std::size_t{0} >> 1).error().code == Errc::corrupt);
}
