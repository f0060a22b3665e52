#include "api/import/text.hpp"

#include <simdjson.h>
#include <zlib.h>

#include <array>
#include <cstring>
#include <vector>

namespace heliograph {
namespace {

constexpr std::size_t piece_bytes = 64 * 1024;

// Code points of the bytes 0x80 to 0xFF in windows-1250; 0 where the byte has no meaning.
constexpr std::array<std::uint16_t, 128> windows1250{
    0x20AC, 0,      0x201A, 0,      0x201E, 0x2026, 0x2020, 0x2021, 0,      0x2030, 0x0160, 0x2039, 0x015A, 0x0164, 0x017D, 0x0179,
    0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0,      0x2122, 0x0161, 0x203A, 0x015B, 0x0165, 0x017E, 0x017A,
    0x00A0, 0x02C7, 0x02D8, 0x0141, 0x00A4, 0x0104, 0x00A6, 0x00A7, 0x00A8, 0x00A9, 0x015E, 0x00AB, 0x00AC, 0x00AD, 0x00AE, 0x017B,
    0x00B0, 0x00B1, 0x02DB, 0x0142, 0x00B4, 0x00B5, 0x00B6, 0x00B7, 0x00B8, 0x0105, 0x015F, 0x00BB, 0x013D, 0x02DD, 0x013E, 0x017C,
    0x0154, 0x00C1, 0x00C2, 0x0102, 0x00C4, 0x0139, 0x0106, 0x00C7, 0x010C, 0x00C9, 0x0118, 0x00CB, 0x011A, 0x00CD, 0x00CE, 0x010E,
    0x0110, 0x0143, 0x0147, 0x00D3, 0x00D4, 0x0150, 0x00D6, 0x00D7, 0x0158, 0x016E, 0x00DA, 0x0170, 0x00DC, 0x00DD, 0x0162, 0x00DF,
    0x0155, 0x00E1, 0x00E2, 0x0103, 0x00E4, 0x013A, 0x0107, 0x00E7, 0x010D, 0x00E9, 0x0119, 0x00EB, 0x011B, 0x00ED, 0x00EE, 0x010F,
    0x0111, 0x0144, 0x0148, 0x00F3, 0x00F4, 0x0151, 0x00F6, 0x00F7, 0x0159, 0x016F, 0x00FA, 0x0171, 0x00FC, 0x00FD, 0x0163, 0x02D9};

void append_utf8(std::uint32_t code, std::string& out) {
  const auto put = [&out](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (code < 0x80) return put(code);
  if (code < 0x800) return put(0xC0 | (code >> 6)), put(0x80 | (code & 0x3F));
  if (code < 0x10000) return put(0xE0 | (code >> 12)), put(0x80 | ((code >> 6) & 0x3F)), put(0x80 | (code & 0x3F));
  put(0xF0 | (code >> 18)), put(0x80 | ((code >> 12) & 0x3F)), put(0x80 | ((code >> 6) & 0x3F)), put(0x80 | (code & 0x3F));
}

/// How many bytes at the end begin a UTF-8 character that the next piece may complete.
std::size_t unfinished_utf8(std::string_view bytes) {
  for (std::size_t back = 1; back <= 3 && back <= bytes.size(); ++back) {
    const auto b = static_cast<unsigned char>(bytes[bytes.size() - back]);
    if ((b & 0xC0) == 0x80) continue;
    const std::size_t wanted = b >= 0xF0 ? 4 : b >= 0xE0 ? 3 : b >= 0xC0 ? 2 : 1;
    return wanted > back ? back : 0;
  }
  return 0;
}

bool control(char c) {
  const auto b = static_cast<unsigned char>(c);
  return b < 9 || (b > 13 && b < 32) || b == 127;
}

/// Files that people upload by mistake, by their first bytes.
const char* known_binary(std::string_view head) {
  if (head.starts_with("PK\x03\x04")) return "an Excel workbook or a zip archive: save the sheet as CSV, or unpack it";
  if (head.starts_with("\xD0\xCF\x11\xE0")) return "an old Excel workbook: save the sheet as CSV";
  if (head.starts_with("%PDF")) return "a PDF: ask the source for a CSV export";
  if (head.starts_with("SQLite format 3")) return "a SQLite database: export the table as CSV";
  if (head.starts_with("\x28\xB5\x2F\xFD") || head.starts_with("BZh") || head.starts_with("\xFD" "7zXZ"))
    return "packed with something other than gzip: unpack it first";
  return nullptr;
}

}  // namespace

std::string_view name(Encoding encoding) {
  switch (encoding) {
    case Encoding::utf8: return "utf-8";
    case Encoding::utf16le: return "utf-16le";
    case Encoding::utf16be: return "utf-16be";
    case Encoding::latin1: return "latin1";
    case Encoding::windows1250: return "windows-1250";
  }
  return "utf-8";
}

Result<Encoding> parse_encoding(std::string_view word) {
  if (word == "utf-8") return Encoding::utf8;
  if (word == "latin1" || word == "iso-8859-1") return Encoding::latin1;
  if (word == "windows-1250" || word == "cp1250") return Encoding::windows1250;
  return fail(Errc::invalid, "Encoding \"" + std::string(word.substr(0, 40)) +
                                 "\" is not known: use utf-8, latin1 or windows-1250 (UTF-16 is known by its mark).");
}

struct TextSource::State {
  State(std::istream& stream, Encoding declared) : in(stream), encoding(declared) {}
  ~State() {
    if (unpacking) inflateEnd(&z);
  }

