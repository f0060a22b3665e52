// The route table: one row says what a route is called, takes and answers. The same rows dispatch requests, check
// parameters before a handler sees them, and make the OpenAPI document. It knows no room of Heliograph.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "api/http/problem.hpp"
#include "api/http/server.hpp"
#include "events/time.hpp"

namespace heliograph::http {

enum class In : std::uint8_t { path, query, header };
enum class Kind : std::uint8_t { string, integer, number, boolean, time, duration, id };

struct Parameter {
  std::string name;
  In in = In::query;
  Kind kind = Kind::string;
  bool required = false;  // path parameters always are
  std::string description = {};
  std::optional<std::int64_t> minimum = {}, maximum = {};  // of a number; for a string, of its length in bytes
  std::vector<std::string> one_of = {};
  bool repeated = false;  // may be sent more than once
  std::string example = {};
};

struct RequestBody {
  std::vector<std::string> content_types;
  std::string schema = {};  // name of a component, or a JSON Schema when it begins with '{'
  std::string description = {};
  bool required = true;
  std::size_t max_bytes = 256 * 1024;
};

struct Reply {
  int status = 200;
  std::string description;
  std::string schema = {};  // as in RequestBody; empty = no body described
  std::string content_type = "application/json";
  std::vector<std::string> headers = {};  // of those that the document describes (openapi.cpp)
};

/// Who may use a route that says so: everybody.
inline constexpr std::string_view everybody = "everybody";

/// An older way that stays for a while: since when it is one (RFC 9745), until when at least (RFC 8594), and what to take instead.
struct Deprecation {
  Micros since = 0, until = 0;
  std::string instead;  // a path
};

struct Route {
  Method method = Method::get;
  std::string path;  // "/api/v1/sites/{site}/latest"
  std::string operation_id;
  std::string summary;
  std::string tag = {};
  std::string needs = {};  // a permission as the owner of the routes names it, or `everybody`
  bool fresh = false;      // who asks has just proved again who they are
  std::string description = {};
  std::vector<Parameter> parameters = {};
  std::optional<RequestBody> body = {};
  std::vector<Reply> replies = {};
  bool mutates = false;
  bool needs_idempotency_key = false;
  bool urgent = false;     // taken on the reserved connections, too (Limits::reserved), and never refused for its form
  bool listed = true;      // in the OpenAPI document; pages and assets are not
  bool any_query = false;  // takes query parameters that are not declared
  bool any_origin = false;  // the proof of who asks is in the request: pages without referrer name no origin
  bool socket = false;      // becomes a WebSocket, which only pages of ours may open: browsers ask nobody first
  std::string budget = "default";  // of how often somebody may ask; empty: as often as they like
  std::optional<Deprecation> deprecated = {};
  bool file = false;    // answered by a File: conditions and ranges hold
  bool secret = false;  // its answers carry secrets beside what was sent: their length must not tell of them, so they are never packed
  Handler handler = {};
};

/// Lets a request in, and says who it is from (Request::caller), or says why not. Path parameters are known.
using Admit = std::function<std::optional<Problem>(const Route&, Request&)>;

/// Counts a request against the route's budget, says what is left of it, and refuses who has spent it. After `Admit`.
using Meter = std::function<std::optional<Problem>(const Route&, const Request&, const Responder&)>;

struct RouterOptions {
  bool read_only = false;                      // mutating routes answer 403
  std::vector<std::string> cors_origins = {};  // "https://my.example"; exact; empty = CORS off
  Admit admit = {};                            // then every route says what it needs
  std::function<bool(const Request& head)> knows = {};  // whether it says who asks, and that holds
  Meter meter = {};
  std::shared_ptr<RequestStats> stats = {};    // that of the server: the routes become its rows
};

class Router {
 public:
  /// Requires: every route has a handler and an operation id of its own, and no two share method and path.
  explicit Router(std::vector<Route> routes, RouterOptions options = {});

  /// Answers 404, 405, 400, 403 and 415 itself; what reaches a handler fits its row.
  void dispatch(Request&& request, Responder responder) const;
  /// Whether the request goes to an urgent route. Nothing is checked yet.
  bool is_urgent(const Request& request) const;
  /// How large a body the request's route takes, and from whom.
  BodyRule body_rule(const Request& head) const;
  const std::vector<Route>& routes() const { return routes_; }
  const RouterOptions& options() const { return options_; }

 private:
  struct Path {
    std::vector<std::string> segments;  // "{site}" where one is a parameter
    std::vector<std::size_t> routes;    // one for each method
  };
  const Path* find(std::string_view path, Pairs& params) const;
  const Route* route_for(const Path& path, Method method) const;
  std::string allowed(const Path& path) const;
  bool is_listed(std::string_view origin) const;
  bool cross_origin_ok(const Request& request, const Responder& responder) const;
  std::optional<Problem> refused(const Route& route, bool origin_ok, Request& request, const Responder& responder) const;
  void answer_options(const Request& request, const Path& path, const Responder& responder) const;

  std::vector<Route> routes_;
  RouterOptions options_;
  std::size_t first_row_ = 1;
  std::vector<Path> paths_;
  std::unordered_map<std::string, std::size_t> plain_;  // paths without parameters
};

/// The router as a server's handler.
inline Handler handler_of(std::shared_ptr<const Router> router) {
  return [router = std::move(router)](Request&& request, Responder responder) {
    router->dispatch(std::move(request), std::move(responder));
  };
}

}  // namespace heliograph::http
