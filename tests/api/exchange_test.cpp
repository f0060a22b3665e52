// Each request has an id and belongs to a trace; what is counted and told of it names routes, never paths, and holds no secret.
#include "api/http/exchange.hpp"

#include <catch2/catch.hpp>
#include <future>
#include <mutex>
#include <set>

#include "api/http/request_stats.hpp"
#include "api/http/router.hpp"
#include "tests/support/http_client.hpp"

namespace heliograph::http {
namespace {

const std::string trace = "0af7651916cd43dd8448eb211c80319c", parent = "b7ad6b7169203331";

Route row(Method method, const std::string& path, std::vector<Parameter> parameters, Handler handler) {
  Route route;
  route.method = method, route.path = path, route.operation_id = std::string(name(method)) + path, route.parameters = std::move(parameters), route.handler = std::move(handler);
  return route;
}

struct Told {
  std::string id, trace, sent, method, route, path, agent;
  Pairs ids;
  int status = 0;
  std::size_t bytes = 0;
};

/// A server with a few routes that remembers what it was told of its requests.
class Counted {
 public:
  Counted() {
    const Parameter site{"site", In::path, Kind::id, true}, link{"link", In::path, Kind::string, true};
    const auto say = [](Request&&, Responder responder) { responder.send(text_response(200, "text/plain", responder.exchange().sent_trace())); };
    std::vector<Route> routes{row(Method::get, "/sites/{site}", {site}, say), row(Method::get, "/links/{link}", {link}, say),
                              row(Method::get, "/bad", {}, [](Request&&, Responder responder) { responder.send(Error{Errc::io, "x", {}}); }),
                              row(Method::get, "/lost", {}, [](Request&&, Responder) {}),
                              row(Method::get, "/held", {}, [this](Request&&, Responder responder) { held.set_value(std::move(responder)); }),
                              row(Method::get, "/stream", {}, [](Request&&, Responder responder) { responder.open_stream({})->close(); })};
    router_ = std::make_shared<Router>(std::move(routes), RouterOptions{.stats = stats});
    ServerOptions options;
    options.stats = stats;
    options.answered = [this](const Exchange& e) {
      const std::lock_guard lock(mutex_);
      told_.push_back({e.id(), e.trace(), e.sent_trace(), std::string(e.method()), std::string(e.route()), e.path(), e.agent(), e.ids(), e.status(), e.body_bytes()});
    };
    REQUIRE(server.start("127.0.0.1:0", handler_of(router_), options));
  }
  ~Counted() { server.stop(); }
  std::vector<Told> told() {
    const std::lock_guard lock(mutex_);
    return told_;
  }
  std::map<std::string, RequestStats::Row> rows() const {
    std::map<std::string, RequestStats::Row> out;
    for (const auto& each : stats->rows()) out[each.method + " " + each.route] = each;
    return out;
  }

  std::shared_ptr<RequestStats> stats = std::make_shared<RequestStats>();
  std::promise<Responder> held;
  Server server;

