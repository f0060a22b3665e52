#include "actors/notify/gsm7.hpp"

#include <algorithm>
#include <array>

#include "actors/notify/text.hpp"

namespace heliograph::notify {
namespace {

constexpr std::u32string_view basic =
    U"@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    U"abcdefghijklmnopqrstuvwxyzäöñüà";
constexpr std::u32string_view extension = U"^{}\\[~]|€";

struct Likeness {
  std::u32string_view letters;
  std::string_view plain;
};
constexpr std::array likenesses = {
    Likeness{U"ÀÁÂÃĀĂĄ", "A"},   Likeness{U"áâãāăą", "a"},   Likeness{U"ĆĈĊČ", "C"},
    Likeness{U"çćĉċč", "c"},     Likeness{U"ÐĎĐ", "D"},      Likeness{U"ðďđ", "d"},
    Likeness{U"ÈÊËĒĔĖĘĚ", "E"},  Likeness{U"êëēĕėęě", "e"},  Likeness{U"ĜĞĠĢ", "G"},
    Likeness{U"ĝğġģ", "g"},      Likeness{U"ĤĦ", "H"},       Likeness{U"ĥħ", "h"},
    Likeness{U"ÌÍÎÏĨĪĬĮİ", "I"}, Likeness{U"íîïĩīĭįı", "i"}, Likeness{U"Ĵ", "J"},
    Likeness{U"ĵ", "j"},         Likeness{U"Ķ", "K"},        Likeness{U"ķ", "k"},
    Likeness{U"ĹĻĽĿŁ", "L"},     Likeness{U"ĺļľŀł", "l"},    Likeness{U"ŃŅŇ", "N"},
    Likeness{U"ńņň", "n"},       Likeness{U"ÒÓÔÕŌŎŐ", "O"},  Likeness{U"óôõōŏő", "o"},
    Likeness{U"ŔŖŘ", "R"},       Likeness{U"ŕŗř", "r"},      Likeness{U"ŚŜŞŠȘ", "S"},
    Likeness{U"śŝşšș", "s"},     Likeness{U"ŢŤŦȚ", "T"},     Likeness{U"ţťŧț", "t"},
    Likeness{U"ÙÚÛŨŪŬŮŰŲ", "U"}, Likeness{U"úûũūŭůűų", "u"}, Likeness{U"Ŵ", "W"},
    Likeness{U"ŵ", "w"},         Likeness{U"ÝŶŸ", "Y"},      Likeness{U"ýŷÿ", "y"},
    Likeness{U"ŹŻŽ", "Z"},       Likeness{U"źżž", "z"},      Likeness{U"Œ", "OE"},
    Likeness{U"œ", "oe"},        Likeness{U"ẞ", "SS"},       Likeness{U"Þ", "Th"},
    Likeness{U"þ", "th"},        Likeness{U"‘’‚‛′´`", "'"},  Likeness{U"“”„‟″«»", "\""},
    Likeness{U"‐‑‒–—―−", "-"},   Likeness{U"…", "..."},      Likeness{U"\u00A0\u2009\u202F", " "},
    Likeness{U"·•", "*"},        Likeness{U"×", "x"},        Likeness{U"²", "2"},
    Likeness{U"³", "3"},         Likeness{U"°", " deg "},    Likeness{U"≤", "<="},
    Likeness{U"≥", ">="},        Likeness{U"→", "->"},       Likeness{U"½", "1/2"},
    Likeness{U"µμ", "u"},
};

bool contains(std::u32string_view set, char32_t c) { return set.find(c) != std::u32string_view::npos; }

void append_gsm7(std::string& out, char32_t c) {
  if (contains(basic, c) || contains(extension, c)) return append_utf8(out, c);
  for (const Likeness& likeness : likenesses)
    if (contains(likeness.letters, c)) {
      out += likeness.plain;
      return;
    }
  if (c >= 0x300 && c <= 0x36F) return;  // a mark on the letter before it
  out += '?';
}

}  // namespace

std::string to_gsm7(std::string_view text) {
  const std::string line = clean_line(text);
  std::string out;
  for (std::size_t at = 0; at < line.size();) append_gsm7(out, next_code_point(line, at));
  return out;
}

std::size_t septets(std::string_view gsm7_text) {
  std::size_t count = 0;
  for (std::size_t at = 0; at < gsm7_text.size();) count += contains(extension, next_code_point(gsm7_text, at)) ? 2 : 1;
  return count;
}

std::string one_segment(std::string_view text) {
  std::string whole = to_gsm7(text);
  if (septets(whole) <= segment_septets) return whole;
  std::size_t used = 3, end = 0;  // three for the dots
  for (std::size_t at = 0; at < whole.size(); end = at) {
    used += contains(extension, next_code_point(whole, at)) ? 2 : 1;
    if (used > segment_septets) break;
  }
  return whole.substr(0, end) + "...";
}

}  // namespace heliograph::notify
