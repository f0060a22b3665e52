// Alerts to PagerDuty (Events API v2). An incident there is one subject_key: raised, acknowledged and resolved by us.
#pragma once

#include "actors/notify/options.hpp"

namespace heliograph::notify {

class PagerDutyChannel : public Channel {
 public:
  PagerDutyChannel(PagerDutyOptions options, std::string base_url, TransportOptions transport);
  std::string_view name() const override { return name_; }
  ChannelKind kind() const override { return ChannelKind::pagerduty; }
  Delivery deliver(const Notice& notice, const Attempt& attempt) override;

 private:
  std::string name_;
  PagerDutyOptions options_;
  std::string base_url_;
  TransportOptions transport_;
};

/// The JSON of one event. Requires: an alert.
std::string pagerduty_body(const Notice& notice, const Secret& routing_key, const std::string& base_url);

}  // namespace heliograph::notify
