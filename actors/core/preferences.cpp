#include "actors/core/preferences.hpp"

#include <algorithm>

namespace heliograph {
namespace {

std::string percent(std::int32_t permille) {
  return std::to_string(permille / 10) + (permille % 10 != 0 ? "." + std::to_string(permille % 10) : "") + " %";
}

bool is_mail(const std::string& text) {
  const auto at = text.find('@');
  return at != std::string::npos && at > 0 && at + 1 < text.size() && text.find('@', at + 1) == std::string::npos && text.size() <= 254 &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) { return c > ' ' && c < 0x7f && c != ',' && c != ';' && c != '<' && c != '>' && c != '"'; });
}

bool is_phone(const std::string& text) {
  return text.size() >= 8 && text.size() <= 16 && text.front() == '+' &&
         std::all_of(text.begin() + 1, text.end(), [](unsigned char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::vector<PreferenceProblem> check_preferences(const PreferencesSet& w, const SiteConfigured& site, const HostLimits& host) {
  std::vector<PreferenceProblem> out;
  const auto problem = [&out](const char* pointer, std::string sentence) { out.push_back({pointer, std::move(sentence)}); };
  const std::int32_t floor = strictest_floor(site, host);
  if (w.min_soc_permille < floor || w.min_soc_permille > 1000)
    problem("/min_soc_percent", "The minimum charge lies between the floor, " + percent(floor) + ", and 100 %: only the host's configuration file sets the floor.");
  if (w.target_soc_permille <= w.min_soc_permille || w.target_soc_permille > 1000)
    problem("/target_soc_percent", "The target charge lies above the minimum, " + percent(w.min_soc_permille) + ", up to 100 %.");
  if (w.pause_below_permille < w.min_soc_permille || w.pause_below_permille > 1000)
    problem("/pause_below_percent", "Loads pause at the minimum charge, " + percent(w.min_soc_permille) + ", or above.");
  if (w.resume_above_permille <= w.pause_below_permille || w.resume_above_permille > 1000)
    problem("/resume_above_percent", "Loads resume above the charge at which they pause, " + percent(w.pause_below_permille) + ".");
  const std::int64_t most = strictest_limit({site.grid_import_w_max, host.grid_import_w_max});
  if (w.grid_import_w_max < 0 || (most > 0 && w.grid_import_w_max > most))
    problem("/grid_import_w_max", most > 0 ? "The wished grid draw cannot exceed the site's limit of " + std::to_string(most) + " W." : "The wished grid draw cannot be negative.");
  const auto window = [&](const char* pointer, const DayWindow& each) {
    if (each.from_minute < 0 || each.from_minute > 1439 || each.to_minute < 0 || each.to_minute > 1440)
      problem(pointer, "Hours lie between 00:00 and 24:00.");
  };
  window("/solar_hours", w.solar_hours), window("/rest_hours", w.rest_hours), window("/quiet_hours", w.quiet_hours);
  if (!w.mail.empty() && !is_mail(w.mail)) problem("/mail", "This is no single mail address, such as anna@example.org.");
  if (!w.sms.empty() && !is_phone(w.sms)) problem("/sms", "A telephone number starts with + and the country, such as +48123456789.");
  return out;
}

}  // namespace heliograph
