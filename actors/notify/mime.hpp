// One mail as bytes (RFC 5322, 2045 to 2047): CRLF, lines under 998 bytes, only ASCII. No value can begin a header of
// its own. Pure. Dots at the beginning of lines are the transport's.
#pragma once

#include <string>
#include <string_view>

#include "events/time.hpp"

namespace heliograph::notify {

/// A plain address such as "anna@example.org": what every server takes, and nothing that needs quoting.
bool is_mail_address(std::string_view text);

struct Mail {
  std::string from_name, from;  // `from`, `to`: is_mail_address
  std::string to_name, to;
  std::string subject;
  std::string message_id;  // without angle brackets
  Micros date = 0;
  std::string text, html;
};

/// Requires: addresses that are some, and a message id of letters, digits, '.', '-' and one '@'.
std::string message_of(const Mail& mail);

/// Header text: as it is when plain and short, otherwise encoded words of at most 75 characters on folded lines (76
/// with "Subject: ").
std::string header_text(std::string_view text);
/// RFC 2045: lines of at most 76 characters, CRLF, trailing spaces kept.
std::string quoted_printable(std::string_view text);
/// "Sat, 21 Nov 2026 23:48:27 +0000".
std::string mail_date(Micros at);

}  // namespace heliograph::notify