  std::istream& in;
  Encoding encoding;
  Hasher hasher;
  std::uint64_t bytes = 0;       // of the file
  std::uint64_t text_bytes = 0;  // unpacked, before this piece
  bool started = false, unpacking = false, file_ended = false, ended = false, member_open = false;
  z_stream z{};
  std::vector<char> raw = std::vector<char>(piece_bytes);
  std::string_view waiting;  // packed bytes of `raw` that zlib has not seen yet
  std::string bytes_of_piece, carry, out;

  Result<std::string_view> read_file() {
    if (file_ended) return std::string_view{};
    in.read(raw.data(), static_cast<std::streamsize>(raw.size()));
    const auto n = static_cast<std::size_t>(in.gcount());
    if (in.bad()) return fail(Errc::io, "The file could not be read to its end: check the disk and its permissions.");
    if (n < raw.size()) file_ended = true;
    hasher.add({raw.data(), n});
    bytes += n;
    return std::string_view{raw.data(), n};
  }

  Status start() {
    started = true;
    auto head = read_file();
    if (!head) return fail(head.error());
    waiting = *head;
    if (waiting.size() >= 2 && waiting[0] == '\x1f' && waiting[1] == '\x8b') {
      if (inflateInit2(&z, 15 + 16) != Z_OK) return fail(Errc::io, "gzip could not be started: not enough memory.");
      unpacking = true;
      member_open = true;
    }
    return {};
  }

  Status unpack() {
    bytes_of_piece.resize(piece_bytes);
    std::size_t filled = 0;
    while (filled < piece_bytes) {
      if (waiting.empty()) {
        auto more = read_file();
        if (!more) return fail(more.error());
        waiting = *more;
        if (waiting.empty()) {
          if (member_open) return fail(Errc::corrupt, "The gzip file is cut off: copy or download it again.");
          break;
        }
      }
      if (!member_open) {  // gzip files may be joined
        if (inflateReset(&z) != Z_OK) return fail(Errc::io, "gzip could not be restarted.");
        member_open = true;
      }
      z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(waiting.data()));
      z.avail_in = static_cast<uInt>(waiting.size());
      z.next_out = reinterpret_cast<Bytef*>(bytes_of_piece.data() + filled);
      z.avail_out = static_cast<uInt>(piece_bytes - filled);
      const int code = inflate(&z, Z_NO_FLUSH);
      if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
        return fail(Errc::corrupt, "The gzip file is damaged: copy or download it again.");
      waiting.remove_prefix(waiting.size() - z.avail_in);
      filled = piece_bytes - z.avail_out;
      if (code == Z_STREAM_END) member_open = false;
    }
    bytes_of_piece.resize(filled);
    return {};
  }

  Status fetch() {
    if (unpacking) return unpack();
    if (waiting.empty()) {
      auto more = read_file();
      if (!more) return fail(more.error());
      waiting = *more;
    }
    bytes_of_piece.assign(waiting);
    waiting = {};
    return {};
  }

  Status recognise() {  // the first piece decides
    std::string& b = bytes_of_piece;
    if (b.starts_with("\xEF\xBB\xBF")) return encoding = Encoding::utf8, b.erase(0, 3), Status{};
    if (b.starts_with("\xFF\xFE")) return encoding = Encoding::utf16le, b.erase(0, 2), Status{};
    if (b.starts_with("\xFE\xFF")) return encoding = Encoding::utf16be, b.erase(0, 2), Status{};
    if (const char* what = known_binary(b)) return fail(Errc::invalid, std::string("This file is ") + what + ".");
    return {};
  }

