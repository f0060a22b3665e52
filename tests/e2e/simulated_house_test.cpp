// The README's walk through a house that takes commands: its very lines, against the shipped binary.
#include <catch2/catch.hpp>
#include <signal.h>

#include <cctype>
#include <map>
#include <sstream>

#include "tests/e2e/front_door.hpp"
#include "tests/e2e/served_house.hpp"

using namespace heliograph;
using namespace heliograph::e2e;

namespace {

struct Request {
  std::string method = "GET", target, body;
  std::vector<std::pair<std::string, std::string>> headers;
};

/// What the README tells its reader to keep: $TOKEN, $C and others.
using Kept = std::map<std::string, std::string>;

/// Words of a shell line. Single quotes hold one together as it stands; elsewhere $NAME is what was kept.
std::vector<std::string> words_of(const std::string& line, const Kept& kept) {
  std::vector<std::string> words(1);
  char quote = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quote == 0 ? c == '\'' || c == '"' : c == quote) {
      quote = quote == 0 ? c : 0;
    } else if (c == '$' && quote != '\'') {
      std::size_t end = i + 1;
      while (end < line.size() && std::isupper(static_cast<unsigned char>(line[end])) != 0) ++end;
      words.back() += kept.at(line.substr(i + 1, end - i - 1));
      i = end - 1;
    } else if (c == ' ' && quote == 0) {
      words.emplace_back();
    } else {
      words.back() += c;
    }
  }
  std::erase(words, "");
  return words;
}

Request request_of(const std::string& line, const Kept& kept) {
  Request request;
  const auto words = words_of(line, kept);
  REQUIRE(words.at(0) == "curl");
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (words[i] == "-X") request.method = words[++i];
    else if (words[i] == "-d") request.body = words[++i], request.method = "POST";
    else if (words[i] == "-H") request.headers.emplace_back(words[i + 1].substr(0, words[i + 1].find(':')), words[i + 1].substr(words[i + 1].find(": ") + 2)), ++i;
    else if (words[i] != "-N") request.target = words[i].substr(std::string("http://127.0.0.1:8080").size());
  }
  return request;
}

std::vector<std::string> walk() {
  std::istringstream readme(read_file(std::string(HELIOGRAPH_SOURCE_DIR) + "/README.md"));
  std::vector<std::string> lines;
  bool inside = false;
  for (std::string line; std::getline(readme, line);) {
    if (line.starts_with("## ")) inside = line == "## A house to command";
    if (inside && line.starts_with("    curl ")) lines.push_back(line.substr(4));
  }
  return lines;
}

/// Reads the stream until this command has this event.
bool comes(test::HttpClient& stream, const std::string& type, const std::string& command) {
  while (const auto event = stream.read_event())
    if (has(event->data, "\"type\":\"" + type + "\"") && has(event->data, "\"command\":\"" + command + "\"")) return true;
  return false;
}

}  // namespace

TEST_CASE("the walk of the README: an owner, commands, a stop, a second factor, a key, another tenant") {
  const auto lines = walk();
  REQUIRE(lines.size() == 19);
  const TempDir scratch;
  Server server({binary(), "serve", "--data", scratch / "try", "--listen", "127.0.0.1:0", "--simulate", "home"}, {}, false);
  REQUIRE(server.port() != 0);
  Kept kept{{"J", "Content-Type: application/json"}, {"H", "http://127.0.0.1:8080/api/v1"}};
  const auto keep = [&kept](const std::string& name, const std::string& value) {
    REQUIRE_FALSE(value.empty());
    kept[name] = value;
  };
  const auto step = [&](std::size_t line, int status) {
    INFO(lines[line]);
    const Request r = request_of(lines[line], kept);
    const auto reply = test::HttpClient(server.port()).as_nobody().request(r.method, r.target, r.body, r.headers);
    INFO(reply.body);
    REQUIRE(reply.status == status);
    return reply;
  };
  keep("TOKEN", field(step(0, 201).body, "access_token"));
  kept["A"] = "Authorization: Bearer " + kept["TOKEN"];
  test::HttpClient stream(server.port());
  const Request watch = request_of(lines[1], kept);
  REQUIRE(stream.send("GET " + watch.target + " HTTP/1.1\r\nHost: localhost\r\n" + kept["A"] + "\r\n\r\n"));
  REQUIRE(stream.read_stream_head().status == 200);
  REQUIRE(stream.read_event());  // the first reading

  const auto asked = step(2, 202);
  CHECK(field(asked.body, "state") == "awaiting_approval");
  keep("C", field(asked.body, "command"));
  step(3, 200);
  for (const char* type : {"approval.decided", "command.dispatched", "command.verified"}) CHECK(comes(stream, type, kept["C"]));
  const auto story = step(4, 200).body;
  CHECK(has(story, R"("state":"verified")"));
  CHECK(has(story, "user:anna"));
  CHECK(has(story, "the sun is out"));
  CHECK(has(step(5, 200).body, R"("on_record":true)"));
  CHECK(has(step(6, 409).body, "emergency-stop"));
  step(7, 200);
  step(8, 200);
  const auto again = step(9, 202);
  CHECK(field(again.body, "state") == "dispatched");
  CHECK(comes(stream, "command.verified", field(again.body, "command")));

  const auto offered = step(10, 200).body;
  keep("OFFER", field(offered, "offer"));
  const std::int64_t now = SystemClock().now() / people::totp_step;
  keep("CODE", code_at(field(offered, "secret"), now - 1));  // each code is good once: two people would type them half a minute apart
  step(11, 200);
  keep("CODE", code_at(field(offered, "secret"), now));
  keep("TOKEN", field(step(12, 200).body, "access_token"));
  keep("KEY", field(step(13, 201).body, "secret"));
  CHECK(has(step(14, 200).body, "\"battery\""));
  keep("INVITATION", field(step(15, 201).body, "token"));
  step(16, 204);
  keep("EVE", field(step(17, 200).body, "access_token"));
  CHECK(has(step(18, 404).body, "There is no site"));  // of the house next door
}

TEST_CASE("a site that is real is never taken for a simulated one, and a simulated one comes to life again") {
  const TempDir scratch;
  {
    ServedHouse house(scratch / "data");
    house.furnish();
    house.server.end(SIGTERM);
  }
  const Ended refused = run({binary(), "serve", "--data", scratch / "data", "--listen", "127.0.0.1:0", "--simulate", "home"});
  CHECK(refused.exit == 1);
  CHECK(has(refused.err, "not a simulated one"));
  for (int life = 0; life < 2; ++life) {
    ServedHouse house(scratch / "data", {"--simulate", "toy"});
    CHECK(has(house.get("/api/v1/sites/toy/devices").body, R"("hardware":"simulated")"));
    house.server.end(SIGTERM);
  }
}
