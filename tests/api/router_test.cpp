// The route table as it dispatches: what fits a row reaches its handler, everything else gets the right refusal.
#include "api/http/router.hpp"

#include <catch2/catch.hpp>
#include <optional>

#include "tests/api/route_samples.hpp"

namespace heliograph::http {
namespace {

using test::ask;

Request request(Method method, const std::string& path, Pairs query = {}, Headers headers = {}, std::string body = {}) {
  Request r;
  r.method = method;
  r.path = path;
  r.query = std::move(query);
  r.headers = std::move(headers);
  r.headers.emplace_back("Host", "localhost:8080");
  r.body = std::move(body);
  return r;
}

const Headers json = {{"Content-Type", "application/json"}};
Headers with_key(Headers headers, const std::string& key) {
  headers.emplace_back("Idempotency-Key", key);
  return headers;
}

}  // namespace

TEST_CASE("a fitting request reaches its handler with its parameters") {
  const Router router(test::sample_routes());
  CHECK(ask(router, request(Method::get, "/health")).body == "health");
  CHECK(ask(router, request(Method::get, "/api/v1/sites/home/latest", {{"limit", "5"}})).body == "latest home");
  CHECK(ask(router, request(Method::get, "/api/v1/sites/all/latest")).body == "all");  // a plain path wins
  const auto made =
      ask(router, request(Method::post, "/api/v1/sites/home/commands", {}, with_key(json, "\"k-1\""), "{}"));
  CHECK(made.status == 202);
  CHECK(made.body == "command home k-1");
}

TEST_CASE("a value that looks like the parameter's own place is a value") {
  const Router router(test::sample_routes());
  auto asked = request(Method::get, "/api/v1/sites/{site}/latest");
  CHECK(ask(router, asked).status == 400);  // no id, and no end of the process
}

TEST_CASE("what is not there is 404, what cannot be done there is 405 with Allow") {
  const Router router(test::sample_routes());
  for (const auto* path : {"/nothing", "/health/", "//health", "/api/v1/sites//latest", "/api/v1/sites/home", "/"})
    CHECK(ask(router, request(Method::get, path)).status == 404);
  const auto wrong = ask(router, request(Method::del, "/health"));
  CHECK(wrong.status == 405);
  CHECK(*find_header(wrong.headers, "Allow") == "GET, HEAD, OPTIONS");
  const auto options = ask(router, request(Method::options, "/api/v1/sites/home/commands"));
  CHECK(options.status == 204);
  CHECK(*find_header(options.headers, "Allow") == "POST, OPTIONS");
  CHECK(ask(router, request(Method::options, "*")).status == 204);
  CHECK(ask(router, request(Method::head, "/health")).body == "health");  // the server leaves the body out
}

TEST_CASE("parameters are checked against the row, with a pointer") {
  const Router router(test::sample_routes());
  const auto latest = [&](Pairs query) {
    return ask(router, request(Method::get, "/api/v1/sites/home/latest", std::move(query)));
  };
  struct Case {
    Pairs query;
    const char* pointer;
  };
  const std::vector<Case> bad = {
      {{{"limit", "0"}}, "query/limit"},
      {{{"limit", "501"}}, "query/limit"},
      {{{"limit", "x"}}, "query/limit"},
      {{{"limit", "5 "}}, "query/limit"},
      {{{"limit", ""}}, "query/limit"},
      {{{"limit", "99999999999999999999"}}, "query/limit"},
      {{{"limit", "5"}, {"limit", "6"}}, "query/limit"},
      {{{"limt", "5"}}, "query/limt"},
      {{{"from", "2024-01-01T00:00:00"}}, "query/from"},
      {{{"agg", "median"}}, "query/agg"},
      {{{"raw", "yes"}}, "query/raw"},
      {{{"factor", "nan"}}, "query/factor"},
      {{{"factor", "2"}}, "query/factor"},
  };
  for (const auto& [query, pointer] : bad) {
    const auto answer = latest(query);
    INFO(query[0].first << "=" << query[0].second);
    CHECK(answer.status == 400);
    CHECK(answer.body.find("\"pointer\":\"" + std::string(pointer) + "\"") != std::string::npos);
  }
  CHECK(latest({{"from", "2024-01-01T00:00:00Z"}, {"agg", "mean"}, {"raw", "true"}, {"factor", "0.5"}}).status == 200);
  CHECK(latest({{"metric", "pv_w"}, {"metric", "load_w"}}).status == 200);
  CHECK(ask(router, request(Method::get, "/api/v1/sites/HOME/latest")).status == 400);
}

TEST_CASE("bodies must be of a declared type, in UTF-8, and not too large") {
  const Router router(test::sample_routes());
  const auto post = [&](Headers headers, std::string body) {
    return ask(router, request(Method::post, "/api/v1/sites/home/commands", {}, with_key(std::move(headers), "k"),
                               std::move(body)))
        .status;
  };
  CHECK(post(json, "{}") == 202);
  CHECK(post({{"Content-Type", "Application/JSON; charset=UTF-8"}}, "{}") == 202);
  CHECK(post({{"Content-Type", "application/json; charset=utf-16"}}, "{}") == 415);
  CHECK(post({{"Content-Type", "text/plain"}}, "{}") == 415);
  CHECK(post({}, "{}") == 415);
  CHECK(post({{"Content-Type", "application/json"}, {"Content-Encoding", "gzip"}}, "{}") == 415);
  CHECK(post(json, "") == 400);
  CHECK(post(json, std::string(101, ' ')) == 413);
  CHECK(ask(router, request(Method::get, "/health", {}, {}, "body")).status == 400);
}

TEST_CASE("an idempotency key is required where the row says so, quoted or bare") {
  const Router router(test::sample_routes());
  const auto post = [&](Headers headers) {
    return ask(router, request(Method::post, "/api/v1/sites/home/commands", {}, std::move(headers), "{}"));
  };
  const auto missing = post(json);
  CHECK(missing.status == 400);
  CHECK(missing.body.find("/problems/idempotency-key-required") != std::string::npos);
  CHECK(find_header(missing.headers, "Link") != nullptr);
  CHECK(post(with_key(json, "bare-1")).body == "command home bare-1");
  for (const auto* bad : {"", "\"\"", "\"a", "a b", "a\"b"}) CHECK(post(with_key(json, bad)).status == 400);
  CHECK(post(with_key(json, std::string(129, 'k'))).status == 400);
  CHECK(post(with_key(with_key(json, "a"), "b")).status == 400);
}

TEST_CASE("a read-only instance changes nothing and still shows everything") {
  const Router router(test::sample_routes(), {true, {}});
  const auto refused = ask(router, request(Method::post, "/api/v1/sites/home/commands", {}, with_key(json, "k"), "{}"));
  CHECK(refused.status == 403);
  CHECK(refused.body.find("/problems/read-only") != std::string::npos);
  CHECK(ask(router, request(Method::get, "/health")).status == 200);
}

TEST_CASE("pages of other origins read nothing and change nothing unless they are listed") {
  const auto from = [](const Router& router, const std::string& origin, Method method) {
    auto headers = with_key(json, "k");
    headers.emplace_back("Origin", origin);
    const bool post = method == Method::post;
    return ask(router,
               request(method, post ? "/api/v1/sites/home/commands" : "/health", {}, headers, post ? "{}" : ""));
  };
  const Router closed(test::sample_routes());
  CHECK(from(closed, "http://localhost:8080", Method::post).status == 202);
  for (const auto* foreign : {"null", "http://evil.example", "http://localhost:8080.evil.example",
                              "http://localhost:8081", "localhost:8080"}) {
    INFO(foreign);
    CHECK(from(closed, foreign, Method::post).status == 403);
    CHECK(find_header(from(closed, foreign, Method::get).headers, "Access-Control-Allow-Origin") == nullptr);
  }
  const Router open(test::sample_routes(), {false, {"https://my.example"}});
  CHECK(from(open, "https://my.example", Method::post).status == 202);
  CHECK(*find_header(from(open, "https://my.example", Method::get).headers, "Access-Control-Allow-Origin") ==
        "https://my.example");
  CHECK(find_header(from(open, "https://my.example", Method::options).headers, "Access-Control-Allow-Methods") !=
        nullptr);
  for (const auto* foreign : {"https://my.example.evil", "http://my.example", "https://my.example:444"})
    CHECK(find_header(from(open, foreign, Method::get).headers, "Access-Control-Allow-Origin") == nullptr);
}

}  // namespace heliograph::http
