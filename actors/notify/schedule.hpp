// When a notice that could not be delivered is tried again. Pure: the moment and the jitter come in.
#pragma once

#include <optional>
#include <span>

#include "actors/notify/channel.hpp"

namespace heliograph::notify {

/// Pauses before the second, third, ... try.
std::span<const Micros> pauses(ChannelKind kind);

/// When to try again after `tries` tries, of which the last ended at `now` with `last`; nothing means give up: the list
/// is at its end, the outcome is final, or the approval will have expired. `jitter` in [0, 1) adds up to a fifth of the
/// pause, so that what failed together does not come back together. Requires: tries >= 1.
std::optional<Micros> next_try(ChannelKind kind, const Notice& notice, const Delivery& last, int tries, Micros now,
                               double jitter);

}  // namespace heliograph::notify
