// The alphabet of a plain text message (3GPP TS 23.038): one segment is 160 septets, and a single character outside the
// alphabet would make it 70. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace heliograph::notify {

inline constexpr std::size_t segment_septets = 160;

/// The text in GSM-7 characters (as UTF-8), on one line: known letters lose their marks ("Łódź" becomes "Lodz"), what
/// has no likeness becomes '?', so that it is seen that something stood there.
std::string to_gsm7(std::string_view text);
/// Length as sent; characters of the extension table count twice. Requires: to_gsm7's output.
std::size_t septets(std::string_view gsm7_text);
/// At most one segment, cut with "..." at its end.
std::string one_segment(std::string_view text);

}  // namespace heliograph::notify
