#include "actors/notify/address.hpp"

#include <arpa/inet.h>

#include <cstring>

namespace heliograph::notify {
namespace {

struct Range4 {
  std::uint32_t first;
  int bits;
  Place place;
};

constexpr std::uint32_t v4(std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d) {
  return a << 24 | b << 16 | c << 8 | d;
}

// IANA's special-purpose registry; the first row that fits counts.
constexpr Range4 ranges4[] = {
    {v4(169, 254, 169, 254), 32, Place::metadata}, {v4(169, 254, 170, 2), 32, Place::metadata},
    {v4(169, 254, 170, 23), 32, Place::metadata},  {v4(100, 100, 100, 200), 32, Place::metadata},
    {v4(192, 0, 0, 192), 32, Place::metadata},     {v4(168, 63, 129, 16), 32, Place::metadata},
    {v4(0, 0, 0, 0), 8, Place::elsewhere},         {v4(10, 0, 0, 0), 8, Place::lan},
    {v4(100, 64, 0, 0), 10, Place::elsewhere},     {v4(127, 0, 0, 0), 8, Place::loopback},
    {v4(169, 254, 0, 0), 16, Place::elsewhere},    {v4(172, 16, 0, 0), 12, Place::lan},
    {v4(192, 0, 0, 0), 24, Place::elsewhere},      {v4(192, 0, 2, 0), 24, Place::elsewhere},
    {v4(192, 88, 99, 0), 24, Place::elsewhere},    {v4(192, 168, 0, 0), 16, Place::lan},
    {v4(198, 18, 0, 0), 15, Place::elsewhere},     {v4(198, 51, 100, 0), 24, Place::elsewhere},
    {v4(203, 0, 113, 0), 24, Place::elsewhere},    {v4(224, 0, 0, 0), 3, Place::elsewhere},
};

Place place_of_v4(std::uint32_t address) {
  for (const Range4& range : ranges4)
    if ((address ^ range.first) >> (32 - range.bits) == 0) return range.place;
  return Place::open;
}

struct Range6 {
  const char* first;
  int bits;
  Place place;
};

constexpr Range6 ranges6[] = {
    {"fd00:ec2::254", 128, Place::metadata},
    {"fd00:ec2::23", 128, Place::metadata},
    {"fd20:ce::254", 128, Place::metadata},
    {"::1", 128, Place::loopback},
    {"fc00::", 7, Place::lan},
    {"2001::", 23, Place::elsewhere},  // Teredo, ORCHID and other tunnels
    {"2001:db8::", 32, Place::elsewhere},
    {"3fff::", 20, Place::elsewhere},
    {"2000::", 3, Place::open},  // the only global unicast there is; all that is left is elsewhere
};

bool in(const Address& address, const Address& first, int bits) {
  for (int bit = 0; bit < bits; ++bit) {
    const auto i = static_cast<std::size_t>(bit / 8);
    if (((address.bytes[i] ^ first.bytes[i]) >> (7 - bit % 8) & 1) != 0) return false;
  }
  return true;
}

bool in(const Address& address, const char* first, int bits) { return in(address, *parse_address(first), bits); }

std::uint32_t v4_at(const Address& address, std::size_t offset) {
  const auto& b = address.bytes;
  return v4(b[offset], b[offset + 1], b[offset + 2], b[offset + 3]);
}

/// The IPv4 address that a gateway or the kernel would take out of this one.
std::optional<std::uint32_t> inner_v4(const Address& address) {
  if (in(address, "::ffff:0:0", 96) || in(address, "::ffff:0:0:0", 96) || in(address, "64:ff9b::", 96))
    return v4_at(address, 12);
  if (in(address, "2002::", 16)) return v4_at(address, 2);
  return std::nullopt;
}

std::optional<std::uint32_t> parse_dotted(std::string_view text) {
  std::uint32_t address = 0;
  for (int part = 0; part < 4; ++part) {
    if (part > 0) {
      if (text.empty() || text[0] != '.') return std::nullopt;
      text.remove_prefix(1);
    }
    std::size_t digits = 0;
    std::uint32_t number = 0;
    while (digits < text.size() && digits < 4 && text[digits] >= '0' && text[digits] <= '9')
      number = number * 10 + static_cast<std::uint32_t>(text[digits++] - '0');
    if (digits == 0 || number > 255 || (digits > 1 && text[0] == '0')) return std::nullopt;
    text.remove_prefix(digits);
    address = address << 8 | number;
  }
  return text.empty() ? std::optional(address) : std::nullopt;
}

}  // namespace

Address address_v4(std::uint32_t host_order) {
  Address address;
  address.v4 = true;
  address.bytes[10] = address.bytes[11] = 0xFF;
  for (std::size_t i = 0; i < 4; ++i) address.bytes[12 + i] = static_cast<std::uint8_t>(host_order >> (24 - 8 * i));
  return address;
}

std::optional<Address> parse_address(std::string_view text) {
  if (const auto dotted = parse_dotted(text)) return address_v4(*dotted);
  char name[INET6_ADDRSTRLEN + 1] = {};
  if (text.size() >= sizeof name || text.find('\0') != std::string_view::npos) return std::nullopt;
  std::memcpy(name, text.data(), text.size());
  Address address;
  if (::inet_pton(AF_INET6, name, address.bytes.data()) != 1) return std::nullopt;
  return address;
}

std::string to_string(const Address& address) {
  char text[INET6_ADDRSTRLEN] = {};
  if (address.v4)
    ::inet_ntop(AF_INET, address.bytes.data() + 12, text, sizeof text);
  else
    ::inet_ntop(AF_INET6, address.bytes.data(), text, sizeof text);
  return text;
}

Place place_of(const Address& address) {
  for (const Range6& range : ranges6)
    if (range.place == Place::metadata && in(address, range.first, range.bits)) return Place::metadata;
  if (const auto inner = inner_v4(address)) return place_of_v4(*inner);
  for (const Range6& range : ranges6) {
    if (!in(address, range.first, range.bits)) continue;
    // ISATAP: an interface id that spells an IPv4 address, under any prefix.
    const bool isatap = (v4_at(address, 8) & ~0x02000000u) == 0x00005EFE;
    return range.place == Place::open && isatap ? place_of_v4(v4_at(address, 12)) : range.place;
  }
  return Place::elsewhere;
}

}  // namespace heliograph::notify
