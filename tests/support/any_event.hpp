// Any event of any kind from a seeded generator: for codec, JSON and golden logs. Extreme numbers, empty and odd texts.
#pragma once

#include <random>

#include "events/record.hpp"

namespace heliograph::testing {

/// `kind` is the place in the Event variant.
Event any_event(std::size_t kind, std::mt19937_64& random);
/// The same in a complete envelope.
Record any_record(std::size_t kind, std::mt19937_64& random);
Record any_readings(std::mt19937_64& random);

}  // namespace heliograph::testing
