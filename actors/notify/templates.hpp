// What notices say, in one place: wording and order for each channel. Pure. Every value is cleaned and escaped here for
// the place where it will stand; times are the site's, with date and zone.
#pragma once

#include <optional>
#include <string>

#include "actors/notify/notice.hpp"

namespace heliograph::notify {

struct MailText {
  std::string subject, text, html;
};
/// An approval shows what will be done, who asked and why, until when, the link, and apart from it the code.
MailText mail_text(const Notice& notice);

/// One GSM-7 segment. Nothing for an approval whose sentence does not fit whole: nobody approves what they cannot read.
std::optional<std::string> sms_text(const Notice& notice);

/// mrkdwn, escaped, at most 3000 characters; no link and no code of an approval.
std::string slack_text(const Notice& notice);

/// One line without markup: "Villa: Miner 1 is offline".
std::string summary(const Notice& notice);

/// "Sat 21 Nov 2026, 23:48 (Europe/Warsaw)".
std::string local_time(const Zone& zone, Micros at);

}  // namespace heliograph::notify
