// application/x-www-form-urlencoded as Twilio speaks it, in and out. Pure.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "events/result.hpp"

namespace heliograph::notify {

/// Names and values, decoded, in the order in which they came. A name may repeat.
using Form = std::vector<std::pair<std::string, std::string>>;

/// Refuses broken escapes, more than 64 KiB and more than 200 fields. A field without "=" has an empty value.
Result<Form> parse_form(std::string_view body);
std::string encode_form(const Form& form);
/// The value of a field that stands there once; nothing when it is absent or repeated.
const std::string* only_value(const Form& form, std::string_view name);

}  // namespace heliograph::notify
