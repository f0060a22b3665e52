#include "actors/notify/form.hpp"

#include <algorithm>

#include "actors/notify/text.hpp"

namespace heliograph::notify {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Result<std::string> decoded(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i] == '+' ? ' ' : text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1, low = high < 0 ? -1 : hex_digit(text[i + 2]);
    if (low < 0) return fail(Errc::invalid, "The form has a \"%\" without two hexadecimal digits.");
    out += static_cast<char>(high << 4 | low);
    i += 2;
  }
  return out;
}

}  // namespace

Result<Form> parse_form(std::string_view body) {
  constexpr std::size_t bytes_max = 65'536, fields_max = 200;
  if (body.size() > bytes_max) return fail(Errc::invalid, "The form is longer than 64 KiB.");
  Form form;
  while (!body.empty()) {
    const auto end = std::min(body.find('&'), body.size());
    const std::string_view field = body.substr(0, end);
    body.remove_prefix(std::min(end + 1, body.size()));
    if (field.empty()) continue;
    if (form.size() == fields_max) return fail(Errc::invalid, "The form has more than 200 fields.");
    const auto equals = std::min(field.find('='), field.size());
    auto name = decoded(field.substr(0, equals));
    if (!name) return fail(name.error());
    auto value = decoded(field.substr(std::min(equals + 1, field.size())));
    if (!value) return fail(value.error());
    form.emplace_back(std::move(*name), std::move(*value));
  }
  return form;
}

std::string encode_form(const Form& form) {
  std::string out;
  for (const auto& [name, value] : form)
    out += (out.empty() ? "" : "&") + percent_encoded(name) + "=" + percent_encoded(value);
  return out;
}

const std::string* only_value(const Form& form, std::string_view name) {
  const std::string* found = nullptr;
  for (const auto& [field, value] : form) {
    if (field != name) continue;
    if (found) return nullptr;
    found = &value;
  }
  return found;
}

}  // namespace heliograph::notify
