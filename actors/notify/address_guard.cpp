#include "actors/notify/address_guard.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace heliograph::notify {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lowered(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), lower);
  return out;
}

/// Below 1024 the web has two; above, these belong to services that would take a request for something else.
bool is_web_port(std::uint16_t port) {
  static constexpr std::uint16_t others[] = {
      1080, 1433, 1521, 1719, 1720, 1723,  1883,  2049,  2181,  2375,  2376,  2379,  2380, 3128, 3306,
      3389, 3659, 4045, 4190, 4222, 4369,  5060,  5061,  5432,  5672,  5900,  5984,  5985, 5986, 6000,
      6379, 6443, 6566, 6660, 6661, 6662,  6663,  6664,  6665,  6666,  6667,  6668,  6669, 6679, 6697,
      8883, 9042, 9092, 9200, 9300, 10080, 10250, 10255, 11211, 15672, 27017, 27018,
  };
  if (port < 1024) return port == 443 || port == 80;
  return std::find(std::begin(others), std::end(others), port) == std::end(others);
}

Result<std::uint16_t> parse_port(std::string_view text, bool tls) {
  if (text.empty()) return static_cast<std::uint16_t>(tls ? 443 : 80);
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port == 0 || text[0] == '0')
    return fail(Errc::invalid, "The port in the URL is not a number from 1 to 65535.");
  if (!is_web_port(port))
    return fail(Errc::refused,
                "Port " + std::to_string(port) + " is not one of a web service: use 443 or one above 1023.");
  return port;
}

/// Browsers and C libraries read "0x7f.1", "2130706433" or "0177.0.0.1" as addresses: whatever ends in a number is one.
bool ends_in_number(std::string_view host) {
  const std::string_view last = host.substr(host.rfind('.') + 1);  // npos + 1 is 0: the whole
  if (last.empty()) return false;
  if (std::all_of(last.begin(), last.end(), is_digit)) return true;
  return last.size() >= 2 && last[0] == '0' && last[1] == 'x' &&
         last.find_first_not_of("0123456789abcdef", 2) == std::string_view::npos;
}

bool is_host_name(std::string_view host) {
  if (host.empty() || host.size() > 253) return false;
  std::size_t label = 0;
  for (std::size_t i = 0; i <= host.size(); ++i) {
    if (i == host.size() || host[i] == '.') {
      if (label == 0 || label > 63 || host[i - 1] == '-' || host[i - label] == '-') return false;
      label = 0;
      continue;
    }
    const char c = host[i];
    if (!is_digit(c) && !(c >= 'a' && c <= 'z') && c != '-') return false;
    ++label;
  }
  return true;
}

bool is_under(std::string_view host, std::string_view domain) {
  return host == domain ||
         (host.size() > domain.size() && host.ends_with(domain) && host[host.size() - domain.size() - 1] == '.');
}

Status check_place(std::string_view host, const Address& address, const AddressPolicy& policy) {
  const Place place = place_of(address);
  if (place == Place::open || (place == Place::lan && policy.allow_lan) ||
      (place == Place::loopback && policy.allow_loopback))
    return {};
  const std::string shown = to_string(address);
  const std::string what = shown == host ? shown : std::string(host) + " stands for " + shown + ", which";
  if (place == Place::lan)
    return fail(Errc::refused, what + " is an address of a private network: an administrator may allow these.");
  return fail(Errc::refused, what + " is not an address of the public internet: nothing is sent there.");
}

Result<std::string_view> take_scheme(std::string_view text, bool& tls, const AddressPolicy& policy) {
  const auto colon = text.find("://");
  const std::string scheme = colon == std::string_view::npos ? "" : lowered(text.substr(0, colon));
  if (scheme != "https" && scheme != "http") return fail(Errc::invalid, "The URL must begin with https://.");
  tls = scheme == "https";
  if (!tls && !policy.allow_http)
    return fail(Errc::refused, "The URL must begin with https://: http can be read and changed on the way.");
  return text.substr(colon + 3);
}

/// "host", "host:port", "[v6]", "[v6]:port" into the URL.
Status take_authority(std::string_view authority, Url& url) {
  if (authority.find('@') != std::string_view::npos)
    return fail(Errc::invalid, "The URL names a user: credentials do not belong into a URL.");
  if (authority.find('%') != std::string_view::npos)
    return fail(Errc::invalid, "The host in the URL is percent-encoded: write it plainly.");
  const bool bracket = authority.starts_with('[');
  const auto end = bracket ? authority.find(']') : std::min(authority.find(':'), authority.size());
  if (end == std::string_view::npos) return fail(Errc::invalid, "The IPv6 address in the URL lacks its \"]\".");
  url.host = lowered(bracket ? authority.substr(1, end - 1) : authority.substr(0, end));
  if (bracket && (url.host.find(':') == std::string::npos || !parse_address(url.host)))
    return fail(Errc::invalid, "Between \"[\" and \"]\" there must be an IPv6 address without a zone.");
  std::string_view port = authority.substr(end + (bracket ? 1 : 0));
  if (!port.empty() && (port[0] != ':' || port.size() == 1))
    return fail(Errc::invalid, "After the host only \":\" and a port may follow.");
  const auto number = parse_port(port.empty() ? port : port.substr(1), url.tls);
  if (!number) return fail(number.error());
  url.port = *number;
  return {};
}

}  // namespace

