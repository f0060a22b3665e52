#include "api/http/file.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "api/http/conditions.hpp"
#include "api/http/coding.hpp"
#include "api/http/problem.hpp"
#include "events/digest.hpp"

namespace heliograph::http {
namespace {

std::string quoted(std::string_view digest) { return "\"" + std::string(digest.substr(0, 32)) + "\""; }
std::string tag_of(std::string_view bytes) { return quoted(hex(bytes_of(sha256({bytes})))); }

/// Whether a list of entity tags ("*" is any) names ours. Weak tags count only where weak comparison is the rule.
bool names(const Request& request, std::string_view header, std::string_view tag, bool weakly) {
  const auto list = tags_of(request, header);
  const std::string_view bare = tag.substr(1, tag.size() - 2);
  return list && (weakly ? list->names(bare) : list->is(bare));
}

struct Range {
  std::size_t first = 0, last = 0;  // both are in it
};
enum class Wanted { all, part, nothing };

std::optional<std::size_t> read_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end != text.data() + text.size() || text.empty()) return std::nullopt;
  if (ec == std::errc::result_out_of_range) return SIZE_MAX;
  return ec == std::errc{} ? std::optional<std::size_t>(value) : std::nullopt;
}

/// "bytes=0-99", "bytes=100-", "bytes=-5". What is no such range, or several, is ignored, as RFC 9110 (14.2) allows.
Wanted read_range(std::string_view text, std::size_t size, Range& range) {
  constexpr std::string_view unit = "bytes=";
  if (text.size() <= unit.size() || !same_ignoring_case(text.substr(0, unit.size()), unit)) return Wanted::all;
  text.remove_prefix(unit.size());
  const auto dash = text.find('-');
  if (dash == std::string_view::npos || text.find(',') != std::string_view::npos) return Wanted::all;
  const auto first = read_number(text.substr(0, dash)), last = read_number(text.substr(dash + 1));
  if ((dash > 0 && !first) || (dash + 1 < text.size() && !last) || (!first && !last)) return Wanted::all;
  if (first && last && *first > *last) return Wanted::all;
  if (!first) {
    if (*last == 0 || size == 0) return Wanted::nothing;
    range = {size - std::min(size, *last), size - 1};
    return Wanted::part;
  }
  if (*first >= size) return Wanted::nothing;
  range = {*first, last ? std::min(*last, size - 1) : size - 1};
  return Wanted::part;
}

/// A range is wanted of these very bytes: a tag that differs, is weak, or is a date makes it the whole.
bool is_of_these(const Request& request, std::string_view tag) {
  const auto condition = request.header("If-Range");
  return !condition || *condition == tag;
}

}  // namespace

File::File(std::string content_type, std::string text)
    : content_type_(std::move(content_type)), plain_{tag_of(text), std::make_shared<const std::string>(std::move(text))}, size_(plain_.text->size()) {
  std::call_once(unpacked_, [] {});
  std::string small = compress(Coding::gzip, *plain_.text);
  if (small.size() >= size_) return;
  gzip_.tag = tag_of(small);
  gzip_.text = std::make_shared<const std::string>(std::move(small));
}

File::File(std::string content_type, const Stored& stored) : content_type_(std::move(content_type)), plain_{quoted(stored.tag), {}}, size_(stored.size) {
  auto bytes = std::make_shared<const std::string>(stored.bytes);
  if (stored.is_gzip) {
    gzip_ = {quoted(stored.gzip_tag), std::move(bytes)};
    return;
  }
  plain_.text = std::move(bytes);
  std::call_once(unpacked_, [] {});
}

const SharedText& File::plain() const {
  std::call_once(unpacked_, [this] { plain_.text = std::make_shared<const std::string>(gunzip(*gzip_.text, size_)); });
  return plain_.text;
}

Response File::answer(const Request& request, const Headers& headers) const {
  const bool packed = gzip_.text && choose_coding(request, {Coding::gzip, Coding::identity}) == Coding::gzip;
  const std::string& tag = packed ? gzip_.tag : plain_.tag;
  const std::size_t size = packed ? gzip_.text->size() : size_;
  // What every answer about this form says, 304 too (RFC 9110, 15.4.5). It may be kept, but is asked for again: a newer Heliograph has
  // other pages under the same names.
  Headers common{{"ETag", tag}, {"Cache-Control", "no-cache"}};
  if (gzip_.text) common.emplace_back("Vary", "Accept-Encoding");
  common.insert(common.end(), headers.begin(), headers.end());

  if (request.header("If-Match") && !names(request, "If-Match", tag, false)) {
    Problem changed{412, "precondition-failed", {}, "It is another one by now: get it again without If-Match."};
    changed.headers = std::move(common);
    return problem_response(changed);
  }
  if (names(request, "If-None-Match", tag, true)) return Response{304, std::move(common), {}, {}};

  common.emplace_back("Accept-Ranges", "bytes");
  Range range;
  const auto asked = request.header("Range");
  // Ranges are defined for GET alone; HEAD tells of the whole.
  const Wanted wanted = asked && request.method == Method::get && is_of_these(request, tag) ? read_range(*asked, size, range) : Wanted::all;
  if (wanted == Wanted::nothing) {
    Problem beyond{416, "range-not-satisfiable", {}, "There is nothing in this range: the whole has " + std::to_string(size) + " bytes."};
    beyond.headers = {{"Content-Range", "bytes */" + std::to_string(size)}, {"Accept-Ranges", "bytes"}};
    if (gzip_.text) beyond.headers.emplace_back("Vary", "Accept-Encoding");
    return problem_response(beyond);
  }
  common.emplace_back("Content-Type", content_type_);
  if (packed) common.emplace_back("Content-Encoding", "gzip");
  const SharedText& text = packed ? gzip_.text : plain();
  if (wanted == Wanted::all) return Response{200, std::move(common), {}, text};
  common.emplace_back("Content-Range", "bytes " + std::to_string(range.first) + "-" + std::to_string(range.last) + "/" + std::to_string(size));
  return Response{206, std::move(common), text->substr(range.first, range.last - range.first + 1), {}};
}

}  // namespace heliograph::http
