// The README's walk through a house that takes commands: its very lines, against the shipped binary.
#include <catch2/catch.hpp>
#include <signal.h>

#include <sstream>

#include "tests/e2e/served_house.hpp"

using namespace heliograph;
using namespace heliograph::e2e;

namespace {

struct Request {
  std::string method = "GET", target, body;
  std::vector<std::pair<std::string, std::string>> headers;
};

/// Words of a shell line; single quotes hold one together.
std::vector<std::string> words_of(const std::string& line) {
  std::vector<std::string> words(1);
  bool quoted = false;
  for (const char c : line) {
    if (c == '\'') quoted = !quoted;
    else if (c == ' ' && !quoted) words.emplace_back();
    else words.back() += c;
  }
  std::erase(words, "");
  return words;
}

Request request_of(const std::string& line, const std::string& command) {
  Request request;
  const auto words = words_of(line);
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (words[i] == "-X") request.method = words[++i];
    else if (words[i] == "-d") request.body = words[++i];
    else if (words[i] == "-H") request.headers.emplace_back(words[i + 1].substr(0, words[i + 1].find(':')), words[i + 1].substr(words[i + 1].find(": ") + 2)), ++i;
    else if (words[i] != "-N") request.target = words[i].substr(std::string("http://127.0.0.1:8080").size());
  }
  if (const auto at = request.target.find("$C"); at != std::string::npos) request.target.replace(at, 2, command);
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

TEST_CASE("the walk of the README: asked, approved, dispatched, verified, why; stopped, refused, lifted, gone on") {
  const auto lines = walk();
  REQUIRE(lines.size() == 8);
  const TempDir scratch;
  ServedHouse house(scratch / "try", {"--simulate", "home"});
  CHECK(has(house.get("/api/v1/sites").body, "nothing here is real"));
  std::string command;
  const auto step = [&](std::size_t line) {
    const Request r = request_of(lines[line], command);
    return house.client.request(r.method, r.target, r.body, r.headers);
  };
  test::HttpClient stream(house.server.port());
  const Request watch = request_of(lines[0], "");
  REQUIRE(stream.send("GET " + watch.target + " HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  REQUIRE(stream.read_stream_head().status == 200);
  const auto first_reading = stream.read_event();
  REQUIRE(first_reading);

  const auto asked = step(1);
  INFO(asked.body);
  REQUIRE(asked.status == 202);
  CHECK(field(asked.body, "state") == "awaiting_approval");
  command = field(asked.body, "command");
  CHECK(step(2).status == 200);
  CHECK(comes(stream, "approval.decided", command));
  CHECK(comes(stream, "command.dispatched", command));
  CHECK(comes(stream, "command.verified", command));
  const auto story = step(3).body;
  CHECK(has(story, R"("state":"verified")"));
  CHECK(has(story, "user:ben"));
  CHECK(has(story, "the sun is out"));
  CHECK(has(step(4).body, R"("on_record":true)"));
  const auto refused = step(5);
  CHECK(refused.status == 409);
  CHECK(has(refused.body, "emergency-stop"));
  CHECK(step(6).status == 200);
  const auto again = step(7);
  INFO(again.body);
  CHECK(again.status == 202);
  CHECK(field(again.body, "state") == "dispatched");
  CHECK(comes(stream, "command.verified", field(again.body, "command")));
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
