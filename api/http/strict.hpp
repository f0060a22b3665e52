// The strict layer in front of Beast: reads the head of a request and refuses everything that two programs could
// read differently. Pure functions over bytes; no I/O. After any refusal the connection is closed and what is left
// in its buffer never becomes a request. Sizes are bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/http/types.hpp"

namespace heliograph::http {

/// Why a message was not taken. Both texts are literals: nothing of the request is echoed.
struct Refusal {
  int status = 400;
  std::string_view rule;    // short and stable, e.g. "two-hosts"
  std::string_view detail;  // for people: what to do next
};

enum class Framing : std::uint8_t { none, length, chunked };

struct HeadField {
  std::string_view name;
  std::string_view value;  // without blanks around it
};

/// A head that was accepted. Views point into the bytes given to `read_head`.
struct Head {
  Method method = Method::get;
  int minor_version = 1;
  bool keep_alive = true;
  bool expects_continue = false;
  Framing framing = Framing::none;
  std::uint64_t content_length = 0;
  std::string_view target;                    // as sent
  std::string_view path;                      // the target in origin form: path and query, or "*"
  std::optional<std::string_view> authority;  // of a target in absolute form; the same as `host`
  std::string_view host;                      // as sent, with its port
  std::vector<HeadField> fields;
};

/// Where the head ends. `seen` bytes were looked at before (0 at first); call again when more has arrived.
struct HeadScan {
  enum class Kind : std::uint8_t { need_more, complete, refused } kind = Kind::need_more;
  std::size_t end = 0;  // complete: first byte after the empty line
  Refusal refusal;
};
HeadScan scan_head(std::string_view bytes, std::size_t seen, const Limits& limits);

/// Requires: `head` is what `scan_head` delimited. Fills `out` or says why not.
std::optional<Refusal> read_head(std::string_view head, const Limits& limits, Head& out);

/// Decodes the target: path without dot segments, encoded slashes or control bytes; query with duplicates kept.
std::optional<Refusal> read_target(std::string_view raw, std::string& path, Pairs& query);

/// Decodes a chunked body, byte by byte and without state in the buffer: sizes of 1 to 16 hex digits, extensions of up to
/// 256 bytes that say nothing, no trailers. (Beast 1.74's own decoder asserts on a last chunk that arrives in pieces.)
class ChunkReader {
 public:
  /// Takes what belongs to the body and adds its data to `body`, which may grow to `limit`.
  std::optional<Refusal> feed(std::string_view bytes, std::size_t limit, std::size_t& eaten, std::string& body);
  bool done() const { return state_ == State::done; }

 private:
  static constexpr unsigned extension_bytes_max = 256;
  enum class State : std::uint8_t { size, extension, size_end, data, data_cr, data_lf, last_cr, last_lf, done };
  std::optional<Refusal> take_mark(char c);
  State state_ = State::size;
  unsigned digits_ = 0, extension_bytes_ = 0;
  std::uint64_t left_ = 0;
};

/// The name in a Host header, lower case, without port and without the brackets' content changed: "[::1]".
std::string host_name(std::string_view host);

bool is_utf8(std::string_view text);
bool is_token(std::string_view text);

}  // namespace heliograph::http
