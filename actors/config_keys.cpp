#include "actors/config_keys.hpp"

#include <algorithm>
#include <array>

namespace heliograph {
namespace {

using enum KeyForm;

constexpr ConfigKey keys[] = {
    {"data", text, "\"data\""},
    {"listen", text, "\"127.0.0.1:8080\""},
    {"environment", text, "\"production\""},
    {"features.polling", truth, "true"},
    {"features.control", truth, "false"},
    {"features.automation", truth, "false"},
    {"limits.soc_floor_percent", number, "20"},
    {"limits.grid_import_w_max", number, ""},
    {"server.behind_proxy", truth, "false"},
    {"server.trusted_proxies", list, "[]"},
    {"server.allowed_hosts", list, "[]"},
    {"server.cors_origins", list, "[]"},
    {"server.public_url", text, ""},
    {"server.requests_per_minute", number, "6000"},
    {"server.connections", number, "1024"},
    {"server.allow_root", truth, "false"},
    {"tls.certificate", text, ""},
    {"tls.key", text, ""},
    {"metrics.public", truth, "false"},
    {"log.level", text, "\"info\""},
    {"log.form", text, "\"auto\""},
    {"notify.base_url", text, ""},
    {"notify.ca_file", text, ""},
    {"notify.mail.host", text, ""},
    {"notify.mail.security", text, "\"starttls\""},
    {"notify.mail.port", number, "587"},
    {"notify.mail.user", text, ""},
    {"notify.mail.password", text, "", true},
    {"notify.mail.password_file", text, ""},
    {"notify.mail.password_env", text, ""},
    {"notify.mail.from", text, ""},
    {"notify.mail.from_name", text, "\"Heliograph\""},
    {"notify.mail.allow_lan", truth, "false"},
    {"notify.mail.to[].id", text, ""},
    {"notify.mail.to[].name", text, ""},
    {"notify.mail.to[].address", text, ""},
    {"notify.twilio.account_sid", text, ""},
    {"notify.twilio.user", text, ""},
    {"notify.twilio.password", text, "", true},
    {"notify.twilio.password_file", text, ""},
    {"notify.twilio.password_env", text, ""},
    {"notify.twilio.auth_token", text, "", true},
    {"notify.twilio.auth_token_file", text, ""},
    {"notify.twilio.auth_token_env", text, ""},
    {"notify.twilio.from", text, ""},
    {"notify.twilio.messaging_service", text, ""},
    {"notify.twilio.base", text, "\"https://api.twilio.com\""},
    {"notify.twilio.to[].id", text, ""},
    {"notify.twilio.to[].number", text, ""},
    {"notify.slack[].id", text, ""},
    {"notify.slack[].url", text, "", true},
    {"notify.slack[].url_file", text, ""},
    {"notify.slack[].url_env", text, ""},
    {"notify.pagerduty[].id", text, ""},
    {"notify.pagerduty[].routing_key", text, "", true},
    {"notify.pagerduty[].routing_key_file", text, ""},
    {"notify.pagerduty[].routing_key_env", text, ""},
    {"notify.pagerduty[].base", text, "\"https://events.pagerduty.com\""},
    {"notify.webhooks[].id", text, ""},
    {"notify.webhooks[].url", text, ""},
    {"notify.webhooks[].secret", text, "", true},
    {"notify.webhooks[].secret_file", text, ""},
    {"notify.webhooks[].secret_env", text, ""},
    {"notify.webhooks[].old_secret", text, "", true},
    {"notify.webhooks[].old_secret_file", text, ""},
    {"notify.webhooks[].old_secret_env", text, ""},
    {"notify.webhooks[].allow_lan", truth, "false"},
    {"notify.webhooks[].allow_http", truth, "false"},
};

// They may be set where the engine is started, and mean nothing to it.
constexpr std::array others{"HELIOGRAPH_CONFIG", "HELIOGRAPH_BENCH",        "HELIOGRAPH_BINARY", "HELIOGRAPH_KILLED_HOUSE", "HELIOGRAPH_SEED",  "HELIOGRAPH_SEEDS",      "HELIOGRAPH_SHARED",
                            "HELIOGRAPH_STRESS", "HELIOGRAPH_SHOW_COUNTS", "HELIOGRAPH_VERBOSE", "HELIOGRAPH_WITNESS",      "HELIOGRAPH_WRITE_DOCS", "HELIOGRAPH_WRITE_GOLDEN"};

}  // namespace

std::span<const ConfigKey> config_keys() { return keys; }

std::optional<std::string> environment_name(const ConfigKey& key) {
  if (key.path.find('[') != std::string_view::npos) return std::nullopt;
  std::string name(environment_prefix);
  for (const char c : key.path) name += c == '.' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  return name;
}

bool is_other_variable(std::string_view name) { return name.starts_with("HELIOGRAPH_TEST_") || std::find(others.begin(), others.end(), name) != others.end(); }

}  // namespace heliograph
