// The CSV reader against small files: quotes, line ends, separators, encodings, and what it must refuse.
#include <catch2/catch.hpp>
#include <zlib.h>

#include <sstream>

#include "api/decimal.hpp"
#include "api/import/csv.hpp"

using namespace heliograph;

namespace {

using Rows = std::vector<std::vector<std::string>>;

struct Read {
  Rows rows;
  std::vector<std::uint64_t> lines;
  std::string error, pointer;
};

Read read(const std::string& bytes, CsvShape shape = {}, Encoding encoding = Encoding::utf8) {
  std::istringstream in(bytes);
  TextSource source(in, encoding);
  CsvReader csv(source, shape);
  Read out;
  std::vector<std::string_view> cells;
  for (;;) {
    auto more = csv.next(cells);
    if (!more) {
      out.error = more.error().sentence;
      out.pointer = more.error().pointer;
      return out;
    }
    if (!*more) return out;
    out.rows.emplace_back(cells.begin(), cells.end());
    out.lines.push_back(csv.line());
  }
}

std::string gzip(const std::string& text) {
  std::string out(text.size() + 200, '\0');
  z_stream z{};
  REQUIRE(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  z.avail_in = static_cast<uInt>(text.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  REQUIRE(deflate(&z, Z_FINISH) == Z_STREAM_END);
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}

std::string utf16(const std::u16string& text, bool big) {
  std::string out = big ? "\xFE\xFF" : "\xFF\xFE";
  for (const char16_t c : text) {
    const char high = static_cast<char>(c >> 8), low = static_cast<char>(c & 0xFF);
    out += big ? high : low;
    out += big ? low : high;
  }
  return out;
}

}  // namespace

TEST_CASE("rows are split by whatever separator the header uses") {
  for (const char sep : {',', ';', '\t', '|'}) {
    const std::string s(1, sep);
    CAPTURE(s);
    CHECK(read("a" + s + "b\n1" + s + "2\n").rows == Rows{{"a", "b"}, {"1", "2"}});
  }
  CHECK(read("a;b,c\n").error.find("declare \"separator\"") != std::string::npos);
  CHECK(read("a;b,c;d\n1;2,5;3").rows == Rows{{"a", "b,c", "d"}, {"1", "2,5", "3"}});
  CHECK(read("alone\n1\n").rows == Rows{{"alone"}, {"1"}});
}

TEST_CASE("quotes hold separators, doubled quotes and line ends") {
  CHECK(read("a,b\n\"x,y\",\"say \"\"so\"\"\"\n").rows == Rows{{"a", "b"}, {"x,y", "say \"so\""}});
  const auto r = read("a,b\r\n\"one\r\ntwo\",2\r\n3,4\r\n");
  CHECK(r.rows == Rows{{"a", "b"}, {"one\r\ntwo", "2"}, {"3", "4"}});
  CHECK(r.lines == std::vector<std::uint64_t>{1, 2, 4});
  CHECK(read("a,b\nmid\"dle,\"q\"tail\n").rows == Rows{{"a", "b"}, {"mid\"dle", "qtail"}});
  const auto open = read("a,b\n1,\"never\n");
  CHECK(open.error.find("never closed") != std::string::npos);
  CHECK(open.pointer == "line 2");
}

TEST_CASE("line ends may be CRLF, LF, CR or doubled, and blank lines are passed over") {
  const Rows wanted{{"a", "b"}, {"1", "2"}, {"3", "4"}};
  for (const std::string end : {"\n", "\r\n", "\r", "\r\r\n", "\n\n", "\n;;\n"}) {
    CAPTURE(end);
    CHECK(read("a;b" + end + "1;2" + end + "3;4", {';'}).rows == wanted);
  }
  CHECK(read("a;b\r1;2\n3;4\r\n").lines == std::vector<std::uint64_t>{1, 2, 3});
}

TEST_CASE("titles and comments are passed over, quotes in them too") {
  CHECK(read("Site \"x\nmore\na,b\n1,2\n", {0, 0, 2}).rows == Rows{{"a", "b"}, {"1", "2"}});
  CHECK(read("# say \"\na,b\n#c,d\n1,2\n", {0, '#', 0}).rows == Rows{{"a", "b"}, {"1", "2"}});
}

TEST_CASE("text is decoded by its mark or its declared encoding") {
  const Rows wanted{{"t", "ż"}, {"1", "é"}};
  CHECK(read("\xEF\xBB\xBFt,ż\n1,é\n").rows == wanted);
  CHECK(read(utf16(u"t,ż\n1,é\n", false)).rows == wanted);
  CHECK(read(utf16(u"t,ż\n1,é\n", true)).rows == wanted);
  CHECK(read("t,\xBF\n1,\xE9\n", {}, Encoding::windows1250).rows == wanted);
  CHECK(read("t,\xBF\n1,\xE9\n", {}, Encoding::latin1).rows == Rows{{"t", "¿"}, {"1", "é"}});
  CHECK(read("t,\xBF\n1,\xE9\n").error.find("declare \"encoding\"") != std::string::npos);
  CHECK(read("t,x\n1,\xC5").error.find("middle of a character") != std::string::npos);
  CHECK(read(utf16(u"t,x\n1", false) + "\x31").error.find("cut off") != std::string::npos);
  CHECK(read(utf16(u"a😀,b\n1,2", true)).rows == Rows{{"a😀", "b"}, {"1", "2"}});
}

TEST_CASE("gzip is seen by its magic, and a cut or damaged one is refused") {
  std::string text = "t,x\n";
  for (int i = 0; i < 50'000; ++i) text += std::to_string(i) + "," + std::to_string(i * 7919 % 1000) + "\n";
  const std::string packed = gzip(text);
  CHECK(read(packed).rows.size() == 50'001);
  CHECK(read(gzip("a,b\n") + gzip("1,2\n")).rows == Rows{{"a", "b"}, {"1", "2"}});
  CHECK(read(packed.substr(0, packed.size() / 2)).error.find("cut off") != std::string::npos);
  std::string broken = packed;
  broken[broken.size() / 2] = static_cast<char>(broken[broken.size() / 2] ^ 0x55);
  CHECK_FALSE(read(broken).error.empty());
}

TEST_CASE("binary files and endless rows are refused with one sentence") {
  CHECK(read(std::string("a,b\n1,\0", 7)).error.find("binary") != std::string::npos);
  CHECK(read("a,b\n1,\x01\n").error.find("binary") != std::string::npos);
  CHECK(read("PK\x03\x04 whatever").error.find("Excel") != std::string::npos);
  const auto r = read("a,b\n1," + std::string(csv_row_bytes_max + 10, 'x') + "\n");
  CHECK(r.error.find("longer than 1 MiB") != std::string::npos);
  CHECK(r.pointer == "line 2");
}

TEST_CASE("decimals become scaled integers without a double between") {
  struct Case { const char* text; int power; std::int64_t wanted; };
  for (const Case& c : {Case{"83.4", 1, 834}, Case{"0.1234", 6, 123'400}, Case{"-0", 3, 0}, Case{"1234.5", 0, 1235}, Case{"-1234.5", 0, -1235},
                        Case{"1.0096232e-07", 6, 0}, Case{"5e-1", 0, 1}, Case{"0.49999999999999999999", 0, 0}, Case{"9007199254740993", 0, 9007199254740993},
                        Case{"0.0390000000006694", 3, 39}, Case{"1e18", 0, 1'000'000'000'000'000'000}}) {
    CAPTURE(c.text);
    const auto d = parse_json_number(c.text);
    REQUIRE(d);
    CHECK(scaled(*d, c.power) == c.wanted);
  }
  for (const char* text : {"", "-", "+1", ".5", "5.", "01", "1e", "0x1", "NaN", "1 ", "1,5"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_json_number(text));
  }
  CHECK_FALSE(scaled(*parse_json_number("1e309"), 0));
  CHECK_FALSE(scaled(*parse_json_number(std::string(1'000'000, '9')), 0));
  CHECK(scaled(*parse_number("0,574", {',', {}}), 3, 3600, 3600) == 574);
  CHECK(scaled(*parse_number("1.234,50", {',', "."}), 2) == 123'450);
  CHECK_FALSE(parse_number("1.234,5", {'.', ","}));  // grouping stands before the decimals only
  CHECK_FALSE(parse_number("1.5", {',', {}}));
  bool exact = true;
  CHECK(scaled(*parse_json_number("11.2"), 3, 3600, 86'400, &exact) == 467);
  CHECK_FALSE(exact);
}
