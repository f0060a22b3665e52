// Text that came from devices, people and other programs, made fit for the place where it will stand. Pure.
#pragma once

#include <string>
#include <string_view>

namespace heliograph::notify {

/// One line: control characters (CR, LF, NUL...), Unicode line ends and marks that turn the reading direction become
/// spaces, what is not UTF-8 becomes U+FFFD, spaces at the ends go. Nothing can begin a header or hide a word after it.
std::string clean_line(std::string_view text);
/// The same for text of many lines: line feeds stay (CR LF becomes one), tabs become spaces.
std::string clean_text(std::string_view text);
/// At most `bytes` bytes, cut between characters, with "..." in place of what went. Requires: bytes >= 3, UTF-8.
std::string shortened(std::string_view text, std::size_t bytes);

/// For HTML and XML, between tags and in quoted attributes.
std::string markup_escaped(std::string_view text);
/// For Slack's mrkdwn: its three entities. The marks for bold and the like stay; links and mentions cannot be made.
std::string slack_escaped(std::string_view text);
/// RFC 3986 percent-encoding of all but unreserved characters.
std::string percent_encoded(std::string_view text);

/// The code point that starts at `at`, which moves behind it; U+FFFD for each byte that is not UTF-8.
char32_t next_code_point(std::string_view text, std::size_t& at);
void append_utf8(std::string& out, char32_t code_point);

}  // namespace heliograph::notify
