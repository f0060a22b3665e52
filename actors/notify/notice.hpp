// What people are told: plain values, complete when they are made. Nothing is looked up while a notice is on its way.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "events/secret.hpp"
#include "events/event.hpp"
#include "events/time.hpp"
#include "events/zone.hpp"

namespace heliograph::notify {

enum class NoticeKind : std::uint8_t { approval, result, alert };
/// Where an alert is in its life; the same subject_key all along.
enum class Phase : std::uint8_t { raised, acknowledged, resolved };

/// A question that one person may answer until `expires_at`: whoever asks two people makes two notices with codes of
/// their own. The link and its code go into the mail, the other code into the text message, none of them anywhere else.
struct ApprovalInvitation {
  std::string sentence;  // exactly what will be executed
  std::string asked_by, why;
  Secret url;        // the link shows a page; it never decides
  Secret mail_code;  // 6 characters, asked for on that page
  Secret sms_code;   // 4 to 6 digits, bound to the phone number
  Micros expires_at = 0;
};

struct Notice {
  std::string id;  // the same in every try: "n-4711"; ^[a-z0-9][a-z0-9-]{0,62}$
  NoticeKind kind = NoticeKind::alert;
  Severity severity = Severity::info;
  Phase phase = Phase::raised;
  SiteId site;
  std::string site_name;
  Zone zone = Zone::utc();  // of the site; people read local time
  std::string title, text;
  std::string subject_key;  // what it is about: "home/device/miner-1/offline"
  Micros at = 0;
  std::optional<ApprovalInvitation> approval;  // there when, and only when, kind is approval
};

/// True when nothing may be sent any more: an approval that nobody can answer in time.
inline bool is_expired(const Notice& notice, Micros now) {
  return notice.approval && now >= notice.approval->expires_at;
}

}  // namespace heliograph::notify
