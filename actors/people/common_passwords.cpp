#include "actors/people/common_passwords.hpp"

#include <algorithm>
#include <cctype>
#include <string>

namespace heliograph::people {

extern const std::string_view common_passwords_list;  // the file as it is in the package; made by the build

namespace {

constexpr std::size_t word_least = 4;

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

/// "p4ssw0rd" -> "password".
std::string with_letters(std::string text) {
  constexpr std::string_view shown = "013457@$!|", meant = "oleastasil";
  for (char& c : text)
    if (const auto at = shown.find(c); at != std::string_view::npos) c = meant[at];
  return text;
}

/// The longest first.
const std::vector<std::string>& words() {
  static const std::vector<std::string> all = [] {
    std::vector<std::string> out{"passwort", "passwd"};
    for (const std::string_view each : common_passwords())
      if (each.size() >= word_least) out.push_back(lower(each));
    std::sort(out.begin(), out.end(), [](const std::string& a, const std::string& b) { return a.size() != b.size() ? a.size() > b.size() : a < b; });
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
  }();
  return all;
}

constexpr char gap = '\0';  // no password holds one

std::string without(std::string text, const std::string& word) {
  for (auto at = text.find(word); at != std::string::npos; at = text.find(word)) text.replace(at, word.size(), 1, gap);
  return text;
}

/// At most a date with a stroke before it.
bool is_little(const std::string& left) {
  const auto letters = std::count_if(left.begin(), left.end(), [](unsigned char c) { return std::isalpha(c) != 0 || c >= 0x80; });
  return letters < 4 && static_cast<std::ptrdiff_t>(left.size()) - std::count(left.begin(), left.end(), gap) < 10;
}

/// One or two words, however often: words overlap ("serviceservice" holds "services"), so every pair is tried.
bool is_made_of_words(const std::string& text) {
  std::vector<const std::string*> found;
  for (const std::string& word : words())
    if (found.size() < 40 && text.find(word) != std::string::npos) found.push_back(&word);
  for (const std::string* one : found) {
    const std::string left = without(text, *one);
    if (is_little(left)) return true;
    for (const std::string* two : found)
      if (is_little(without(left, *two))) return true;
  }
  return false;
}

}  // namespace

const std::vector<std::string_view>& common_passwords() {
  static const std::vector<std::string_view> all = [] {
    std::vector<std::string_view> out;
    for (std::string_view rest = common_passwords_list; !rest.empty();) {
      const auto end = rest.find('\n');
      const std::string_view line = rest.substr(0, end);
      if (!line.empty() && !line.starts_with("#!comment")) out.push_back(line);
      rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    }
    return out;
  }();
  return all;
}

bool is_common_password(std::string_view password) {
  const std::string small = lower(password);
  return is_made_of_words(small) || is_made_of_words(with_letters(small));
}

}  // namespace heliograph::people
