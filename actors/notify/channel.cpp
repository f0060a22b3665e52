#include "actors/notify/channel.hpp"

namespace heliograph::notify {

std::string_view name(ChannelKind kind) {
  switch (kind) {
    case ChannelKind::mail: return "mail";
    case ChannelKind::sms: return "sms";
    case ChannelKind::slack: return "slack";
    case ChannelKind::pagerduty: return "pagerduty";
    case ChannelKind::webhook: return "webhook";
  }
  broken_invariant("a channel kind has a name", "name(ChannelKind)");
}

}  // namespace heliograph::notify
