// A second, independent reading of where an HTTP/1.1 request ends: line by line over the whole text, with none of the
// server's code. Slow and plain on purpose. Used to check that what the server accepts has only one meaning.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace heliograph::test {

/// Length of the request that `text` begins with; nothing when it is incomplete or not plainly framed.
inline std::optional<std::size_t> reference_message_end(std::string_view text) {
  const auto next_line = [&](std::size_t& at) -> std::optional<std::string> {
    const auto end = text.find("\r\n", at);
    if (end == std::string_view::npos) return std::nullopt;
    std::string line(text.substr(at, end - at));
    at = end + 2;
    return line;
  };
  std::size_t at = 0;
  if (!next_line(at)) return std::nullopt;
  std::vector<std::string> lengths, encodings;
  for (;;) {
    const auto line = next_line(at);
    if (!line) return std::nullopt;
    if (line->empty()) break;
    const auto colon = line->find(':');
    if (colon == std::string::npos) return std::nullopt;
    std::string name = line->substr(0, colon), value = line->substr(colon + 1);
    for (auto& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.erase(value.begin());
    while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.pop_back();
    if (name == "content-length") lengths.push_back(value);
    if (name == "transfer-encoding") encodings.push_back(value);
  }
  if (lengths.size() + encodings.size() > 1) return std::nullopt;
  if (encodings.empty()) {
    if (lengths.empty()) return at;
    if (lengths[0].empty() || lengths[0].find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
    const auto end = at + std::strtoull(lengths[0].c_str(), nullptr, 10);
    return end <= text.size() ? std::optional(end) : std::nullopt;
  }
  if (encodings[0] != "chunked") return std::nullopt;
  for (;;) {
    auto size_line = next_line(at);
    if (!size_line) return std::nullopt;
    if (const auto extension = size_line->find(';'); extension != std::string::npos) {
      for (const char c : size_line->substr(extension))
        if (c != '\t' && (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)) return std::nullopt;
      if (size_line->size() - extension > 257) return std::nullopt;
      size_line->resize(extension);
    }
    if (size_line->empty() || size_line->size() > 200) return std::nullopt;
    if (size_line->find_first_not_of("0123456789abcdefABCDEF") != std::string::npos) return std::nullopt;
    const auto size = std::strtoull(size_line->c_str(), nullptr, 16);
    if (size > text.size() || at + size > text.size()) return std::nullopt;
    at += size;
    const auto after = next_line(at);
    if (!after || !after->empty()) return std::nullopt;
    if (size == 0) return at;
  }
}

}  // namespace heliograph::test
