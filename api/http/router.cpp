#include "api/http/router.hpp"

#include <algorithm>
#include <set>

#include "api/http/checks.hpp"
#include "api/http/problem.hpp"
#include "api/http/request_stats.hpp"
#include "api/http/strict.hpp"

namespace heliograph::http {
namespace {

std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> segments;
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash
    segments.push_back(path.substr(0, path.find('/')));
    path.remove_prefix(segments.back().size());
  }
  return segments;
}

bool is_parameter(std::string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

/// "http://host[:port]" of the page that asks is our own when it names the Host that was asked.
bool same_origin(std::string_view origin, std::string_view host) {
  const auto scheme = origin.find("://");
  return scheme != std::string_view::npos && same_ignoring_case(origin.substr(scheme + 3), host);
}

bool is_safe(Method method) { return method == Method::get || method == Method::head || method == Method::options; }

/// An HTTP date (RFC 9110, section 5.6.7).
std::string http_date(Micros at) {
  constexpr const char* days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
  constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const Civil c = to_civil(at);
  const auto two = [](int number) { return (number < 10 ? "0" : "") + std::to_string(number); };
  return std::string(days[c.weekday - 1]) + ", " + two(c.day) + " " + months[c.month - 1] + " " + std::to_string(c.year) + " " + two(c.hour) + ":" + two(c.minute) + ":" + two(c.second) + " GMT";
}

void say_deprecated(const Deprecation& older, const Responder& responder) {
  responder.add_header("Deprecation", "@" + std::to_string(older.since / second_us));
  responder.add_header("Sunset", http_date(older.until));
  responder.add_header("Link", "<" + older.instead + ">; rel=\"successor-version\"");
}

/// What the path names by an id. Everything else in it may be a secret: a link in a mail is one.
Pairs ids_of(const Route& route, const Request& request) {
  Pairs ids;
  for (const auto& [key, value] : request.path_params)
    for (const Parameter& p : route.parameters)
      if (p.in == In::path && p.name == key && (p.kind == Kind::id || p.kind == Kind::integer)) ids.emplace_back(key, value.substr(0, 64));
  return ids;
}

void check_row(const Route& route, std::set<std::string>& seen) {
  const auto* where = route.path.c_str();
  ensure(!route.path.empty() && route.path.front() == '/', "a route's path begins with '/'", where);
  ensure(static_cast<bool>(route.handler), "a route needs a handler", where);
  ensure(!route.operation_id.empty() && seen.insert("id " + route.operation_id).second, "operation ids are unique",
         where);
  ensure(seen.insert(std::string(name(route.method)) + " " + route.path).second, "two routes share a path", where);
  for (const auto& p : route.parameters)
    ensure(p.in != In::path || route.path.find("{" + p.name + "}") != std::string::npos, "no such part in the path",
           where);
  ensure(!route.deprecated || route.deprecated->until - route.deprecated->since >= 182 * day_us, "an older way stays for six months at least", where);
  for (const auto segment : split(route.path)) {
    if (!is_parameter(segment)) continue;
    const auto key = segment.substr(1, segment.size() - 2);
    const bool declared = std::any_of(route.parameters.begin(), route.parameters.end(),
                                      [&](const auto& p) { return p.in == In::path && p.name == key; });
    ensure(declared, "a part of the path is not declared as a parameter", where);
  }
}

}  // namespace

Router::Router(std::vector<Route> routes, RouterOptions options)
    : routes_(std::move(routes)), options_(std::move(options)) {
  std::set<std::string> seen;
  std::unordered_map<std::string, std::size_t> known;
  for (std::size_t i = 0; i < routes_.size(); ++i) {
    check_row(routes_[i], seen);
    ensure(!options_.admit || !routes_[i].needs.empty(), "every route says who may use it", routes_[i].path.c_str());
    const auto [it, is_new] = known.try_emplace(routes_[i].path, paths_.size());
    if (is_new) {
      auto& path = paths_.emplace_back();
      bool plain = true;
      for (const auto segment : split(routes_[i].path)) {
        path.segments.emplace_back(segment);
        plain = plain && !is_parameter(segment);
      }
      if (plain) plain_.emplace(routes_[i].path, it->second);
    }
    paths_[it->second].routes.push_back(i);
    if (!options_.stats) continue;
    const std::size_t row = options_.stats->add(std::string(name(routes_[i].method)), routes_[i].path);
    if (i == 0) first_row_ = row;
  }
}

const Router::Path* Router::find(std::string_view path, Pairs& params) const {
  if (const auto plain = plain_.find(std::string(path)); plain != plain_.end()) return &paths_[plain->second];
  const auto segments = split(path);
  for (const auto& candidate : paths_) {
    if (candidate.segments.size() != segments.size()) continue;
    params.clear();
    std::size_t i = 0;
    for (; i < segments.size(); ++i) {
      const auto& expected = candidate.segments[i];
      if (!is_parameter(expected)) {
        if (expected != segments[i]) break;
        continue;
      }
      if (segments[i].empty()) break;  // what is asked for may look like a parameter ("{site}"): it is a value all the same
      params.emplace_back(expected.substr(1, expected.size() - 2), segments[i]);
    }
    if (i == segments.size()) return &candidate;
  }
  params.clear();
  return nullptr;
}

const Route* Router::route_for(const Path& path, Method method) const {
  for (const auto i : path.routes)
    if (routes_[i].method == method) return &routes_[i];
  if (method == Method::head) return route_for(path, Method::get);
  return nullptr;
}

