// The door as one object: routes, stream and metrics over one engine, on one address.
#pragma once

#include <memory>
#include <string>

#include "api/service.hpp"

namespace heliograph::api {

class WebServer {
 public:
  /// The engine outlives it. Errors: invalid address, busy port.
  static Result<std::unique_ptr<WebServer>> start(Engine& engine, const std::string& listen, Service service);
  ~WebServer();
  std::uint16_t port() const;
  /// Reads the certificate files again. Error: the new pair cannot be used, and the old one stays.
  Status reload_certificate();
  /// What the first owner needs from another machine.
  const std::string& setup_code() const;
  /// Accepts no more, and waits for dry runs under way: they read the store.
  void stop();

 private:
  struct Parts;
  explicit WebServer(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

/// The OpenAPI document of this build, for tests and `--openapi`.
std::string openapi(const std::vector<http::Route>& routes, const std::string& version);

}  // namespace heliograph::api
