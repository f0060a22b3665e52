// The bytes of an uploaded file as UTF-8 text, piece by piece: unpacks gzip, decodes the declared or marked
// encoding, refuses what is no text, and hashes the bytes as they came. Holds 64 KiB at a time, never a file.
#pragma once

#include <cstdint>
#include <istream>
#include <memory>
#include <string>
#include <string_view>

#include "events/digest.hpp"
#include "events/result.hpp"

namespace heliograph {

enum class Encoding : std::uint8_t { utf8, utf16le, utf16be, latin1, windows1250 };
std::string_view name(Encoding encoding);
/// "utf-8", "latin1" (or "iso-8859-1"), "windows-1250" (or "cp1250"); UTF-16 is known by its byte order mark.
Result<Encoding> parse_encoding(std::string_view word);

class TextSource {
 public:
  /// `declared` is used when the file has no byte order mark.
  TextSource(std::istream& in, Encoding declared);
  ~TextSource();
  TextSource(const TextSource&) = delete;
  TextSource& operator=(const TextSource&) = delete;

  /// The next piece of UTF-8, valid until the next call; empty at the end. Errors: invalid (binary, another encoding),
  /// corrupt (cut gzip), io.
  Result<std::string_view> next();
  std::uint64_t bytes_read() const;  // of the file as it lies there, packed or not
  bool packed() const;
  Encoding encoding() const;
  /// SHA-256 of the file's bytes. Requires: next() answered the empty piece.
  Digest digest();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace heliograph
