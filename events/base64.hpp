// Bytes as text for JSON and CSV: RFC 4648 base64 with padding, and hex back to bytes. One text per byte string: what
// another encoder might write differently is refused. No state.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace heliograph {

std::string base64(std::string_view bytes);
/// Nothing when `text` is not exactly what base64() writes.
std::optional<std::string> from_base64(std::string_view text);
/// Lower-case digits in pairs, as hex() in events/digest.hpp writes them; nothing otherwise.
std::optional<std::string> from_hex(std::string_view text);

}  // namespace heliograph
