// The shipped binary as `serve`, asked over HTTP as curl would: what tests of the whole path share.
#pragma once

#include <catch2/catch.hpp>
#include <string>
#include <utility>
#include <vector>

#include "actors/clock.hpp"
#include "tests/e2e/process.hpp"
#include "tests/support/http_client.hpp"

namespace heliograph::e2e {

inline const std::string home = "/api/v1/sites/home", commands = home + "/commands";

/// The text of a field, wherever it stands first.
inline std::string field(const std::string& body, const std::string& key) {
  const std::string mark = "\"" + key + "\":\"";
  const auto at = body.find(mark);
  if (at == std::string::npos) return {};
  return body.substr(at + mark.size(), body.find('"', at + mark.size()) - at - mark.size());
}

inline bool has(const std::string& body, const std::string& part) { return body.find(part) != std::string::npos; }

struct ServedHouse {
  explicit ServedHouse(const std::string& data, const std::vector<std::string>& more = {}, const Environment& environment = {}) : server(line(data, more), environment), client(server.port()) {
    REQUIRE(server.port() != 0);
  }
  static std::vector<std::string> line(const std::string& data, const std::vector<std::string>& more) {
    std::vector<std::string> argv{binary(), "serve", "--data", data, "--listen", "127.0.0.1:0"};
    argv.insert(argv.end(), more.begin(), more.end());
    return argv;
  }
  /// A battery at 90 % and a plug that is off, read a moment ago.
  void furnish() {
    REQUIRE(put(home, "{}").status == 200);
    REQUIRE(put(home + "/devices/battery", R"({"kind":"battery"})").status == 200);
    REQUIRE(put(home + "/devices/plug-1", R"({"kind":"plug","name":"Miner 1","can_switch":true,"nominal_w":100})").status == 200);
    const std::string now = format_time(SystemClock().now());
    REQUIRE(post(home + "/readings", R"([{"device":"plug-1","timestamp":")" + now + R"(","switch_on":false},{"device":"battery","timestamp":")" + now +
                                         R"(","soc_percent":90}])").status == 200);
  }
  test::Reply get(const std::string& path) { return client.request("GET", path); }
  test::Reply put(const std::string& path, const std::string& body) { return client.request("PUT", path, body, {{"Content-Type", "application/json"}}); }
  /// Whatever is there now.
  test::Reply replace(const std::string& path, const std::string& body) { return client.request("PUT", path, body, {{"Content-Type", "application/json"}, {"If-Match", "*"}}); }
  test::Reply post(const std::string& path, const std::string& body) { return client.request("POST", path, body, {{"Content-Type", "application/json"}}); }
  test::Reply post(const std::string& path, const std::string& body, const std::string& key) {
    return client.request("POST", path, body, {{"Content-Type", "application/json"}, {"Idempotency-Key", key}});
  }
  test::Reply ask(const std::string& action, const std::string& key) {
    return post(commands, R"({"device":"plug-1","action":")" + action + R"("})", key);
  }
  Server server;
  test::HttpClient client;
};

}  // namespace heliograph::e2e
