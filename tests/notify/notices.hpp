// The notices that the tests of channels share, and the question whether a text gives an approval away.
#pragma once

#include <string>
#include <string_view>

#include "actors/notify/notice.hpp"

namespace heliograph::notify {

inline constexpr Micros monday_noon = 1'748'858'400 * second_us;  // 2025-06-02T10:00:00Z: noon in Warsaw

inline Notice alert_notice() {
  Notice notice;
  notice.id = "n-4711";
  notice.severity = Severity::critical;
  notice.site = SiteId{"villa"};
  notice.site_name = "Villa";
  notice.zone = Zone::find("Europe/Warsaw").value();
  notice.title = "Miner 1 is offline";
  notice.text = "No reading for 5 minutes.";
  notice.subject_key = "villa/device/miner-1/offline";
  notice.at = monday_noon;
  return notice;
}

inline Notice approval_notice() {
  Notice notice = alert_notice();
  notice.id = "n-4712";
  notice.kind = NoticeKind::approval;
  notice.severity = Severity::info;
  notice.title = "Pause miner 1";
  notice.text = {};
  notice.subject_key = "villa/approval/77";
  ApprovalInvitation& approval = notice.approval.emplace();
  approval.sentence = "Pause Miner 1 for 2 hours.";
  approval.asked_by = "rule miner-guard";
  approval.why = "The battery is at 21 %.";
  approval.url = Secret("https://hub.example/approve/kq3N0qv9b7c2Zr5-3pYw_8sQd1uXfG6hJtLmEaVoR4");
  approval.mail_code = Secret("K7P2QX");
  approval.sms_code = Secret("4821");
  approval.expires_at = monday_noon + 15 * minute_us;
  return notice;
}

inline bool mentions_a_secret(std::string_view text, const Notice& notice) {
  for (const Secret* secret : {&notice.approval->url, &notice.approval->mail_code, &notice.approval->sms_code})
    if (text.find(secret->reveal()) != std::string_view::npos) return true;
  return false;
}

}  // namespace heliograph::notify
