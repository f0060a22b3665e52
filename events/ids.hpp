// Names of things in the log. Positions number the whole log from 1; 0 means "none".
// Ids are short, lower-case and safe in a path, a topic and a key: ^[a-z0-9][a-z0-9-]{0,62}$.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "events/result.hpp"

namespace heliograph {

using Position = std::uint64_t;  // place in the whole log; 0 = none
using Version = std::uint64_t;   // place in one stream; 0 = the stream is empty

/// True when `text` may name a tenant, site, device, rule or command.
bool is_id(std::string_view text);

template <class Tag>
struct Id {
  std::string text;
  auto operator<=>(const Id&) const = default;
  bool empty() const { return text.empty(); }
  /// Refuses what is no id, with the sentence that people see.
  static Result<Id> parse(std::string_view text) {
    if (!is_id(text))
      return fail(Errc::invalid, std::string(Tag::noun) + " \"" + std::string(text.substr(0, 80)) +
                                     "\" is not an id: use 1 to 63 of a-z, 0-9 and '-', not starting with '-'.");
    return Id{std::string(text)};
  }
};

struct TenantTag { static constexpr const char* noun = "tenant"; };
struct SiteTag { static constexpr const char* noun = "site"; };
struct DeviceTag { static constexpr const char* noun = "device"; };
struct RuleTag { static constexpr const char* noun = "rule"; };
struct CommandTag { static constexpr const char* noun = "command"; };
using TenantId = Id<TenantTag>;
using SiteId = Id<SiteTag>;
using DeviceId = Id<DeviceTag>;
using RuleId = Id<RuleTag>;
using CommandId = Id<CommandTag>;

/// One site of one tenant: the unit of ordering, safety and retention.
struct SiteKey {
  TenantId tenant;
  SiteId site;
  auto operator<=>(const SiteKey&) const = default;
};

/// Who caused an event. `name` is free of user text: an id, a key prefix, a rule id.
enum class PrincipalKind : std::uint8_t { system = 0, user, apikey, rule, schedule, agent, device };
struct Principal {
  PrincipalKind kind = PrincipalKind::system;
  std::string name;
  auto operator<=>(const Principal&) const = default;
};
std::string_view name(PrincipalKind kind);
std::string to_string(const Principal& principal);  // "rule:miner-guard"; "system"

}  // namespace heliograph

template <class Tag>
struct std::hash<heliograph::Id<Tag>> {
  std::size_t operator()(const heliograph::Id<Tag>& id) const noexcept {
    return std::hash<std::string>{}(id.text);
  }
};
