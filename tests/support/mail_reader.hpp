// A mail as its reader sees it.
#pragma once

#include <string>

namespace heliograph::testing {

/// What a reader makes of quoted-printable.
inline std::string unquoted(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '=') {
      out += text[i];
    } else if (text.compare(i, 3, "=\r\n") == 0) {
      i += 2;
    } else {
      out += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
      i += 2;
    }
  }
  return out;
}

/// The text of a mail that has one as plain text and one as HTML.
inline std::string plain_text(const std::string& message) {
  const auto part = message.find("Content-Type: text/plain"), begin = message.find("\r\n\r\n", part);
  if (part == std::string::npos || begin == std::string::npos) return {};
  return unquoted(message.substr(begin + 4, message.find("\r\n--", begin) - begin - 4));
}

/// The line after the one that begins with `mark`, without its margin; empty when there is none.
inline std::string line_after(const std::string& text, const std::string& mark) {
  const auto at = text.find(mark);
  if (at == std::string::npos) return {};
  auto begin = text.find('\n', at);
  begin = begin == std::string::npos ? begin : text.find_first_not_of(" ", begin + 1);
  return begin == std::string::npos ? std::string() : text.substr(begin, text.find_first_of("\r\n", begin) - begin);
}

}  // namespace heliograph::testing
