// The part of the host's configuration that says who reaches the door: where it listens, TLS, proxies, names, origins. Values only; no
// socket is opened here.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "actors/core/field_reader.hpp"

namespace heliograph {

struct TlsFiles {
  std::string certificate, key;  // paths of PEM files
};

struct ServerConfig {
  std::string listen = "127.0.0.1:8080";
  std::optional<TlsFiles> tls;
  bool behind_proxy = false;                 // a proxy on the way ends TLS
  std::vector<std::string> trusted_proxies;  // addresses and CIDR ranges whose X-Forwarded-* is believed
  std::vector<std::string> allowed_hosts;    // names in Host besides our own; lower case, no port
  std::vector<std::string> cors_origins;     // exact "https://app.example.org" or "http://nas:8080"
  std::string public_url;                    // where people find us, without a slash at its end; empty = not known
  unsigned requests_per_minute = 6000;       // of one person, key or address; 0 = no end
  unsigned connections = 1024;               // at once; streams count
  bool allow_root = false;                   // to serve as root
  bool public_metrics = false;               // /metrics without a login
};

/// Reads listen, [tls], [server] and [metrics] out of the whole document; what cannot be meant is a problem with its pointer. Another address
/// than this machine's own needs TLS, or a proxy that has it.
ServerConfig read_server(FieldReader& root, std::vector<DocumentProblem>& problems);

}  // namespace heliograph
