// What `check-config` says: every value in effect and where it came from, and no secret.
#include "actors/config_report.hpp"

#include <catch2/catch.hpp>

#include "actors/core/document.hpp"

using namespace heliograph;

namespace {

const ConfigInput everything{"host.toml",
                             "data = \"/var/lib/h\"\n[limits]\nsoc_floor_percent = 25.5\n[notify.mail]\nhost = \"smtp.example.org\"\nfrom = \"hub@example.org\"\nuser = \"hub\"\n"
                             "[[notify.slack]]\nid = \"ops\"\nurl = \"https://hooks.slack.com/services/T0/B0/hunter2\"\n[[notify.slack]]\nid = \"night\"\nurl_env = \"NIGHT\"\n",
                             true,
                             {{"HELIOGRAPH_NOTIFY_MAIL_PASSWORD", "hunter2"}, {"NIGHT", "https://hooks.slack.com/services/T0/B0/hunter2"}, {"HELIOGRAPH_FEATURES_CONTROL", "true"}},
                             {{"listen", "127.0.0.1:0"}}};

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// The words of the line of a key.
std::string line_of(const std::string& text, const std::string& key) {
  const auto at = text.find("\n" + key + " ");
  REQUIRE(at != std::string::npos);
  std::string line = text.substr(at + 1, text.find('\n', at + 1) - at - 1), out;
  for (const char c : line)
    if (c != ' ' || !out.ends_with(' ')) out += c;
  return out;
}

}  // namespace

TEST_CASE("each value says where it came from, and a secret only that it is set") {
  const LoadedConfig loaded = load_config(everything);
  for (const ConfigProblem& problem : loaded.problems) FAIL_CHECK(problem.text("host.toml"));
  const std::string text = to_text(loaded);
  CHECK(text.starts_with("host.toml is good.\n"));
  CHECK(line_of(text, "data") == "data \"/var/lib/h\" file, line 1");
  CHECK(line_of(text, "listen") == "listen \"127.0.0.1:0\" command line");
  CHECK(line_of(text, "environment") == "environment \"production\" default");
  CHECK(line_of(text, "limits.soc_floor_percent") == "limits.soc_floor_percent 25.5 file, line 3");
  CHECK(line_of(text, "limits.grid_import_w_max") == "limits.grid_import_w_max not set default");
  CHECK(line_of(text, "features.control") == "features.control true environment HELIOGRAPH_FEATURES_CONTROL");
  CHECK(line_of(text, "notify.mail.password") == "notify.mail.password set environment HELIOGRAPH_NOTIFY_MAIL_PASSWORD");
  CHECK(line_of(text, "notify.mail.port") == "notify.mail.port 587 default");
  CHECK(line_of(text, "notify.slack[0].url") == "notify.slack[0].url set file, line 10");
  CHECK(line_of(text, "notify.slack[1].url_env") == "notify.slack[1].url_env \"NIGHT\" file, line 13");
  CHECK_FALSE(has(text, "hunter2"));
}

TEST_CASE("the same as JSON, with a problem it has problems and no settings") {
  const std::string good = to_json(load_config(everything));
  REQUIRE(parse_document(good).root);
  CHECK(good.starts_with("{\"good\":true,\"file\":\"host.toml\""));
  CHECK(has(good, R"({"key":"limits.soc_floor_percent","value":25.5,"source":"file","line":3})"));
  CHECK(has(good, R"({"key":"limits.grid_import_w_max","value":null,"source":"default"})"));
  CHECK(has(good, R"({"key":"notify.mail.password","value":"set","source":"environment","variable":"HELIOGRAPH_NOTIFY_MAIL_PASSWORD","secret":true})"));
  CHECK_FALSE(has(good, "hunter2"));
  ConfigInput broken = everything;
  broken.text += "[limit]\nx = 1\n";
  const std::string bad = to_json(load_config(broken));
  REQUIRE(parse_document(bad).root);
  CHECK(bad == "{\"good\":false,\"file\":\"host.toml\",\"settings\":[],\"problems\":[{\"sentence\":\"The configuration has no field \\\"limit\\\": did you mean \\\"limits\\\"?\",\"pointer\":\"/limit\","
               "\"source\":\"file\",\"line\":14}]}");
}
