// P7: secrets with known values go through the whole house, and are afterwards in no answer that was not theirs, no event of the stream, no
// line of the log, no export, and no byte of the data directory: plain, reversed, hex, base64 or percent-encoded.
#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "tests/e2e/front_door.hpp"

using namespace heliograph;
using namespace heliograph::e2e;

namespace {

std::string base64(std::string_view bytes, bool url) {
  const std::string letters = std::string("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789") + (url ? "-_" : "+/");
  std::string out;
  for (std::size_t i = 0; i + 2 < bytes.size(); i += 3) {  // whole groups: what follows would depend on the rest
    const unsigned group = static_cast<unsigned>(static_cast<unsigned char>(bytes[i]) << 16 | static_cast<unsigned char>(bytes[i + 1]) << 8 | static_cast<unsigned char>(bytes[i + 2]));
    for (int shift = 18; shift >= 0; shift -= 6) out += letters[group >> shift & 63];
  }
  return out;
}

std::string hex(std::string_view bytes, const char* digits) {
  std::string out;
  for (const unsigned char c : bytes) out += {digits[c >> 4], digits[c & 15]};
  return out;
}

std::string percent(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) out += c;
    else out += "%" + hex(std::string_view(&c, 1), "0123456789ABCDEF");
  }
  return out;
}

std::vector<std::string> forms(const std::string& secret) {
  std::vector<std::string> out{secret, std::string(secret.rbegin(), secret.rend()), hex(secret, "0123456789abcdef"), hex(secret, "0123456789ABCDEF"), percent(secret)};
  for (std::size_t skip = 0; skip < 3; ++skip)  // wherever it began in what was encoded
    for (const bool url : {false, true}) out.push_back(base64(std::string_view(secret).substr(skip), url));
  return out;
}

/// Where a secret stands in these bytes, in whatever form; npos when nowhere.
std::size_t find_in(const std::string& bytes, const std::string& secret) {
  for (const std::string& form : forms(secret))
    if (const auto at = bytes.find(form); at != std::string::npos) return at;
  return std::string::npos;
}

std::string all_files(const std::string& directory) {
  std::string bytes;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory))
    if (entry.is_regular_file() && entry.path().filename() != "people.key") bytes += read_file(entry.path().string());
  return bytes;
}

}  // namespace