  Status refuse_controls(std::string_view text) const {
    for (std::size_t i = 0; i < text.size(); ++i)
      if (control(text[i]))
        return fail(Errc::invalid,
                    "This is a binary file, not text (a control byte stands at offset " + std::to_string(text_bytes + i) +
                        "): import reads CSV and JSON lines, plain or gzip'd; UTF-16 needs its byte order mark.");
    return {};
  }

  Status decode() {
    out.clear();
    const std::string_view piece = bytes_of_piece;
    switch (encoding) {
      case Encoding::utf8: return decode_utf8(piece);
      case Encoding::utf16le:
      case Encoding::utf16be: return decode_utf16(piece);
      case Encoding::latin1:
        for (char c : piece) append_utf8(static_cast<unsigned char>(c), out);
        return {};
      case Encoding::windows1250:
        for (char c : piece) {
          const auto b = static_cast<unsigned char>(c);
          const std::uint32_t code = b < 0x80 ? b : windows1250[b - 0x80u];
          append_utf8(code == 0 && b != 0 ? 0xFFFD : code, out);
        }
        return {};
    }
    return {};
  }

  Status decode_utf8(std::string_view piece) {
    carry.append(piece);
    const std::size_t open = piece.empty() ? 0 : unfinished_utf8(carry);
    const std::string_view whole{carry.data(), carry.size() - open};
    if (!simdjson::validate_utf8(whole.data(), whole.size())) {
      if (auto binary = refuse_controls(whole); !binary) return binary;
      if (piece.empty())
        return fail(Errc::invalid, "The file ends in the middle of a character: it was cut off, or its encoding must be "
                                   "declared (\"encoding\" in the map: latin1 or windows-1250).");
      return fail(Errc::invalid, "The text is not UTF-8: declare \"encoding\" in the map (latin1 or windows-1250), or "
                                 "save the file as UTF-8.");
    }
    out.assign(whole);
    carry.erase(0, whole.size());
    return {};
  }

  Status decode_utf16(std::string_view piece) {
    carry.append(piece);
    std::size_t i = 0;
    const auto unit = [&](std::size_t at) -> std::uint32_t {
      const auto a = static_cast<unsigned char>(carry[at]), b = static_cast<unsigned char>(carry[at + 1]);
      return encoding == Encoding::utf16le ? a | b << 8 : a << 8 | b;
    };
    const auto cut = [] { return fail(Errc::invalid, "The UTF-16 text is damaged or cut off: save the file again."); };
    while (i + 2 <= carry.size()) {
      const std::uint32_t first = unit(i);
      if (first < 0xD800 || first > 0xDFFF) {
        append_utf8(first, out);
        i += 2;
        continue;
      }
      if (first > 0xDBFF) return cut();
      if (i + 4 > carry.size()) break;
      const std::uint32_t second = unit(i + 2);
      if (second < 0xDC00 || second > 0xDFFF) return cut();
      append_utf8(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00), out);
      i += 4;
    }
    carry.erase(0, i);
    if (piece.empty() && !carry.empty()) return cut();
    return {};
  }
};

TextSource::TextSource(std::istream& in, Encoding declared) : state_(std::make_unique<State>(in, declared)) {}
TextSource::~TextSource() = default;

Result<std::string_view> TextSource::next() {
  State& s = *state_;
  const bool first = !s.started;
  if (first)
    if (auto ok = s.start(); !ok) return fail(ok.error());
  while (!s.ended) {
    if (auto ok = s.fetch(); !ok) return fail(ok.error());
    const std::size_t fetched = s.bytes_of_piece.size();
    if (fetched == 0) s.ended = true;
    if (first && s.text_bytes == 0)
      if (auto ok = s.recognise(); !ok) return fail(ok.error());
    if (s.encoding != Encoding::utf16le && s.encoding != Encoding::utf16be && s.bytes_of_piece.find('\0') != std::string::npos)
      if (auto ok = s.refuse_controls(s.bytes_of_piece); !ok) return fail(ok.error());
    // The empty piece at the end still asks the decoder whether a character was left open.
    if (auto ok = s.decode(); !ok) return fail(ok.error());
    if (auto ok = s.refuse_controls(s.out); !ok) return fail(ok.error());
    s.text_bytes += fetched;
    if (!s.out.empty()) return std::string_view{s.out};
  }
  return std::string_view{};
}

std::uint64_t TextSource::bytes_read() const { return state_->bytes; }
bool TextSource::packed() const { return state_->unpacking; }
Encoding TextSource::encoding() const { return state_->encoding; }
Digest TextSource::digest() { return state_->hasher.finish(); }

}  // namespace heliograph
