// What every route does alike: versions, budgets, older ways, sockets that only our pages open.
#include <catch2/catch.hpp>

#include "actors/clock.hpp"
#include "api/http/conditions.hpp"
#include "api/http/socket_stream.hpp"
#include "api/http/sse.hpp"
#include "api/rate_limits.hpp"
#include "api/spent_budgets.hpp"
#include "storage/file.hpp"
#include "tests/api/route_samples.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/temp_dir.hpp"

using namespace heliograph;
using namespace heliograph::http;
using api::Budget;
using api::RateLimits;
using api::SpentBudgets;
using testing::eventually;

namespace {

Request with(Headers headers) {
  Request request;
  request.path = "/x";
  request.headers = std::move(headers);
  return request;
}

const std::string* header(const Response& response, std::string_view name) { return find_header(response.headers, name); }

}  // namespace

TEST_CASE("entity tags are read as lists, weak and strong, what cannot be read names nothing") {
  CHECK_FALSE(tags_of(with({}), "If-Match"));
  const auto list = tags_of(with({{"if-match", "\"12\", W/\"7\",\"a,b\""}, {"If-Match", "\"last\""}}), "If-Match");
  REQUIRE(list);
  CHECK(list->tags == std::vector<std::string>{"12", "a,b", "last"});
  CHECK(list->weak == std::vector<std::string>{"7"});
  CHECK(list->names("7"));
  CHECK_FALSE(list->names("8"));
  CHECK(tags_of(with({{"If-Match", "*"}}), "If-Match")->any);
  for (const char* broken : {"12", "\"12", "W/12", "\"1\" nonsense", "\""}) {
    INFO(broken);
    const auto read = tags_of(with({{"If-Match", broken}}), "If-Match");
    REQUIRE(read);
    CHECK_FALSE(read->any);
    CHECK(read->tags.empty());
  }
}

TEST_CASE("who has the version already gets 304 and no body") {
  const auto fresh = with_tag(json_response("{}"), with({}), "12");
  CHECK(fresh.status == 200);
  CHECK(*header(fresh, "ETag") == "\"12\"");
  const auto known = with_tag(json_response("{}"), with({{"If-None-Match", "W/\"12\""}}), "12");
  CHECK(known.status == 304);
  CHECK(known.body.empty());
  CHECK(*header(known, "ETag") == "\"12\"");
  CHECK(with_tag(json_response("{}"), with({{"If-None-Match", "\"11\""}}), "12").status == 200);
}

TEST_CASE("a budget lets a burst through, refuses what is over it, and refills evenly") {
  Micros now = 1'000'000;
  RateLimits limits({Budget{"default", 60, minute_us}, Budget{"free", 0, minute_us}}, [&] { return now; });
  for (unsigned left = 59; left + 1 > 0; --left) {
    const auto spent = limits.spend("default", "anna");
    REQUIRE(spent.may);
    REQUIRE(spent.requests == left);
    if (left == 0) break;
  }
  const auto over = limits.spend("default", "anna");
  CHECK_FALSE(over.may);
  CHECK(over.more_in == second_us);
  CHECK(limits.spend("default", "otto").may);  // of their own
  CHECK(limits.spend("free", "anna").may);
  now += second_us - 1;
  CHECK_FALSE(limits.spend("default", "anna").may);
  now += 1;
  CHECK(limits.spend("default", "anna").may);
  CHECK_FALSE(limits.spend("default", "anna").may);
  now += hour_us;
  for (int i = 0; i < 60; ++i) REQUIRE(limits.spend("default", "anna").may);  // whole again, and no more than that
  CHECK_FALSE(limits.spend("default", "anna").may);
}

