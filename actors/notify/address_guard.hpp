// May we connect there? The guard between what somebody typed as a URL and a socket: one strict reading of the URL, one
// look-up of the name, and a connection to exactly the addresses that were checked. The checks are pure.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "actors/notify/address.hpp"
#include "events/result.hpp"

namespace heliograph::notify {

/// What the administrator opens beyond the public internet over https. Metadata, link-local, carrier NAT, multicast and
/// reserved addresses are open to nobody.
struct AddressPolicy {
  bool allow_http = false;      // to addresses that are not of the public internet; the transport holds to that
  bool allow_lan = false;       // RFC 1918, unique-local, names such as "nas" and "nas.local"
  bool allow_loopback = false;  // for tests, and a mail relay on this machine
};

struct Url {
  bool tls = true;
  std::string host;  // lower case; an IPv6 address without brackets
  std::uint16_t port = 0;
  std::string path;  // with the query; begins with '/'
  /// As it is given to the client: rebuilt from what was understood, never the text that came in.
  std::string text() const;
};

/// Reads "https://host[:port][/path][?query]". Refuses user info, fragments, other schemes, odd spellings of addresses
/// (decimal, octal, hexadecimal, short), escapes in the host, ports where no web service listens, and hosts that
/// check_host refuses: all that can be said when a URL is saved, without asking the network. Errc::invalid or
/// ::refused.
Result<Url> check_url(std::string_view text, const AddressPolicy& policy);

/// A name that may be looked up, or a literal address that may be connected to.
Status check_host(std::string_view host, const AddressPolicy& policy);
/// Every address that a name stands for: one that is not allowed refuses them all, for nobody knows which will be used.
Status check_addresses(std::string_view host, std::span<const Address> addresses, const AddressPolicy& policy);

/// From a name to addresses. Blocks.
using Resolve = std::function<Result<std::vector<Address>>(const std::string& host)>;
Result<std::vector<Address>> resolve_by_system(const std::string& host);

/// When something is sent: looks the name up once and checks what came. Literal addresses are not looked up.
Result<std::vector<Address>> checked_addresses(const std::string& host, const AddressPolicy& policy,
                                               const Resolve& resolve);

}  // namespace heliograph::notify
