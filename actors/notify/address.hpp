// One internet address and what kind of place it is. Pure; knows no names.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace heliograph::notify {

/// IPv4 is kept as ::ffff:a.b.c.d, with `v4` saying that it was meant as IPv4.
struct Address {
  std::array<std::uint8_t, 16> bytes{};
  bool v4 = false;
  bool operator==(const Address&) const = default;
};

/// "192.0.2.1" (four decimal numbers without leading zeros: no other spelling) or IPv6 without brackets and zone.
std::optional<Address> parse_address(std::string_view text);
Address address_v4(std::uint32_t host_order);
std::string to_string(const Address& address);

enum class Place : std::uint8_t {
  open,  // the public internet
  loopback,
  lan,       // RFC 1918, unique-local
  metadata,  // where clouds hand out credentials
  elsewhere  // link-local, carrier NAT, multicast, unspecified, documentation, tunnels, reserved
};
/// IPv6 forms that lead to an IPv4 address (mapped, NAT64, 6to4, translated) are the place they lead to.
Place place_of(const Address& address);

}  // namespace heliograph::notify
