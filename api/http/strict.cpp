#include "api/http/strict.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace heliograph::http {
namespace {

using std::string_view;

Refusal bad(string_view rule, string_view detail) { return {400, rule, detail}; }

// One byte, three questions. A table because every byte of every head asks.
enum : std::uint8_t { token_char = 1, field_char = 2, target_char = 4 };
constexpr std::array<std::uint8_t, 256> make_classes() {
  std::array<std::uint8_t, 256> classes{};
  for (unsigned c = 0; c < 256; ++c) {
    std::uint8_t bits = 0;
    const bool alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (alnum || (c != 0 && string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(c)) != string_view::npos))
      bits |= token_char;
    if (c == '\t' || (c >= 0x20 && c != 0x7f)) bits |= field_char;
    if (c > 0x20 && c < 0x7f && c != '"' && c != '<' && c != '>' && c != '#') bits |= target_char;
    classes[c] = bits;
  }
  return classes;
}
constexpr auto classes = make_classes();

bool all(string_view text, std::uint8_t kind) {
  return std::all_of(text.begin(), text.end(),
                     [kind](char c) { return classes[static_cast<unsigned char>(c)] & kind; });
}

string_view without_blanks(string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool digits(string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<Refusal> read_version(string_view text, Head& out) {
  if (text == "HTTP/1.1" || text == "HTTP/1.0") {
    out.minor_version = text.back() - '0';
    return std::nullopt;
  }
  if (text.size() == 8 && text.substr(0, 5) == "HTTP/" && hex(text[5]) >= 0 && text[6] == '.' && hex(text[7]) >= 0)
    return Refusal{505, "version", "This server speaks HTTP/1.1 and HTTP/1.0."};
  return bad("version", "The request line must end in HTTP/1.1.");
}

/// A target in absolute form (RFC 9112, 3.2.2) is whom it is for, and its path.
void split_target(Head& out) {
  out.path = out.target;
  for (const string_view scheme : {"http://", "https://"}) {
    if (!same_ignoring_case(out.target.substr(0, scheme.size()), scheme)) continue;
    const auto rest = out.target.substr(scheme.size());
    const auto path = rest.find('/');
    out.authority = rest.substr(0, path);
    out.path = path == string_view::npos ? string_view("/") : rest.substr(path);
    return;
  }
}

std::optional<Refusal> read_request_line(string_view line, const Limits& limits, Head& out) {
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == string_view::npos || first == last || line.find(' ', first + 1) != last)
    return bad("request-line", "The request line must be: method, one space, path, one space, HTTP/1.1.");
  const auto method = line.substr(0, first);
  out.target = line.substr(first + 1, last - first - 1);
  if (!is_token(method)) return bad("method", "The method must be one of GET, HEAD, POST, PUT, DELETE, OPTIONS.");
  if (out.target.size() > limits.target_bytes)
    return Refusal{414, "target-length", "The URL is longer than 2048 bytes: send what is long in the body."};
  if (auto refusal = read_version(line.substr(last + 1), out)) return refusal;
  const auto known = parse_method(method);
  if (!known) {
    const bool understood = method == "TRACE" || method == "CONNECT" || method == "PATCH";
    return Refusal{understood ? 405 : 501, "method", "Use GET, HEAD, POST, PUT, DELETE or OPTIONS."};
  }
  out.method = *known;
  split_target(out);
  if (out.path == "*" && *known == Method::options) return std::nullopt;
  if (out.path.empty() || out.path.front() != '/' || !all(out.path, target_char))
    return bad("target", "The request target must be a path that begins with '/', percent-encoded where needed.");
  return std::nullopt;
}

bool valid_host(string_view host) {
  auto name = host;
  if (!host.empty() && host.front() == '[') {
    const auto close = host.find(']');
    if (close == string_view::npos || close < 3) return false;
    name = host.substr(0, close + 1);
    for (char c : name.substr(1, close - 1))
      if (hex(c) < 0 && c != ':' && c != '.') return false;
  } else {
    name = host.substr(0, host.find(':'));
    for (char c : name)
      if (!(classes[static_cast<unsigned char>(c)] & token_char) || string_view("#`^|*%").find(c) != string_view::npos)
        return false;
  }
  if (name.empty()) return false;
  auto rest = host.substr(name.size());
  if (rest.empty()) return true;
  rest.remove_prefix(1);
  if (!digits(rest) || rest.size() > 5) return false;
  unsigned port = 0;
  for (char c : rest) port = port * 10 + static_cast<unsigned>(c - '0');
  return port <= 65535 && host[name.size()] == ':';
}

/// What framing and routing depend on, gathered while the fields go by.
struct Seen {
  unsigned hosts = 0, lengths = 0, encodings = 0, expects = 0;
  string_view length, encoding, expect;
  bool close = false;
};

void note_connection(string_view value, Seen& seen) {
  while (!value.empty()) {
    const auto comma = value.find(',');
    if (same_ignoring_case(without_blanks(value.substr(0, comma)), "close")) seen.close = true;
    value = comma == string_view::npos ? string_view{} : value.substr(comma + 1);
  }
}

void note_field(const HeadField& field, Head& out, Seen& seen) {
  switch (field.name.size()) {
    case 4:
      if (same_ignoring_case(field.name, "host")) {
        ++seen.hosts;
        out.host = field.value;
      }
      break;
    case 6:
      if (same_ignoring_case(field.name, "expect")) {
        ++seen.expects;
        seen.expect = field.value;
      }
      break;
    case 10:
      if (same_ignoring_case(field.name, "connection")) note_connection(field.value, seen);
      break;
    case 14:
      if (same_ignoring_case(field.name, "content-length")) {
        ++seen.lengths;
        seen.length = field.value;
      }
      break;
    case 17:
      if (same_ignoring_case(field.name, "transfer-encoding")) {
        ++seen.encodings;
        seen.encoding = field.value;
      }
      break;
    default: break;
  }
}

std::optional<Refusal> read_field(string_view line, Head& out, Seen& seen) {
  if (line.front() == ' ' || line.front() == '\t')
    return bad("obs-fold", "A header must stand on one line: line folding is not accepted.");
  const auto colon = line.find(':');
  if (colon == string_view::npos || !is_token(line.substr(0, colon)))
    return bad("field-name", "Every header must be: name, colon, value, without a blank before the colon.");
  const auto value = line.substr(colon + 1);
  if (!all(value, field_char)) return bad("field-value", "A header value holds a control byte: remove it.");
  out.fields.push_back({line.substr(0, colon), without_blanks(value)});
  note_field(out.fields.back(), out, seen);
  return std::nullopt;
}

std::optional<Refusal> decide_framing(const Seen& seen, Head& out) {
  if (seen.encodings > 0) {
    if (out.minor_version == 0)
      return bad("encoding-in-1.0", "HTTP/1.0 knows no Transfer-Encoding: use Content-Length.");
    if (seen.lengths > 0)
      return bad("length-and-encoding", "Send either Content-Length or Transfer-Encoding, never both.");
    if (seen.encodings > 1) return bad("two-encodings", "Send one Transfer-Encoding header, with the value chunked.");
    if (seen.encoding != "chunked")
      return Refusal{501, "encoding", "The only Transfer-Encoding served is exactly \"chunked\"."};
    out.framing = Framing::chunked;
    return std::nullopt;
  }
  if (seen.lengths == 0) return std::nullopt;
  if (seen.lengths > 1 || !digits(seen.length))
    return bad("length", "Content-Length must be sent once, in digits only.");
  if (seen.length.size() > 18) return Refusal{413, "length", "The body is larger than this server takes."};
  for (char c : seen.length) out.content_length = out.content_length * 10 + static_cast<unsigned>(c - '0');
  out.framing = Framing::length;
  return std::nullopt;
}

std::optional<Refusal> decide_rest(const Seen& seen, const Limits& limits, Head& out) {
  if (seen.hosts != 1) return bad(seen.hosts ? "two-hosts" : "no-host", "Send exactly one Host header.");
  if (!valid_host(out.host)) return bad("host", "The Host header must be a name or an address, with a port if needed.");
  if (out.authority && !same_ignoring_case(*out.authority, out.host))
    return Refusal{421, "authority", "The request target names another host than the Host header: send the same, or the path alone."};
  if (auto refusal = decide_framing(seen, out)) return refusal;
  if (out.content_length > limits.body_bytes)
    return Refusal{413, "body-length", "The body is larger than this server takes: send it in smaller parts."};
  if (seen.expects > 0) {
    if (seen.expects > 1 || !same_ignoring_case(seen.expect, "100-continue"))
      return Refusal{417, "expect", "The only Expect that is understood is 100-continue."};
    out.expects_continue = out.minor_version == 1;
  }
  out.keep_alive = out.minor_version == 1 && !seen.close;
  return std::nullopt;
}

/// Decodes one part of a target. `plus_is_space` and raw slashes as the part's own rules say.
std::optional<Refusal> decode(string_view raw, bool is_path, std::string& out) {
  for (std::size_t i = 0; i < raw.size(); ++i) {
    char c = raw[i];
    if (c == '%') {
      if (i + 2 >= raw.size() || hex(raw[i + 1]) < 0 || hex(raw[i + 2]) < 0)
        return bad("percent", "A '%' in the URL must be followed by two hexadecimal digits.");
      c = static_cast<char>(hex(raw[i + 1]) * 16 + hex(raw[i + 2]));
      i += 2;
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
        return bad("control-byte", "The URL holds an encoded control byte: remove it.");
      if (is_path && (c == '/' || c == '\\'))
        return bad("encoded-slash", "An encoded slash in the path is not accepted.");
    } else if (is_path && c == '\\') {
      return bad("backslash", "A backslash in the path is not accepted.");
    } else if (!is_path && c == '+') {
      c = ' ';
    }
    out.push_back(c);
  }
  if (!is_utf8(out)) return bad("utf-8", "The URL must be UTF-8 under its percent-encoding.");
  return std::nullopt;
}

bool has_dot_segment(string_view path) {
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash
    const auto segment = path.substr(0, path.find('/'));
    if (segment == "." || segment == "..") return true;
    path.remove_prefix(segment.size());
  }
  return false;
}

}  // namespace