std::string Url::text() const {
  const bool v6 = host.find(':') != std::string::npos;
  return std::string(tls ? "https://" : "http://") + (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port) + path;
}

Result<Url> check_url(std::string_view text, const AddressPolicy& policy) {
  if (text.empty() || text.size() > 2048) return fail(Errc::invalid, "A URL has 1 to 2048 characters.");
  static constexpr std::string_view never = "\"<>\\^`{|}#";
  for (const char c : text)
    if (c <= ' ' || c >= 0x7F || never.find(c) != std::string_view::npos)
      return fail(Errc::invalid, "The URL contains a character that must be percent-encoded, or a fragment.");
  Url url;
  const auto rest = take_scheme(text, url.tls, policy);
  if (!rest) return fail(rest.error());
  const auto path = std::min(rest->find_first_of("/?"), rest->size());
  if (const auto taken = take_authority(rest->substr(0, path), url); !taken) return fail(taken.error());
  if (const auto allowed = check_host(url.host, policy); !allowed) return fail(allowed.error());
  if (!rest->substr(path).starts_with('/')) url.path = "/";
  url.path += rest->substr(path);
  return url;
}

Status check_host(std::string_view host, const AddressPolicy& policy) {
  if (const auto address = parse_address(host)) return check_place(host, *address, policy);
  if (ends_in_number(host))
    return fail(Errc::invalid, "An IPv4 address is written as four decimal numbers without leading zeros.");
  if (!is_host_name(host))
    return fail(Errc::invalid, "The host is not a name of a-z, 0-9, \"-\" and \".\" (international names as xn--...).");
  // Clouds answer these with credentials, whatever they resolve to.
  for (const std::string_view domain : {"internal", "metadata", "instance-data"})
    if (is_under(host, domain))
      return fail(Errc::refused, "Names under \"" + std::string(domain) + "\" are never asked.");
  if (is_under(host, "localhost") || is_under(host, "localdomain"))
    return policy.allow_loopback ? Status{} : fail(Errc::refused, "This machine itself is not asked.");
  const bool lan = host.find('.') == std::string_view::npos || is_under(host, "local") || is_under(host, "lan") ||
                   is_under(host, "home.arpa") || is_under(host, "intranet") || is_under(host, "corp") ||
                   is_under(host, "home");
  if (lan && !policy.allow_lan)
    return fail(Errc::refused, "This is a name of a private network: an administrator may allow these.");
  return {};
}

Status check_addresses(std::string_view host, std::span<const Address> addresses, const AddressPolicy& policy) {
  if (addresses.empty()) return fail(Errc::not_found, "The name " + std::string(host) + " has no address.");
  for (const Address& address : addresses)
    if (auto allowed = check_place(host, address, policy); !allowed) return allowed;
  return {};
}

Result<std::vector<Address>> resolve_by_system(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0 || !found)
    return fail(Errc::io, "The name " + host + " could not be looked up.");
  std::vector<Address> out;
  for (const addrinfo* at = found; at; at = at->ai_next) {
    if (at->ai_family == AF_INET) {
      sockaddr_in v4{};
      std::memcpy(&v4, at->ai_addr, sizeof v4);
      out.push_back(address_v4(ntohl(v4.sin_addr.s_addr)));
    } else if (at->ai_family == AF_INET6) {
      sockaddr_in6 v6{};
      std::memcpy(&v6, at->ai_addr, sizeof v6);
      Address address;
      std::memcpy(address.bytes.data(), &v6.sin6_addr, address.bytes.size());
      out.push_back(address);
    }
  }
  ::freeaddrinfo(found);
  return out;
}

Result<std::vector<Address>> checked_addresses(const std::string& host, const AddressPolicy& policy,
                                               const Resolve& resolve) {
  if (const auto allowed = check_host(host, policy); !allowed) return fail(allowed.error());
  if (const auto literal = parse_address(host)) return std::vector<Address>{*literal};
  auto found = resolve(host);
  if (!found) return found;
  if (const auto allowed = check_addresses(host, *found, policy); !allowed) return fail(allowed.error());
  return found;
}

}  // namespace heliograph::notify
