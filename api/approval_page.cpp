#include "api/approval_page.hpp"

#include "actors/notify/templates.hpp"
#include "actors/notify/text.hpp"

namespace heliograph::api {

std::string approval_page(const ApprovalPage& page) {
  using notify::markup_escaped;
  std::string out =
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"robots\" content=\"noindex\">\n<title>Heliograph - approval</title>\n"
      "<link rel=\"icon\" href=\"/icon.svg\" type=\"image/svg+xml\">\n<link rel=\"stylesheet\" href=\"/approve.css\">\n</head>\n<body>\n<main>\n";
  if (!page.site.empty()) out += "<p class=\"site\">" + markup_escaped(page.site) + "</p>\n";
  if (!page.headline.empty()) out += "<p class=\"headline\" role=\"status\">" + markup_escaped(page.headline) + "</p>\n";
  if (!page.sentence.empty()) out += "<h1>" + markup_escaped(page.sentence) + "</h1>\n";
  if (page.open)
    out += "<p>Until " + markup_escaped(notify::local_time(page.zone, page.expires_at)) + ". If you do nothing, nothing is done.</p>\n"
           "<form method=\"post\" autocomplete=\"off\">\n"
           "<label for=\"code\">The code from the mail</label>\n"
           "<input id=\"code\" name=\"code\" maxlength=\"12\" autocapitalize=\"characters\" spellcheck=\"false\" autocomplete=\"one-time-code\">\n"
           "<div class=\"choice\">\n<button name=\"answer\" value=\"approve\">Approve</button>\n"
           "<button class=\"quiet\" name=\"answer\" value=\"deny\">Deny</button>\n</div>\n</form>\n";
  return out + "</main>\n</body>\n</html>\n";
}

}  // namespace heliograph::api