bool is_token(string_view text) { return !text.empty() && all(text, token_char); }

bool is_utf8(string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    if (lead < 0x80) {
      ++i;
      continue;
    }
    const std::size_t more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
    if (lead < 0xc2 || lead > 0xf4 || i + more >= text.size()) return false;
    std::uint32_t code = lead & (0x3fu >> more);
    for (std::size_t k = 1; k <= more; ++k) {
      const auto next = static_cast<unsigned char>(text[i + k]);
      if ((next & 0xc0) != 0x80) return false;
      code = (code << 6) | (next & 0x3f);
    }
    constexpr std::uint32_t smallest[] = {0, 0x80, 0x800, 0x10000};
    if (code < smallest[more] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return false;
    i += more + 1;
  }
  return true;
}

HeadScan scan_head(string_view bytes, std::size_t seen, const Limits& limits) {
  using Kind = HeadScan::Kind;
  const auto window = bytes.substr(0, limits.head_bytes);
  // A method is at most a few letters: a first line this long can only be a long target.
  if (seen <= limits.target_bytes + 32 && std::min(window.find('\n'), window.size()) > limits.target_bytes + 32)
    return {
        Kind::refused, 0, {414, "target-length", "The URL is longer than 2048 bytes: send what is long in the body."}};
  for (std::size_t at = std::min(seen, window.size()); at < window.size(); ++at) {
    const auto* found = static_cast<const char*>(std::memchr(window.data() + at, '\n', window.size() - at));
    if (!found) break;
    at = static_cast<std::size_t>(found - window.data());
    if (at == 0 || window[at - 1] != '\r') return {Kind::refused, 0, bad("bare-lf", "Lines must end in CR LF.")};
    if (at == 1) return {Kind::refused, 0, bad("empty-line", "A request must not begin with an empty line.")};
    if (at >= 3 && window[at - 2] == '\n') return {Kind::complete, at + 1, {}};
  }
  if (bytes.size() >= limits.head_bytes)
    return {Kind::refused,
            0,
            {431, "head-length", "The request's headers are larger than 8 KiB: send fewer or shorter ones."}};
  return {};
}