bool Router::is_urgent(const Request& request) const {
  Pairs ignored;
  const auto* path = find(request.path, ignored);
  const auto* route = path ? route_for(*path, request.method) : nullptr;
  return route != nullptr && route->urgent;
}

BodyRule Router::body_rule(const Request& head) const {
  Pairs ignored;
  const auto* path = find(head.path, ignored);
  const auto* route = path ? route_for(*path, head.method) : nullptr;
  if (route == nullptr || !route->body) return {0};
  constexpr std::size_t from_everybody = 64 * 1024;
  if (route->needs == everybody) return {std::min(route->body->max_bytes, from_everybody)};
  const bool let_in = !options_.knows || options_.knows(head);
  return {route->urgent ? Limits().body_bytes : route->body->max_bytes, let_in};  // what is urgent is not refused for its form
}

std::string Router::allowed(const Path& path) const {
  std::string list;
  for (auto method : {Method::get, Method::head, Method::post, Method::put, Method::del})
    if (route_for(path, method)) list += std::string(name(method)) + ", ";
  return list + "OPTIONS";
}

bool Router::is_listed(std::string_view origin) const {
  return std::find(options_.cors_origins.begin(), options_.cors_origins.end(), origin) != options_.cors_origins.end();
}

/// False for a page of another origin that wants to change something: whoever visits a foreign page must not thereby
/// switch a device. Listed origins get the headers that let them read the answer.
bool Router::cross_origin_ok(const Request& request, const Responder& responder) const {
  const auto origin = request.header("Origin");
  if (!origin) return true;
  if (!options_.cors_origins.empty()) responder.add_header("Vary", "Origin");
  if (is_listed(*origin)) {
    responder.add_header("Access-Control-Allow-Origin", std::string(*origin));
    responder.add_header("Access-Control-Expose-Headers", "ETag, Link, Retry-After, RateLimit, RateLimit-Policy, Deprecation, Sunset, WWW-Authenticate, X-Request-Id");
    return true;
  }
  return is_safe(request.method) || same_origin(*origin, request.header("Host").value_or(""));
}

void Router::answer_options(const Request& request, const Path& path, const Responder& responder) const {
  Response response{204, {{"Allow", allowed(path)}}, {}, {}};
  const auto origin = request.header("Origin");
  if (origin && is_listed(*origin)) {
    response.headers.emplace_back("Access-Control-Allow-Methods", allowed(path));
    response.headers.emplace_back("Access-Control-Allow-Headers",
                                  "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, traceparent, X-API-Key");
    response.headers.emplace_back("Access-Control-Max-Age", "600");
  }
  responder.send(std::move(response));
}

/// Why what fits a row goes no further; the answer's headers that the row asks for are there by then.
std::optional<Problem> Router::refused(const Route& route, bool origin_ok, Request& request, const Responder& responder) const {
  const bool foreign_socket = route.socket && request.header("Origin") && !is_listed(*request.header("Origin")) && !same_origin(*request.header("Origin"), request.header("Host").value_or(""));
  if ((!origin_ok && !route.any_origin) || foreign_socket)
    return Problem{403, "foreign-origin", {}, "A page of another origin may not do this: list it as an allowed origin."};
  if (route.deprecated) say_deprecated(*route.deprecated, responder);
  if (options_.read_only && route.mutates)
    return Problem{403, "read-only", {}, "This instance only shows: nothing can be changed here. Run your own with `heliograph serve`."};
  std::optional<Problem> problem;
  if (options_.admit) {
    problem = options_.admit(route, request);
    responder.exchange().admitted(request);
  }
  if (options_.meter)  // who is not let in spends, too
    if (auto spent = options_.meter(route, request, responder)) return spent;
  if (route.urgent) {  // is not refused for its form; what its path names must be there
    request.query.clear();
    return problem ? problem : check_parameters(route, request);
  }
  if (!problem) problem = check_parameters(route, request);
  if (!problem) problem = read_idempotency_key(route, request);
  if (!problem) problem = check_body(route, request);
  return problem;
}

void Router::dispatch(Request&& request, Responder responder) const {
  const bool origin_ok = cross_origin_ok(request, responder);
  if (request.path == "*") {  // OPTIONS of the server as a whole
    responder.send(Response{204, {{"Allow", "GET, HEAD, POST, PUT, DELETE, OPTIONS"}}, {}, {}});
    return;
  }
  const auto* path = find(request.path, request.path_params);
  if (!path) {
    responder.send(
        problem_response(404, "not-found", "There is nothing at this path: see /openapi.json for what there is."));
    return;
  }
  const auto* route = route_for(*path, request.method);
  if (!route && request.method == Method::options) return answer_options(request, *path, responder);
  if (!route) {
    Problem problem{405, "method-not-allowed", {}, "This path answers " + allowed(*path) + "."};
    problem.headers.emplace_back("Allow", allowed(*path));
    responder.send(problem_response(problem));
    return;
  }
  responder.exchange().routed(first_row_ + static_cast<std::size_t>(route - routes_.data()), route->path, ids_of(*route, request));
  if (const auto problem = refused(*route, origin_ok, request, responder)) {
    responder.send(problem_response(*problem));
    return;
  }
  if (!route->secret) responder.may_pack_for(request);
  route->handler(std::move(request), std::move(responder));
}

}  // namespace heliograph::http
