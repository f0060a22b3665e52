#include "actors/notify/templates.hpp"

#include <array>
#include <cstdio>
#include <vector>

#include "actors/notify/gsm7.hpp"
#include "actors/notify/text.hpp"

namespace heliograph::notify {
namespace {

constexpr std::size_t line_bytes_max = 200, why_bytes_max = 1000, text_bytes_max = 4000;

std::string line(std::string_view text) { return shortened(clean_line(text), line_bytes_max); }
std::string paragraph(std::string_view text) { return shortened(clean_text(text), text_bytes_max); }

/// Whole, whatever its length: it is what a person decides on.
std::string sentence(const ApprovalInvitation& approval) { return clean_line(approval.sentence); }

std::string site_of(const Notice& notice) {
  return line(notice.site_name.empty() ? notice.site.text : notice.site_name);
}

const char* month_name(int month) {
  static constexpr std::array names = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  return names.at(static_cast<std::size_t>(month - 1));
}

/// "21 Nov 23:48": for where every character counts; the sentence names the site, and people know its clock.
std::string short_time(const Zone& zone, Micros at) {
  const Civil civil = zone.local(at);
  char text[32];
  std::snprintf(text, sizeof text, "%d %s %02d:%02d", civil.day, month_name(civil.month), civil.hour, civil.minute);
  return text;
}

std::string label(const Notice& notice) {
  if (notice.kind == NoticeKind::approval) return "Approval needed";
  if (notice.kind == NoticeKind::result) return "Result";
  if (notice.phase == Phase::resolved) return "Resolved";
  if (notice.phase == Phase::acknowledged) return "Acknowledged";
  switch (notice.severity) {
    case Severity::info: return "For information";
    case Severity::warning: return "Warning";
    case Severity::critical: return "Critical";
  }
  broken_invariant("a severity has a label", "label");
}

const char* colour(const Notice& notice) {
  if (notice.kind != NoticeKind::alert) return "#2f5d8a";
  if (notice.phase == Phase::resolved) return "#3b7a57";
  switch (notice.severity) {
    case Severity::info: return "#2f5d8a";
    case Severity::warning: return "#a86a12";
    case Severity::critical: return "#a3322b";
  }
  broken_invariant("a severity has a colour", "colour");
}

struct Fact {
  std::string name, value;
};

std::vector<Fact> facts(const Notice& notice) {
  std::vector<Fact> out = {{"Site", site_of(notice)}};
  if (notice.approval) {
    out.push_back({"Asked by", line(notice.approval->asked_by)});
    out.push_back({"Why", shortened(clean_line(notice.approval->why), why_bytes_max)});
    out.push_back({"Asked at", local_time(notice.zone, notice.at)});
    out.push_back({"Expires", local_time(notice.zone, notice.approval->expires_at)});
  } else {
    out.push_back({"Time", local_time(notice.zone, notice.at)});
    if (!notice.subject_key.empty()) out.push_back({"About", line(notice.subject_key)});
  }
  return out;
}

constexpr std::string_view footer =
    "Heliograph sends this because it knows you as a contact of this site. It asks for no password, ever.";

/// Text that came with the notice keeps to its margin: it cannot pass for a line of ours, such as a link or an end.
std::string quoted(const std::string& text) {
  std::string out = "  | ";
  for (const char c : text) out += c == '\n' ? std::string("\n  | ") : std::string(1, c);
  return out;
}

std::string plain_mail(const Notice& notice) {
  std::string out = label(notice) + ": " + line(notice.title) + "\n\n";
  if (notice.approval) out += "What will be done:\n  " + sentence(*notice.approval) + "\n\n";
  if (!notice.text.empty()) out += quoted(paragraph(notice.text)) + "\n\n";
  for (const Fact& fact : facts(notice)) out += fact.name + ": " + fact.value + "\n";
  if (notice.approval)
    out += "\nTo decide, open this page:\n  " + clean_line(notice.approval->url.reveal()) +
           "\nIt asks for this code:\n  " + clean_line(notice.approval->mail_code.reveal()) +
           "\n\nOpening the page decides nothing. If you do nothing, nothing is done.\n";
  return out + "\n-- \n" + std::string(footer) + "\n";
}

std::string html_paragraph(std::string_view text, std::string_view style) {
  std::string escaped = markup_escaped(text), out;
  for (const char c : escaped) out += c == '\n' ? std::string("<br>\n") : std::string(1, c);
  return "<p style=\"" + std::string(style) + "\">" + out + "</p>\n";
}

std::string html_facts(const Notice& notice) {
  std::string out = "<table role=\"presentation\" style=\"border-collapse:collapse;margin:0 0 20px\">\n";
  for (const Fact& fact : facts(notice))
    out += "<tr><td style=\"padding:3px 16px 3px 0;color:#5c6670;vertical-align:top\">" + markup_escaped(fact.name) +
           "</td><td style=\"padding:3px 0\">" + markup_escaped(fact.value) + "</td></tr>\n";
  return out + "</table>\n";
}

/// The link shows where it leads, and the code stands apart from it: the link alone can never approve.
std::string html_decision(const ApprovalInvitation& approval) {
  const std::string url = markup_escaped(clean_line(approval.url.reveal()));
  return "<p style=\"margin:0 0 12px\"><a href=\"" + url +
         "\" style=\"display:inline-block;padding:10px 20px;background:#2f5d8a;color:#ffffff;text-decoration:none;"
         "border-radius:4px\">Look at it and decide</a></p>\n"
         "<p style=\"margin:0 0 20px;font-size:13px;color:#5c6670;word-break:break-all\">" +
         url +
         "</p>\n<p style=\"margin:0 0 4px\">The page asks for this code:</p>\n"
         "<p style=\"margin:0 0 20px;font:bold 24px Consolas,Menlo,monospace;letter-spacing:4px\">" +
         markup_escaped(clean_line(approval.mail_code.reveal())) +
         "</p>\n<p style=\"margin:0 0 20px\">Opening the page decides nothing. If you do nothing, nothing is "
         "done.</p>\n";
}

std::string html_mail(const Notice& notice) {
  std::string out =
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width\"></head>\n"
      "<body style=\"margin:0;padding:24px;background:#f4f5f6\">\n"
      "<div style=\"max-width:560px;margin:0 auto;padding:28px 32px;background:#ffffff;color:#1f262d;"
      "font:16px/1.5 -apple-system,'Segoe UI',Helvetica,Arial,sans-serif;border-top:4px solid " +
      std::string(colour(notice)) + "\">\n";
  out += html_paragraph(label(notice), "margin:0;color:" + std::string(colour(notice)) + ";font-weight:bold");
  out += "<h1 style=\"margin:4px 0 16px;font-size:21px;line-height:1.3\">" + markup_escaped(line(notice.title)) +
         "</h1>\n";
  if (notice.approval)
    out += html_paragraph("What will be done", "margin:0 0 4px;color:#5c6670") +
           html_paragraph(sentence(*notice.approval),
                          "margin:0 0 20px;padding:12px 16px;background:#f4f5f6;font-weight:bold");
  if (!notice.text.empty()) out += html_paragraph(paragraph(notice.text), "margin:0 0 20px");
  out += html_facts(notice);
  if (notice.approval) out += html_decision(*notice.approval);
  out += html_paragraph(footer, "margin:0;padding-top:16px;border-top:1px solid #dfe3e6;font-size:13px;color:#5c6670");
  return out + "</div>\n</body></html>\n";
}

}  // namespace

std::string local_time(const Zone& zone, Micros at) {
  static constexpr std::array days = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
  const Civil civil = zone.local(at);
  char text[64];
  std::snprintf(text, sizeof text, "%s %d %s %d, %02d:%02d", days.at(static_cast<std::size_t>(civil.weekday - 1)),
                civil.day, month_name(civil.month), civil.year, civil.hour, civil.minute);
  return std::string(text) + " (" + zone.name() + ")";
}

std::string summary(const Notice& notice) {
  std::string out = site_of(notice) + ": " + line(notice.title);
  if (notice.kind == NoticeKind::alert && notice.phase != Phase::raised) out = label(notice) + ": " + out;
  return out;
}

MailText mail_text(const Notice& notice) {
  const std::string subject =
      notice.kind == NoticeKind::approval ? "Approval needed - " + summary(notice) : summary(notice);
  return {subject, plain_mail(notice), html_mail(notice)};
}

std::optional<std::string> sms_text(const Notice& notice) {
  if (!notice.approval)
    return one_segment("Heliograph " + summary(notice) + " (" + short_time(notice.zone, notice.at) + ")");
  const ApprovalInvitation& approval = *notice.approval;
  const std::string code = clean_line(approval.sms_code.reveal());
  const std::string whole = to_gsm7(site_of(notice) + ": " + sentence(approval) + " Reply YES " + code + " or NO " +
                                    code + " until " + short_time(notice.zone, approval.expires_at));
  if (septets(whole) > segment_septets) return std::nullopt;
  return whole;
}

std::string slack_text(const Notice& notice) {
  std::string out = "*" + slack_escaped(label(notice)) + ": " + slack_escaped(line(notice.title)) + "*\n";
  if (notice.approval) out += "What will be done: " + slack_escaped(shortened(sentence(*notice.approval), 500)) + "\n";
  if (!notice.text.empty()) out += slack_escaped(shortened(paragraph(notice.text), 1000)) + "\n";
  for (const Fact& fact : facts(notice)) out += fact.name + ": " + slack_escaped(fact.value) + "\n";
  if (notice.approval) out += "Decide in Heliograph, by mail or by text message; not here.\n";
  // Escapes can make five of one: what is too long is cut before an entity could be cut in two.
  return out.size() <= 3000 ? out : "*" + slack_escaped(line(notice.title)) + "*\n";
}

}  // namespace heliograph::notify