std::optional<Refusal> read_head(string_view head, const Limits& limits, Head& out) {
  auto fields = std::move(out.fields);
  fields.clear();
  out = Head{};
  out.fields = std::move(fields);
  auto line_end = head.find("\r\n");
  if (auto refusal = read_request_line(head.substr(0, line_end), limits, out)) return refusal;
  Seen seen;
  for (auto at = line_end + 2;; at = line_end + 2) {
    line_end = head.find("\r\n", at);
    if (line_end == string_view::npos) return bad("head", "The head must end in an empty line.");
    if (line_end == at) break;
    if (out.fields.size() == limits.headers)
      return Refusal{431, "head-count", "The request has more than 64 headers: send fewer."};
    if (auto refusal = read_field(head.substr(at, line_end - at), out, seen)) return refusal;
  }
  return decide_rest(seen, limits, out);
}

std::optional<Refusal> read_target(string_view raw, std::string& path, Pairs& query) {
  const auto mark = raw.find('?');
  path.clear();
  query.clear();
  if (auto refusal = decode(raw.substr(0, mark), true, path)) return refusal;
  if (has_dot_segment(path)) return bad("dot-segment", "The path must not hold \".\" or \"..\" segments.");
  if (mark == string_view::npos) return std::nullopt;
  for (auto rest = raw.substr(mark + 1); !rest.empty();) {
    const auto pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    if (pair.empty()) continue;
    if (query.size() == 64) return bad("query-count", "The URL has more than 64 query parameters.");
    const auto equals = pair.find('=');
    auto& [key, value] = query.emplace_back();
    if (auto refusal = decode(pair.substr(0, equals), false, key)) return refusal;
    if (equals == string_view::npos) continue;
    if (auto refusal = decode(pair.substr(equals + 1), false, value)) return refusal;
  }
  return std::nullopt;
}

