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
      if (expected == segments[i]) continue;
      if (!is_parameter(expected) || segments[i].empty()) break;
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

std::string Router::allowed(const Path& path) const {
  std::string list;
  for (auto method : {Method::get, Method::head, Method::post, Method::put, Method::del})
    if (route_for(path, method)) list += std::string(name(method)) + ", ";
  return list + "OPTIONS";
}

/// False for a page of another origin that wants to change something: whoever visits a foreign page must not thereby
/// switch a device. Listed origins get the headers that let them read the answer.
bool Router::cross_origin_ok(const Request& request, const Responder& responder) const {
  const auto origin = request.header("Origin");
  if (!origin) return true;
  if (!options_.cors_origins.empty()) responder.add_header("Vary", "Origin");
  const auto& listed = options_.cors_origins;
  if (std::find(listed.begin(), listed.end(), *origin) != listed.end()) {
    responder.add_header("Access-Control-Allow-Origin", std::string(*origin));
    return true;
  }
  return is_safe(request.method) || same_origin(*origin, request.header("Host").value_or(""));
}

void Router::answer_options(const Request& request, const Path& path, const Responder& responder) const {
  Response response{204, {{"Allow", allowed(path)}}, {}, {}};
  const auto origin = request.header("Origin");
  const auto& listed = options_.cors_origins;
  if (origin && std::find(listed.begin(), listed.end(), *origin) != listed.end()) {
    response.headers.emplace_back("Access-Control-Allow-Methods", allowed(path));
    response.headers.emplace_back("Access-Control-Allow-Headers",
                                  "Authorization, Content-Type, Idempotency-Key, If-Match, Last-Event-ID");
    response.headers.emplace_back("Access-Control-Max-Age", "600");
  }
  responder.send(std::move(response));
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
  if (!origin_ok && !route->any_origin) {
    responder.send(problem_response(403, "foreign-origin",
                                    "A page of another origin may not do this: list it as an allowed origin."));
    return;
  }
  if (options_.read_only && route->mutates) {
    responder.send(problem_response(
        403, "read-only",
        "This instance only shows: nothing can be changed here. Run your own with `heliograph serve`."));
    return;
  }
  std::optional<Problem> problem;
  if (options_.admit) {
    problem = options_.admit(*route, request);
    responder.exchange().admitted(request);
  }
  if (!problem) problem = check_parameters(*route, request);
  if (!problem) problem = read_idempotency_key(*route, request);
  if (!problem) problem = check_body(*route, request);
  if (problem) {
    responder.send(problem_response(*problem));
    return;
  }
  route->handler(std::move(request), std::move(responder));
}

}  // namespace heliograph::http
