#include "api/http/coding.hpp"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <optional>

#include "events/result.hpp"

namespace heliograph::http {
namespace {

constexpr int gzip_window = 15 + 16;  // the largest window, with gzip's frame
constexpr int low_level = 1;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// "0.25" -> 250. Nothing for what is no weight (RFC 9110, 12.4.2).
std::optional<int> read_weight(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return std::nullopt;
  int thousandths = text[0] == '1' ? 1000 : 0;
  if (text.size() > 1 && text[1] != '.') return std::nullopt;
  for (std::size_t i = 2, unit = 100; i < text.size(); ++i, unit /= 10) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    thousandths += (text[i] - '0') * static_cast<int>(unit);
  }
  return thousandths <= 1000 ? std::optional(thousandths) : std::nullopt;
}

/// What the client says of each coding, in thousandths; nothing where it says nothing.
struct Weights {
  std::optional<int> identity, gzip, zstd, others;

  std::optional<int>* of(std::string_view name) {
    if (same_ignoring_case(name, "gzip") || same_ignoring_case(name, "x-gzip")) return &gzip;
    if (same_ignoring_case(name, "zstd")) return &zstd;
    if (same_ignoring_case(name, "identity")) return &identity;
    return name == "*" ? &others : nullptr;
  }
  /// -1: not asked for. Identity needs no asking, but whatever is asked for goes before it.
  int weight(Coding coding) const {
    if (coding == Coding::identity) return identity.value_or(others && *others == 0 ? -1 : 0);
    return (coding == Coding::gzip ? gzip : zstd).value_or(others.value_or(-1));
  }
};

/// "gzip;q=0.5". A member whose weight cannot be read counts as refused.
void read_member(std::string_view member, Weights& into) {
  const auto semicolon = member.find(';');
  auto* weight = into.of(trimmed(member.substr(0, semicolon)));
  if (weight == nullptr) return;
  *weight = 1000;
  if (semicolon == std::string_view::npos) return;
  const auto parameter = trimmed(member.substr(semicolon + 1));
  const bool is_weight = parameter.size() > 2 && (parameter[0] == 'q' || parameter[0] == 'Q') && parameter[1] == '=';
  *weight = is_weight ? read_weight(parameter.substr(2)).value_or(0) : 0;
}

bool compresses(std::string_view content_type) {
  const auto type = trimmed(content_type.substr(0, content_type.find(';')));
  return type.starts_with("text/") || type.ends_with("json") || type.ends_with("xml");
}

}  // namespace

std::string_view name(Coding coding) {
  switch (coding) {
    case Coding::identity: return "identity";
    case Coding::gzip: return "gzip";
    case Coding::zstd: return "zstd";
  }
  return "";
}

Coding choose_coding(const Request& request, std::initializer_list<Coding> offered) {
  Weights weights;
  for (const auto& [key, value] : request.headers) {
    if (!same_ignoring_case(key, "Accept-Encoding")) continue;
    for (std::string_view rest = value; !rest.empty();) {
      const auto comma = rest.find(',');
      read_member(rest.substr(0, comma), weights);
      rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
    }
  }
  Coding best = Coding::identity;
  int most = std::max(weights.weight(Coding::identity), 0);
  for (const Coding each : offered) {
    const int weight = weights.weight(each);
    // At equal weight a coding that was asked for goes before identity, and our first before our second.
    if (each == Coding::identity || weight <= 0 || weight < most || (weight == most && best != Coding::identity)) continue;
    best = each;
    most = weight;
  }
  return best;
}

void pack(Response& response, Coding coding) {
  const std::string& body = response.shared_body ? *response.shared_body : response.body;
  const auto* type = find_header(response.headers, "Content-Type");
  if (body.size() < pack_from_bytes || body.size() > pack_up_to_bytes || type == nullptr || !compresses(*type) || response.status == 206) return;
  if (*type == "application/problem+json") return;  // each still gets the name of its request
  if (find_header(response.headers, "Content-Encoding") != nullptr || find_header(response.headers, "ETag") != nullptr) return;
  response.headers.emplace_back("Vary", "Accept-Encoding");
  if (coding == Coding::identity) return;
  std::string packed = compress(coding, body);
  if (packed.size() >= body.size()) return;
  response.headers.emplace_back("Content-Encoding", name(coding));
  response.body = std::move(packed);
  response.shared_body = nullptr;
}

std::string compress(Coding coding, std::string_view bytes) {
  std::string out;
  if (coding == Coding::zstd) {
    out.resize(ZSTD_compressBound(bytes.size()));
    const std::size_t size = ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), low_level);
    ensure(ZSTD_isError(size) == 0, "zstd compresses what fits its bound", "api/http/coding.cpp");
    out.resize(size);
    return out;
  }
  ensure(coding == Coding::gzip, "nothing is made of identity", "api/http/coding.cpp");
  z_stream stream{};
  ensure(deflateInit2(&stream, low_level, Z_DEFLATED, gzip_window, 8, Z_DEFAULT_STRATEGY) == Z_OK, "zlib starts", "api/http/coding.cpp");
  out.resize(deflateBound(&stream, bytes.size()));
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));  // zlib's word for const
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int done = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  ensure(done == Z_STREAM_END, "zlib compresses what fits its bound", "api/http/coding.cpp");
  return out;
}

std::string gunzip(std::string_view bytes, std::size_t size) {
  std::string out(size, '\0');
  z_stream stream{};
  ensure(inflateInit2(&stream, gzip_window) == Z_OK, "zlib starts", "api/http/coding.cpp");
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int done = inflate(&stream, Z_FINISH);
  const bool whole = done == Z_STREAM_END && stream.total_out == size;
  inflateEnd(&stream);
  ensure(whole, "our own gzip is whole", "api/http/coding.cpp");
  return out;
}

}  // namespace heliograph::http
