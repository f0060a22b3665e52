// The section "notify" of the host's configuration: what it says is what the channels get, secrets come from where nobody else can read
// them, and every mistake has its pointer.
#include "actors/notify_config.hpp"

#include <catch2/catch.hpp>
#include <fstream>

#include <sys/stat.h>

#include "actors/host_config.hpp"
#include "tests/support/temp_dir.hpp"

using namespace heliograph;
using heliograph::testing::TempDir;

namespace {

using Strings = std::vector<std::string>;
using Variables = std::map<std::string, std::string>;

LoadedConfig load(const std::string& text, const Variables& environment = {}, bool is_private = false) { return load_config({"host.toml", text, is_private, environment, {}}); }

Strings pointers(const LoadedConfig& loaded) {
  Strings out;
  for (const ConfigProblem& problem : loaded.problems) out.push_back(problem.pointer);
  return out;
}
Strings pointers(const std::string& text) { return pointers(load(text)); }

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::string secret_file(const TempDir& folder, const std::string& name, const std::string& text, ::mode_t mode = 0600) {
  std::ofstream(folder / name) << text << "\n";
  REQUIRE(::chmod((folder / name).c_str(), mode) == 0);
  return "\"" + (folder / name) + "\"";
}

const std::string mail = "[notify.mail]\nhost = \"smtp.example.org\"\nfrom = \"hub@example.org\"\n", hub = mail + "user = \"hub\"\n";

}  // namespace

TEST_CASE("a whole section becomes options, and its channels can be made") {
  const TempDir folder;
  const LoadedConfig done = load("notify.base_url = \"https://hub.example\"\n" + hub + "password_env = \"SMTP\"\nfrom_name = \"Villa\"\nto = [{ id = \"anna\", name = \"Anna\", address = \"anna@example.org\" }]\n"
      "[notify.twilio]\naccount_sid = \"AC" + std::string(32, 'a') + "\"\npassword_file = " + secret_file(folder, "twilio", "12345") + "\nfrom = \"+15005550006\"\nto = [{ id = \"anna\", number = \"+48123456789\" }]\n"
      "[[notify.slack]]\nid = \"ops\"\nurl_file = " + secret_file(folder, "slack", "https://hooks.slack.com/services/T0/B0/x", 0400) + "\n[[notify.pagerduty]]\nid = \"ops\"\nrouting_key_file = " +
      secret_file(folder, "pd", std::string(32, 'p')) + "\n[[notify.webhooks]]\nid = \"ops\"\nurl = \"https://hooks.example.org/x\"\nsecret_file = " +
      secret_file(folder, "hook", "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz") + "\n", {{"SMTP", "right horse"}});
  for (const ConfigProblem& problem : done.problems) FAIL_CHECK(problem.text("host.toml"));
  const notify::NotifyOptions& options = *done.config.notify;
  REQUIRE(options.mail);
  CHECK(options.mail->server.port == 587);
  CHECK(options.mail->server.password.reveal() == "right horse");
  CHECK(options.mail->from_name == "Villa");
  CHECK(options.twilio->password.reveal() == "12345");  // without the file's line end
  const auto channels = notify::make_channels(options);
  REQUIRE(channels);
  CHECK(channels->size() == 5);
}

TEST_CASE("a mistake in the section is a problem with its pointer") {
  CHECK(pointers("notify.mial = {}") == Strings{"/notify/mial"});
  CHECK(pointers("notify.mail.host = \"smtp.example.org\"") == Strings{"/notify/mail/from"});
  CHECK(pointers(mail + "security = \"ssl\"") == Strings{"/notify/mail/security"});
  CHECK(pointers(mail + "port = 0") == Strings{"/notify/mail/port"});
  CHECK(pointers(mail + "to = {}") == Strings{"/notify/mail/to"});
  CHECK(pointers(mail + "to = [{ id = \"anna\" }]") == Strings{"/notify/mail/to/0/address"});
  CHECK(pointers("notify.webhooks = [{ id = \"ops\", url = \"https://hooks.example.org/x\" }]") == Strings{"/notify/webhooks/0/secret"});
  CHECK(pointers("notify.slack = [{ id = \"ops\" }]") == Strings{"/notify/slack/0/url"});
  // What only the channels can judge is said where the document has it.
  CHECK(pointers("[notify.mail]\nhost = \"10.0.0.1\"\nfrom = \"hub@example.org\"") == Strings{"/notify/mail/host"});
  CHECK(pointers(hub) == Strings{"/notify/mail/user"});
  CHECK(pointers(load("notify.webhooks = [{ id = \"ops\", url = \"https://hooks.example.org/x\", secret_env = \"S\" }]", {{"S", "short"}})) == Strings{"/notify/webhooks/0/secret"});
}