TEST_CASE("P7: no secret is anywhere but with whom it belongs to", "[reliability]") {
  const TempDir scratch;
  const std::string seen = "canary-that-may-be-seen";
  std::map<std::string, std::string> secrets{{"mail password", "canary-of-the-mail-server-1"}, {"Twilio token", "canary0of0twilio0canary0of0twilio"}, {"hook secret", "whsec_Y2FuYXJ5LW9mLXRoZS1ob29rLTEyMzQ1Njc4OTA="},
                                             {"owner's password", anna}, {"typed as a name", "canary that was typed as a name"}, {"wrong password", "canary that was a wrong password"}};
  write_file(scratch / "mail", secrets["mail password"]);
  std::filesystem::permissions(scratch / "mail", std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  const std::string config = scratch / "host.toml";
  write_file(config, "[notify]\nbase_url = \"https://hub.example\"\n[notify.mail]\nhost = \"smtp.canary.invalid\"\nuser = \"heliograph\"\nfrom = \"a@b.example\"\npassword_file = \"" + (scratch / "mail") +
                         "\"\n[[notify.mail.to]]\nid = \"anna\"\naddress = \"anna@b.example\"\n[notify.twilio]\naccount_sid = \"AC00000000000000000000000000000000\"\npassword_env = \"CANARY_TWILIO\"\nfrom = "
                         "\"+15005550006\"\n[[notify.twilio.to]]\nid = \"anna\"\nnumber = \"+48123456789\"\n[[notify.webhooks]]\nid = \"ops\"\nurl = \"https://hooks.canary.invalid/x\"\nsecret_env = \"CANARY_HOOK\"\n");
  std::string heard;  // every answer but those that give a secret to whom it belongs
  std::string log, exported;
  {
    Server server({binary(), "serve", "--data", scratch / "data", "--listen", "127.0.0.1:0", "--config", config},
                  {{"HELIOGRAPH_LOG_LEVEL", "debug"}, {"CANARY_TWILIO", secrets["Twilio token"]}, {"CANARY_HOOK", secrets["hook secret"]}});
    REQUIRE(server.port() != 0);
    const std::string token = test::owners_token(server.port());
    secrets["access token"] = token.substr(token.rfind('.') + 1);  // its signature; the rest is no secret
    const auto ask = [&](const std::string& method, const std::string& path, const std::string& body = {}, Headers headers = {}) {
      test::HttpClient client(server.port());
      if (!body.empty()) headers.emplace_back("Content-Type", "application/json");
      headers.emplace_back("Idempotency-Key", "k" + std::to_string(heard.size()));
      return client.as_nobody().request(method, path, body, headers);
    };
    const Headers owner{{"Authorization", "Bearer " + token}};
    const auto listen = [&](const test::Reply& reply) {
      for (const auto& [key, value] : reply.headers) heard += key + ": " + value + "\n";
      heard += reply.body + "\n";
      return reply;
    };
    // Secrets that the house makes, each given to whom it belongs to, once.
    const std::string v1 = "/api/v1";
    const auto login = ask("POST", v1 + "/auth/login", R"({"user":"anna","password":")" + anna + "\"}");
    REQUIRE(login.status == 200);
    const std::string refresh = field(login.body, "refresh_token");
    secrets["refresh token"] = refresh.substr(refresh.find('.') + 1), secrets["device token"] = field(login.body, "device");
    const auto key = ask("POST", v1 + "/keys", R"({"name":"display","may":["see"]})", owner);
    REQUIRE(key.status == 201);
    const std::string shown = field(key.body, "secret");
    secrets["API key"] = shown.substr(shown.find('_', std::string("hg_").size()) + 1);  // which may hold an underscore itself
    const auto invited = ask("POST", v1 + "/users", R"({"user":"ben","role":"viewer"})", owner);
    REQUIRE(invited.status == 201);
    secrets["invitation"] = field(invited.body, "token");
    const auto offer = ask("POST", v1 + "/auth/totp", {}, owner);
    REQUIRE(offer.status == 200);
    secrets["TOTP seed"] = field(offer.body, "secret");
    // Used, misused, and put where it does not belong.
    REQUIRE(listen(ask("PUT", v1 + "/sites/home", "{\"name\":\"" + seen + "\"}", owner)).status == 200);
    listen(ask("POST", v1 + "/auth/join", R"({"user":"ben","token":")" + secrets["invitation"] + R"(","password":")" + anna + "\"}"));
    listen(ask("POST", v1 + "/auth/login", R"({"user":")" + secrets["typed as a name"] + R"(","password":"x"})"));
    listen(ask("POST", v1 + "/auth/login", R"({"user":"anna","password":")" + secrets["wrong password"] + "\"}"));
    listen(ask("POST", v1 + "/auth/step-up", R"({"password":")" + secrets["wrong password"] + "\"}", owner));
    listen(ask("POST", v1 + "/auth/refresh", R"({"refresh_token":")" + refresh + "x\"}"));
    listen(ask("GET", v1 + "/sites", {}, {{"Authorization", "Bearer " + shown + "x"}}));
    listen(ask("GET", v1 + "/sites", {}, {{"X-API-Key", shown}}));
    listen(ask("GET", v1 + "/sites?access_token=" + shown));
    listen(ask("GET", v1 + "/sites", {}, {{"Cookie", "heliograph=" + token + "; heliograph-refresh=" + refresh}}));
    listen(ask("GET", v1 + "/sites", {}, {{"User-Agent", "a program"}, {"Authorization", "Basic " + base64("anna:" + anna, false)}}));
    listen(ask("POST", v1 + "/sites/home/stop", R"({"reason":"a test"})", owner));  // people are told of it, by channels that do not answer
    // Whatever there is to ask.
    for (const char* path : {"/sites", "/sites/home", "/sites/home/audit?limit=1000", "/audit?limit=1000", "/users", "/keys", "/auth/me", "/auth/sessions", "/tenant", "/tenants", "/system/components", "/system/errors", "/system/requests",
                             "/system/usage", "/system/figures", "/sites/home/alerts"})
      CHECK(listen(ask("GET", v1 + path, {}, owner)).status == 200);
    for (const char* path : {"/metrics", "/health", "/readiness", "/openapi.json"}) CHECK(listen(ask("GET", path, {}, owner)).status == 200);
    for (int position = 1; position < 200; ++position) {
      const auto event = listen(ask("GET", v1 + "/positions/" + std::to_string(position), {}, owner));
      if (event.status != 200) break;
    }
    test::HttpClient stream(server.port());
    REQUIRE(stream.as_nobody().send("GET /api/v1/stream?after=0 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + token + "\r\n\r\n"));
    REQUIRE(stream.read_stream_head().status == 200);
    for (bool told = false; !told;) {
      const auto event = stream.read_event();
      REQUIRE(event);
      heard += event->data + "\n";
      told = event->event == "stop.engaged";
    }
    const Ended ended = server.end(SIGTERM);
    CHECK(ended.exit == 0);
    log = ended.err + ended.out;
  }
  const Ended done = run({binary(), "export", "--data", scratch / "data", "--site", "home", "--out", scratch / "export.jsonl"});
  INFO(done.err);
  CHECK(done.exit == 0);
  exported = read_file(scratch / "export.jsonl") + done.out + done.err;
  CHECK((std::filesystem::status(scratch / "export.jsonl").permissions() & (std::filesystem::perms::group_all | std::filesystem::perms::others_all)) == std::filesystem::perms::none);  // P8: what we make is ours
  const Ended checked = run({binary(), "check-config", "--config", config}, {{"CANARY_TWILIO", secrets["Twilio token"]}, {"CANARY_HOOK", secrets["hook secret"]}});
  CHECK(checked.exit == 0);
  const std::string data = all_files(scratch / "data");
  const std::map<std::string, const std::string*> places{{"answers and stream", &heard}, {"log of the process", &log}, {"export", &exported}, {"data directory", &data}, {"check-config", &checked.out}};
  // What may be seen is found, in each place that shows it and in each form: the search works.
  CHECK(find_in(heard, seen) != std::string::npos);
  CHECK(find_in(exported, seen) != std::string::npos);
  CHECK(find_in(data, seen) != std::string::npos);
  for (const std::string& form : forms(seen)) CHECK(find_in("some " + form + " more", seen) != std::string::npos);
  CHECK(log.size() > 10'000);
  std::size_t searched = 0;
  for (const auto& [name, secret] : secrets) {
    REQUIRE(secret.size() >= 16);
    for (const auto& [place, bytes] : places) {
      INFO(name << " in: " << place);
      const auto at = find_in(*bytes, secret);
      INFO((at == std::string::npos ? "" : bytes->substr(at > 100 ? at - 100 : 0, 250)));
      CHECK(at == std::string::npos);
      ++searched;
    }
  }
  std::printf("canary: %zu secrets, %zu searches, %zu bytes of answers, %zu of log, %zu of data\n", secrets.size(), searched, heard.size(), log.size(), data.size());
}
