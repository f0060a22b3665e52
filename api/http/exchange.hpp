// One request from its arrival to its answer: its id, the trace that it belongs to, and what is counted and logged of it. Of what was
// sent it keeps what is no secret: the path only where no route knows it, ids of the path, and never a query or a body.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/http/types.hpp"

namespace heliograph::http {

class RequestStats;

/// The trace id of a W3C `traceparent`; nothing when any part of it is not as it has to be.
std::optional<std::string> parse_traceparent(std::string_view header);

class Exchange {
 public:
  /// Of a request that was read. `stats` may be null.
  Exchange(const Request& request, std::shared_ptr<RequestStats> stats);
  /// Of bytes that were no request, or of none that anybody reads.
  explicit Exchange(std::shared_ptr<RequestStats> stats = nullptr);
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  // Never change; any thread.
  const std::string& id() const { return id_; }  // a UUID: X-Request-Id, and `instance` of a problem
  /// 32 hex digits: those that were sent, or the id's own.
  const std::string& trace() const { return trace_; }
  /// Of a trace that began elsewhere; empty when none was sent, or one that is none.
  std::string sent_trace() const { return traced_ ? trace_ : std::string(); }

  // The rest is of the connection's thread.
  /// The router knows the row: from now on the request is under way there.
  void routed(std::size_t row, std::string_view route, Pairs ids);
  /// Who asks, and from where, as the door has found out.
  void admitted(const Request& request);
  /// Once: counts it.
  void answered(int status, std::size_t body_bytes);

  std::string_view method() const { return method_; }
  std::string_view route() const { return route_; }  // the template; empty = there is none
  const std::string& path() const { return path_; }  // only without a route
  const Pairs& ids() const { return ids_; }          // of the path
  const std::string& who() const { return who_; }    // empty = nobody known
  const std::string& peer() const { return peer_; }
  const std::string& agent() const { return agent_; }
  int status() const { return status_; }
  std::size_t body_bytes() const { return body_bytes_; }
  std::chrono::microseconds took() const { return took_; }

 private:
  void name_it();

  std::shared_ptr<RequestStats> stats_;
  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  std::string id_, trace_;
  bool traced_ = false;
  std::size_t row_ = 0;
  std::string_view method_ = "_OTHER", route_;
  std::string path_, who_, peer_, agent_;
  Pairs ids_;
  int status_ = 0;
  std::size_t body_bytes_ = 0;
  std::chrono::microseconds took_{0};
};

}  // namespace heliograph::http
