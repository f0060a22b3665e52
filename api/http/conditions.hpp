// Conditional requests (RFC 9110, section 13): which version of a thing somebody has, or believes to replace.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/http/types.hpp"

namespace heliograph::http {

/// What If-Match or If-None-Match names: `*`, or entity tags without their quotes.
struct TagList {
  bool any = false;
  std::vector<std::string> tags = {};  // strong ones
  std::vector<std::string> weak = {};
  /// The strong comparison, for If-Match.
  bool is(std::string_view tag) const;
  /// The weak one, for If-None-Match.
  bool names(std::string_view tag) const;
};

/// Nothing when the header was not sent; a list that names nothing when it cannot be read, which no version fits.
std::optional<TagList> tags_of(const Request& request, std::string_view header);

/// The answer to a GET with the version that it shows, or 304 without a body for who has it already.
Response with_tag(Response response, const Request& request, const std::string& tag);

}  // namespace heliograph::http
