#include "api/http/conditions.hpp"

#include <algorithm>

namespace heliograph::http {
namespace {

void skip(std::string_view& text, std::string_view chars) { text.remove_prefix(std::min(text.find_first_not_of(chars), text.size())); }

/// One line of a header onto the list; false when it is no list of tags.
bool read(std::string_view text, TagList& list) {
  for (skip(text, " \t,"); !text.empty(); skip(text, " \t,")) {
    if (text.front() == '*') {
      list.any = true;
      text.remove_prefix(1);
      continue;
    }
    const bool weak = text.starts_with("W/");
    if (weak) text.remove_prefix(2);
    const auto end = text.size() > 1 && text.front() == '"' ? text.find('"', 1) : std::string_view::npos;
    if (end == std::string_view::npos) return false;
    (weak ? list.weak : list.tags).emplace_back(text.substr(1, end - 1));
    text.remove_prefix(end + 1);
  }
  return true;
}

}  // namespace

bool TagList::is(std::string_view tag) const { return any || std::find(tags.begin(), tags.end(), tag) != tags.end(); }
bool TagList::names(std::string_view tag) const { return is(tag) || std::find(weak.begin(), weak.end(), tag) != weak.end(); }

std::optional<TagList> tags_of(const Request& request, std::string_view header) {
  std::optional<TagList> list;
  for (const auto& [name, value] : request.headers) {
    if (!same_ignoring_case(name, header)) continue;
    if (!list) list.emplace();
    if (!read(value, *list)) return TagList{};
  }
  return list;
}

Response with_tag(Response response, const Request& request, const std::string& tag) {
  const auto known = tags_of(request, "If-None-Match");
  if (known && known->names(tag)) response = Response{304, {}, {}, {}};
  response.headers.emplace_back("ETag", "\"" + tag + "\"");
  return response;
}

}  // namespace heliograph::http