TEST_CASE("links lead to the public address where the section says nothing else") {
  CHECK(load("server.public_url = \"https://hub.example\"\n" + mail).config.notify->base_url == "https://hub.example");
  CHECK(load("server.public_url = \"https://hub.example\"\nnotify.base_url = \"https://other.example\"\n" + mail).config.notify->base_url == "https://other.example");
}

// ---- secrets --------------------------------------------------------------------------------------------------------------------

TEST_CASE("a secret in the configuration itself is taken from a file that only we can read, and refused in any other") {
  const std::string text = hub + "password = \"right horse\"\n";
  CHECK(load(text, {}, true).problems.empty());
  CHECK(load(text, {}, true).config.notify->mail->server.password.reveal() == "right horse");
  const LoadedConfig open = load(text);
  REQUIRE(open.problems.size() == 1);
  CHECK(open.problems[0].pointer == "/notify/mail/password");
  CHECK(has(open.problems[0].sentence, "chmod 600 host.toml"));
  CHECK_FALSE(has(open.problems[0].sentence, "horse"));
}

TEST_CASE("a file with a secret that others can read is refused, as is one that is not there or no file") {
  const TempDir folder;
  for (const ::mode_t mode : {0640, 0604, 0644, 0660}) {
    const LoadedConfig open = load(hub + "password_file = " + secret_file(folder, "open", "right horse", mode));
    REQUIRE(pointers(open) == Strings{"/notify/mail/password_file"});
    CHECK(has(open.problems[0].sentence, "chmod 600"));
    CHECK_FALSE(has(open.problems[0].sentence, "horse"));
  }
  CHECK(pointers(hub + "password_file = \"/nowhere/at/all\"") == Strings{"/notify/mail/password_file"});
  CHECK(pointers(hub + "password_file = \"" + folder.path() + "\"") == Strings{"/notify/mail/password_file"});
  CHECK(pointers(hub + "password_file = " + secret_file(folder, "empty", "")) == Strings{"/notify/mail/password_file"});
  CHECK(pointers(hub + "password_file = " + secret_file(folder, "large", std::string(9'000, 'x'))) == Strings{"/notify/mail/password_file"});
}

TEST_CASE("a secret is given once, what the environment says of it replaces every way in the file") {
  const TempDir folder;
  const std::string file = "password_file = " + secret_file(folder, "smtp", "of the file") + "\n";
  CHECK(pointers(load(hub + file + "password_env = \"S\"", {{"S", "x"}})) == Strings{"/notify/mail/password"});
  CHECK(pointers(hub + "password_env = \"NOT_SET\"") == Strings{"/notify/mail/password_env"});
  CHECK(pointers(hub + "password = { file = \"x\" }").front() == "/notify/mail/password");
  const LoadedConfig both = load(hub + file, {{"HELIOGRAPH_NOTIFY_MAIL_PASSWORD", "of the environment"}});
  REQUIRE(both.problems.empty());
  CHECK(both.config.notify->mail->server.password.reveal() == "of the environment");
  const LoadedConfig other = load(hub + "password_env = \"S\"", {{"S", "x"}, {"HELIOGRAPH_NOTIFY_MAIL_PASSWORD_FILE", folder / "smtp"}});
  REQUIRE(other.problems.empty());
  CHECK(other.config.notify->mail->server.password.reveal() == "of the file");
  CHECK(pointers(load(hub, {{"HELIOGRAPH_NOTIFY_MAIL_PASSWORD", "x"}, {"HELIOGRAPH_NOTIFY_MAIL_PASSWORD_FILE", folder / "smtp"}})) == Strings{"/notify/mail/password"});
}
