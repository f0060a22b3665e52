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

std::string_view name(Severity severity) {
  switch (severity) {
    case Severity::info: return "info";
    case Severity::warning: return "warning";
    case Severity::critical: return "critical";
  }
  broken_invariant("a severity has a name", "name(Severity)");
}

}  // namespace heliograph::notify
