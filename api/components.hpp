// How each part of the installation is, in one word and one sentence: for the status grid, and for whoever is called at night.
#pragma once

#include <string>
#include <vector>

#include "api/service.hpp"

namespace heliograph::api {

enum class Health : std::uint8_t { ok, degraded, failed };
std::string_view name(Health health);

struct Component {
  std::string name;  // "log", "source/home/simulated", "channel/mail"
  Health health = Health::ok;
  std::string sentence;
};

/// As they are now. Of sites, only those of `tenant` are named; of the others it is told how many are not well. In the views' own turn.
std::vector<Component> components(const Service& service, const Views& views, const TenantId& tenant);
/// That of the worst.
Health worst(const std::vector<Component>& all);

// Pure, for components and tests.
Component source_component(const SourceState& source, Micros now);
Component disk_component(std::uint64_t free_bytes);
Component certificate_component(std::optional<Micros> ends, Micros now);
Component channel_component(const ChannelState& channel);

}  // namespace heliograph::api
