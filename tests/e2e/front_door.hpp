// A served house whose door the test tries itself: with nobody's token, or with somebody's.
#pragma once

#include "actors/people/totp.hpp"
#include "tests/e2e/served_house.hpp"

namespace heliograph::e2e {

using Headers = std::vector<std::pair<std::string, std::string>>;

/// A server that nobody has entered for the test.
struct Door {
  explicit Door(const std::string& data, const std::vector<std::string>& more = {}) : server(ServedHouse::line(data, more)) { REQUIRE(server.port() != 0); }
  test::Reply ask(const std::string& method, const std::string& path, const std::string& body = {}, Headers headers = {}) const {
    test::HttpClient client(server.port());
    if (!body.empty()) headers.emplace_back("Content-Type", "application/json");
    return client.as_nobody().request(method, "/api/v1" + path, body, headers);
  }
  /// With somebody's token or key.
  test::Reply as(const std::string& token, const std::string& method, const std::string& path, const std::string& body = {}) const {
    return ask(method, path, body, {{"Authorization", "Bearer " + token}, {"Idempotency-Key", "k" + std::to_string(++keys)}});
  }
  /// A site's settings, whatever they are now.
  test::Reply replace(const std::string& token, const std::string& path, const std::string& body) const {
    return ask("PUT", path, body, {{"Authorization", "Bearer " + token}, {"If-Match", "*"}});
  }
  std::string owner() const { return test::owners_token(server.port()); }
  test::Reply log_in(const std::string& user, const std::string& password, const std::string& more = {}) const {
    return ask("POST", "/auth/login", R"({"user":")" + user + R"(","password":")" + password + "\"" + more + "}");
  }
  /// A user with this role, who has joined; their token.
  std::string join(const std::string& user, const std::string& role, const std::string& more = {}) const {
    const auto added = as(owner(), "POST", "/users", R"({"user":")" + user + R"(","role":")" + role + "\"" + more + "}");
    INFO(added.body);
    REQUIRE(added.status == 201);
    REQUIRE(ask("POST", "/auth/join", R"({"user":")" + user + R"(","token":")" + field(added.body, "token") + R"(","password":"some five quiet words"})").status == 204);
    const auto in = log_in(user, "some five quiet words");
    REQUIRE(in.status == 200);
    return field(in.body, "access_token");
  }
  Server server;
  static inline int keys = 0;
};

inline const std::string anna(test::owners_password);

inline std::string code_at(const std::string& secret_base32, std::int64_t step) {
  std::string seed;
  std::uint32_t held = 0;
  int bits = 0;
  for (const char c : secret_base32) {
    held = held << 5 | static_cast<std::uint32_t>(c >= 'A' ? c - 'A' : c - '2' + 26);
    if ((bits += 5) >= 8) seed += static_cast<char>(held >> (bits -= 8));
  }
  return people::hotp(seed, static_cast<std::uint64_t>(step));
}

inline std::string cookie_of(const test::Reply& reply, const std::string& name) {
  for (const auto& [key, value] : reply.headers)
    if (key == "Set-Cookie" && value.starts_with(name + "=")) return value.substr(0, value.find(';'));
  return {};
}

/// Somebody who listens to the stream; whoever is logged out hears no more (J8).
struct Listener {
  Listener(std::uint16_t port, const std::string& token) : client(port) {
    client.as_nobody().send("GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + token + "\r\n\r\n");
    REQUIRE(client.read_stream_head().status == 200);
  }
  /// How long it takes from now until the server has ended it; nothing when it does not.
  std::optional<Micros> end() {
    const SystemClock clock;
    const Micros from = clock.monotonic();
    while (client.read_event()) {}
    if (client.gave_up()) return std::nullopt;
    return clock.monotonic() - from;
  }
  test::HttpClient client;
};

}  // namespace heliograph::e2e