std::optional<Refusal> ChunkReader::take_mark(char c) {
  const auto wrong = bad("chunk", "The chunked body is malformed, or has trailers or long extensions: send it without.");
  switch (state_) {
    case State::size:
      if (const int digit = hex(c); digit >= 0 && digits_ < 16) {
        left_ = left_ * 16 + static_cast<unsigned>(digit);
        ++digits_;
        return std::nullopt;
      }
      if (digits_ == 0 || (c != '\r' && c != ';')) return wrong;
      state_ = c == ';' ? State::extension : State::size_end;
      extension_bytes_ = 0;
      return std::nullopt;
    case State::extension:  // means nothing to us, and nothing to what comes after (RFC 9112, 7.1.1)
      if (c == '\r') state_ = State::size_end;
      else if (!all({&c, 1}, field_char) || ++extension_bytes_ > extension_bytes_max) return wrong;
      return std::nullopt;
    case State::size_end:
      if (c != '\n') return wrong;
      digits_ = 0;
      state_ = left_ == 0 ? State::last_cr : State::data;
      return std::nullopt;
    case State::data_cr:
    case State::last_cr:
      if (c != '\r') return wrong;
      state_ = state_ == State::data_cr ? State::data_lf : State::last_lf;
      return std::nullopt;
    case State::data_lf:
    case State::last_lf:
      if (c != '\n') return wrong;
      state_ = state_ == State::data_lf ? State::size : State::done;
      return std::nullopt;
    case State::data:
    case State::done: break;
  }
  return wrong;
}

std::optional<Refusal> ChunkReader::feed(string_view bytes, std::size_t limit, std::size_t& eaten, std::string& body) {
  eaten = 0;
  while (eaten < bytes.size() && state_ != State::done) {
    if (state_ != State::data) {
      if (auto refusal = take_mark(bytes[eaten++])) return refusal;
      if (state_ == State::data && left_ > limit - body.size())
        return Refusal{413, "body-length", "The body is larger than this server takes: send it in smaller parts."};
      continue;
    }
    const auto piece =
        bytes.substr(eaten, static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size() - eaten)));
    body.append(piece);
    eaten += piece.size();
    left_ -= piece.size();
    if (left_ == 0) state_ = State::data_cr;
  }
  return std::nullopt;
}

std::string host_name(string_view host) {
  const auto name = host.substr(0, !host.empty() && host.front() == '[' ? host.find(']') + 1 : host.find(':'));
  std::string lower(name);
  for (auto& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return lower;
}

}  // namespace heliograph::http
