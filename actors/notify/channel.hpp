// The port to one way of reaching one person or service. A channel keeps no queue and never retries by itself: whoever
// drives it records each delivery and asks actors/notify/schedule.hpp when to try again.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "actors/notify/notice.hpp"

namespace heliograph::notify {

enum class ChannelKind : std::uint8_t { mail, sms, slack, pagerduty, webhook };
std::string_view name(ChannelKind kind);

/// One try. `number` counts tries that were begun, also those whose end nobody saw (a crash, a timeout): from the
/// second on, a channel without idempotency at the other end first looks whether the notice is there already.
struct Attempt {
  int number = 1;
  Micros now = 0;
};

struct Delivery {
  enum class Outcome : std::uint8_t {
    delivered,  // the other end has it
    later,      // whatever the network or the other end may mend by itself: try again by schedule
    refused,    // this notice never
    disabled    // this channel needs its owner: bad credentials, a webhook that is gone, a wrong address
  };
  Outcome outcome = Outcome::later;
  std::string detail;                // one sentence for people; no secret, nothing that the other end wrote
  std::optional<Micros> not_before;  // the other end asked to wait (Retry-After)
  std::string reference;             // its name for the message, e.g. a message sid
};

class Channel {
 public:
  virtual ~Channel() = default;
  /// "mail/anna", "webhook/ops": the kind and the id from the options.
  virtual std::string_view name() const = 0;
  virtual ChannelKind kind() const = 0;
  /// Blocks (15 s with default options, and as long as name resolution takes): on a thread of its own. One call at a
  /// time for each channel.
  virtual Delivery deliver(const Notice& notice, const Attempt& attempt) = 0;
};

}  // namespace heliograph::notify