 private:
  std::shared_ptr<Router> router_;
  std::mutex mutex_;
  std::vector<Told> told_;  // guarded by mutex_
};

}  // namespace

TEST_CASE("a traceparent is taken only when every part of it is as it has to be") {
  const auto is = [](const std::string& header) { return parse_traceparent(header); };
  CHECK(is("00-" + trace + "-" + parent + "-01") == trace);
  CHECK(is("00-" + trace + "-" + parent + "-00") == trace);
  CHECK(is("cc-" + trace + "-" + parent + "-01") == trace);              // a later version
  CHECK(is("cc-" + trace + "-" + parent + "-01-what-it-adds") == trace);
  for (const std::string& wrong : {std::string(), "00-" + trace + "-" + parent, "00-" + trace + "-" + parent + "-1", "00-" + trace + "-" + parent + "-01-more", "cc-" + trace + "-" + parent + "-01more",
                                   "ff-" + trace + "-" + parent + "-01", "0-" + trace + "-" + parent + "-01", "00-" + std::string(32, '0') + "-" + parent + "-01", "00-" + trace + "-" + std::string(16, '0') + "-01",
                                   "00-0AF7651916CD43DD8448EB211C80319C-" + parent + "-01", "00-" + trace + "-B7AD6B7169203331-01", "00_" + trace + "-" + parent + "-01", "00-" + trace.substr(1) + "-" + parent + "-011",
                                   " 00-" + trace + "-" + parent + "-01", "00-" + trace + "-" + parent + "-0g", "0x-" + trace + "-" + parent + "-01"}) {
    INFO(wrong);
    CHECK_FALSE(is(wrong));
  }
}

TEST_CASE("every answer has an id of its own, refusals and streams too, and a problem names it as its instance") {
  Counted house;
  std::set<std::string> ids;
  for (const char* path : {"/sites/home", "/nowhere", "/bad", "/lost", "/sites/home"}) {
    test::HttpClient client(house.server.port());
    const auto reply = client.request("GET", path, {}, {{"X-Request-Id", "mine"}});
    const std::string id = reply.header("X-Request-Id");
    CHECK(id.size() == 36);
    CHECK(id[14] == '4');
    CHECK(ids.insert(id).second);
    if (reply.status != 200) CHECK(reply.body.find("\"instance\":\"urn:uuid:" + id + "\"}") != std::string::npos);
  }
  test::HttpClient broken(house.server.port());
  REQUIRE(broken.send("GET /\x01 HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  const auto refused = broken.read_reply();
  CHECK(refused.status == 400);
  CHECK(refused.body.find("urn:uuid:" + refused.header("X-Request-Id")) != std::string::npos);
  test::HttpClient listener(house.server.port());
  REQUIRE(listener.send("GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  CHECK(listener.read_stream_head().header("X-Request-Id").size() == 36);
  listener.read_all();
  const auto told = house.told();
  REQUIRE(told.size() == 7);
  CHECK(told[0].method == "GET");
  CHECK(told[5].method == "_OTHER");
  CHECK(told[5].status == 400);
}

TEST_CASE("a trace that was sent goes on, another one begins with the request") {
  Counted house;
  test::HttpClient client(house.server.port());
  CHECK(client.request("GET", "/sites/home", {}, {{"traceparent", "00-" + trace + "-" + parent + "-01"}}).body == trace);
  CHECK(client.request("GET", "/sites/home", {}, {{"traceparent", "00-" + trace + "-" + parent + "-01"}, {"traceparent", "00-" + trace + "-" + parent + "-01"}}).body.empty());
  CHECK(client.request("GET", "/sites/home", {}, {{"traceparent", "00-" + trace + "-zz-01"}}).body.empty());
  CHECK(client.request("GET", "/sites/home").body.empty());
  const auto told = house.told();
  CHECK(told[0].trace == trace);
  for (std::size_t i = 1; i < 4; ++i) {
    CHECK(told[i].trace.size() == 32);
    CHECK(told[i].trace != trace);
    CHECK(told[i].sent.empty());
  }
}

TEST_CASE("of a path only its ids are told, and of one that nobody knows its beginning") {
  Counted house;
  test::HttpClient client(house.server.port());
  client.request("GET", "/sites/home?token=canary", {}, {{"User-Agent", "curl/8"}});
  client.request("GET", "/links/canary");
  client.request("GET", "/" + std::string(1'000, 'x') + "?canary");
  for (const Told& each : house.told())
    for (const std::string& text : {each.route, each.path, each.agent, each.ids.empty() ? "" : each.ids[0].second}) CHECK(text.find("canary") == std::string::npos);
  const auto told = house.told();
  CHECK(told[0].route == "/sites/{site}");
  CHECK(told[0].ids == Pairs{{"site", "home"}});
  CHECK(told[0].agent == "curl/8");
  CHECK(told[1].route == "/links/{link}");
  CHECK(told[1].ids.empty());
  CHECK(told[2].route.empty());
  CHECK(told[2].path.size() == 120);
}

TEST_CASE("requests are counted by route and status, with time and bytes, and those under way") {
  Counted house;
  test::HttpClient client(house.server.port());
  for (int i = 0; i < 3; ++i) client.request("GET", "/sites/s" + std::to_string(i), {}, {{"traceparent", "00-" + trace + "-" + parent + "-01"}});
  client.request("GET", "/bad");
  client.request("GET", "/nowhere");
  client.request("POST", "/bad");
  test::HttpClient waiting(house.server.port());
  REQUIRE(waiting.send("GET /held HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  const Responder held = house.held.get_future().get();
  CHECK(house.rows()["GET /held"].under_way == 1);
  auto rows = house.rows();
  REQUIRE(rows["GET /sites/{site}"].cells.size() == 1);
  CHECK(rows["GET /sites/{site}"].cells[0].status == 200);
  CHECK(rows["GET /sites/{site}"].cells[0].took.count() == 3);
  CHECK(rows["GET /sites/{site}"].cells[0].body_bytes == 3 * 32);
  CHECK(rows["GET /sites/{site}"].under_way == 0);
  CHECK(rows["GET /bad"].cells[0].status == 500);
  CHECK(rows["GET /held"].cells.empty());
  REQUIRE(rows["_OTHER "].cells.size() == 2);  // 404 and 405
  CHECK(rows["_OTHER "].cells[1].status == 405);
  held.send(text_response(200, "text/plain", "x"));
  CHECK(waiting.read_reply().status == 200);
  rows = house.rows();
  CHECK(rows["GET /held"].under_way == 0);
  CHECK(rows["GET /held"].cells[0].took.count() == 1);
}

TEST_CASE("durations are counted by bounds, and their quantiles are bounds") {
  Durations durations;
  CHECK(durations.now().quantile(0.5) == -1);
  for (int i = 0; i < 98; ++i) durations.add(500);  // a bound belongs to its bucket
  durations.add(501);
  durations.add(20'000'000);
  const DurationCounts now = durations.now();
  CHECK(now.count() == 100);
  CHECK(now.counts[0] == 98);
  CHECK(now.counts[1] == 1);
  CHECK(now.counts.back() == 1);
  CHECK(now.quantile(0.5) == 500);
  CHECK(now.quantile(0.99) == 1'000);
  CHECK(now.quantile(1) == -1);
  CHECK(now.micros == 98 * 500 + 501 + 20'000'000);
}

}  // namespace heliograph::http