TEST_CASE("a flood of callers costs bounded memory, and those from before it keep their budgets") {
  Micros now = 0;
  RateLimits limits({Budget{"default", 60, minute_us}}, [&] { return now; });
  REQUIRE(limits.spend("default", "anna").may);
  for (int i = 0; i < 150'000; ++i) limits.spend("default", "flood-" + std::to_string(i));
  CHECK(limits.callers() <= 100'002);
  CHECK(limits.spend("default", "anna").requests == 58);
  CHECK_FALSE(limits.spend("default", "one more").may);  // the others share one
  now += second_us;
  CHECK(limits.spend("default", "ben", true).requests == 59);  // whoever is known has their own
  now += hour_us;
  CHECK(limits.spend("default", "one more").may);
  CHECK(limits.callers() <= 5);
}

TEST_CASE("what was spent outlives the process, less what has been paid back, whatever the wall clock does") {
  const std::vector budgets{Budget{"default", 60, minute_us}, Budget{"approvals", 10, hour_us}};
  Micros now = 1'000'000, wall = 1'700'000'000'000'000;
  RateLimits before(budgets, [&] { return now; });
  for (int i = 0; i < 10; ++i) REQUIRE(before.spend("approvals", "acme/user:anna", true).may);
  for (int i = 0; i < 60; ++i) REQUIRE(before.spend("default", std::string("\0\n \xff", 4)).may);  // a network is bytes
  const std::string text = before.owed(wall);

  const auto after = [&](Micros later) {
    now = 7;  // another process has another monotonic clock
    auto limits = std::make_unique<RateLimits>(budgets, [&] { return now; });
    REQUIRE(limits->take_over(text, wall + later));
    return limits;
  };
  auto limits = after(second_us - 1);
  CHECK_FALSE(limits->spend("approvals", "acme/user:anna", true).may);
  CHECK(limits->spend("approvals", "acme/user:anna").may);  // a stranger of that name is another
  CHECK(limits->spend("approvals", "acme/user:ben", true).may);
  CHECK_FALSE(limits->spend("default", std::string("\0\n \xff", 4)).may);
  limits = after(6 * minute_us);
  CHECK(limits->spend("approvals", "acme/user:anna", true).may);
  CHECK_FALSE(limits->spend("approvals", "acme/user:anna", true).may);
  CHECK(limits->spend("default", std::string("\0\n \xff", 4)).requests == 59);
  limits = after(-400 * day_us);
  CHECK(limits->spend("approvals", "acme/user:anna", true).more_in <= hour_us / 10);
  CHECK(after(2 * hour_us)->callers() == 0);
  CHECK(RateLimits({Budget{"default", 60, minute_us}}, [&] { return now; }).take_over(text, wall));  // a budget that is gone

  for (const std::string& damaged : {std::string(), std::string("heliograph budgets 2\nend\n"), text.substr(0, text.size() - 5), text.substr(0, text.size() / 2),
                                     "heliograph budgets 1\nknown 12x 00\nend\n" + std::string(), std::string("heliograph budgets 1\nknown 12 0g\nend\n"),
                                     std::string("heliograph budgets 1\nfriend 12 00\nend\n")}) {
    CAPTURE(damaged);
    RateLimits fresh(budgets, [&] { return now; });
    const Status done = fresh.take_over(damaged, wall);
    REQUIRE_FALSE(done);
    CHECK(done.error().code == Errc::corrupt);
    CHECK(fresh.callers() == 0);
  }
}

TEST_CASE("budgets are written while they are spent, and once more at the end") {
  const testing::TempDir scratch;
  const std::string path = scratch / "budgets";
  ManualClock clock(1'700'000'000'000'000);
  const std::vector budgets{Budget{"approvals", 10, hour_us}};
  const auto limits = [&] { return RateLimits(budgets, [&clock] { return clock.monotonic(); }); };
  const auto left = [&] {
    RateLimits fresh = limits();
    const SpentBudgets spent(path, fresh, clock);
    return fresh.spend("approvals", "anna", true).requests;
  };
  {
    RateLimits first = limits();
    const SpentBudgets spent(path, first, clock, std::chrono::milliseconds(1));
    for (int i = 0; i < 3; ++i) first.spend("approvals", "anna", true);
    const std::string wanted = first.owed(clock.now());
    REQUIRE(eventually([&] { return read_file(path, 1000) == wanted; }));
    first.spend("approvals", "anna", true);
  }
  CHECK(left() == 5);  // four before, and its own
  CHECK(left() == 4);
  CHECK(kind_of(path + ".new") == FileKind::none);
  REQUIRE(write_file(path, "rubbish"));
  CHECK(left() == 9);
  CHECK(left() == 8);
}

TEST_CASE("answers say what is left of the budget, 429 says when to come back") {
  Micros now = 0;
  auto limits = std::make_shared<RateLimits>(std::vector{Budget{"default", 2, minute_us}}, [&] { return now; });
  auto routes = test::sample_routes();
  for (Route& route : routes)
    if (route.path == "/health") route.budget = "";
  const Router router(std::move(routes), RouterOptions{.meter = [limits](const Route& route, const Request& request, const Responder& responder) { return limits->meter(route, request, responder); }});
  const auto ask = [&](const std::string& path, const std::string& peer) {
    Request request;
    request.path = path, request.peer = peer;
    request.headers = {{"Host", "localhost"}};
    return test::ask(router, std::move(request));
  };
  const auto first = ask("/api/v1/sites/all/latest", "192.0.2.1");
  CHECK(first.status == 200);
  CHECK(*header(first, "RateLimit-Policy") == "\"default\";q=2;w=60");
  CHECK(*header(first, "RateLimit") == "\"default\";r=1;t=30");
  CHECK(ask("/api/v1/sites/all/latest", "192.0.2.1").status == 200);
  const auto refused = ask("/api/v1/sites/all/latest", "192.0.2.1");
  CHECK(refused.status == 429);
  CHECK(*header(refused, "Retry-After") == "30");
  CHECK(*header(refused, "RateLimit") == "\"default\";r=0;t=30");
  CHECK(refused.body.find("\"violated-policies\":[\"default\"]") != std::string::npos);
  CHECK(ask("/health", "192.0.2.1").status == 200);  // never too often
  CHECK(header(ask("/health", "192.0.2.1"), "RateLimit") == nullptr);
  CHECK(ask("/api/v1/sites/all/latest", "192.0.2.2").status == 200);
  // Who owns a network has all its addresses.
  CHECK(ask("/api/v1/sites/all/latest", "2001:db8:0:1::1").status == 200);
  CHECK(ask("/api/v1/sites/all/latest", "2001:db8:0:1::2").status == 200);
  CHECK(ask("/api/v1/sites/all/latest", "2001:db8:0:1::3").status == 429);
  CHECK(ask("/api/v1/sites/all/latest", "2001:db8:0:2::1").status == 200);
}

TEST_CASE("an older way says since when it is one, until when it stays, and what to take instead") {
  auto routes = test::sample_routes();
  routes.front().deprecated = Deprecation{*parse_time("2027-01-01T00:00:00Z"), *parse_time("2027-08-01T12:00:00Z"), "/api/v2/health"};
  const Router router(routes);
  Request request;
  request.path = "/health";
  const auto answer = test::ask(router, request);
  CHECK(*header(answer, "Deprecation") == "@1798761600");
  CHECK(*header(answer, "Sunset") == "Sun, 01 Aug 2027 12:00:00 GMT");
  CHECK(*header(answer, "Link") == "</api/v2/health>; rel=\"successor-version\"");
}

TEST_CASE("a socket is opened by pages of ours and of listed origins, and by what is no page") {
  auto routes = test::sample_routes();
  routes.front().socket = true;
  const Router router(routes, RouterOptions{.cors_origins = {"https://app.example"}});
  const auto open = [&](Headers headers) {
    Request request;
    request.path = "/health";
    request.headers = std::move(headers);
    request.headers.emplace_back("Host", "hub.example:8080");
    return test::ask(router, std::move(request)).status;
  };
  CHECK(open({}) == 200);
  CHECK(open({{"Origin", "https://hub.example:8080"}}) == 200);
  CHECK(open({{"Origin", "https://app.example"}}) == 200);
  for (const char* foreign : {"https://evil.example", "null", "", "https://app.example.evil.example", "https://hub.example", "http://app.example"}) {
    INFO(foreign);
    CHECK(open({{"Origin", foreign}}) == 403);
  }
}

TEST_CASE("an event of the stream is one message of a socket") {
  CHECK(socket_text(*sse_frame(42, "readings", R"({"a":"b: c"})")) == R"({"id":42,"event":"readings","data":{"a":"b: c"}})");
  CHECK(socket_text("retry: 3000\nid: 7\n\n") == R"({"id":7,"event":"open"})");
  CHECK(socket_text("event: gap\ndata: {\"from\":1,\"to\":2}\n\n") == R"({"event":"gap","data":{"from":1,"to":2}})");
  CHECK_FALSE(socket_text(":\n\n"));
  CHECK_FALSE(socket_text("retry: 3000\n\n"));
}
