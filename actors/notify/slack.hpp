// Notices to one Slack channel through an incoming webhook, whose URL is the secret. Everybody there reads along: no
// link and no code of an approval goes here.
#pragma once

#include "actors/notify/options.hpp"

namespace heliograph::notify {

class SlackChannel : public Channel {
 public:
  SlackChannel(SlackOptions options, std::string base_url, TransportOptions transport);
  std::string_view name() const override { return name_; }
  ChannelKind kind() const override { return ChannelKind::slack; }
  Delivery deliver(const Notice& notice, const Attempt& attempt) override;

 private:
  std::string name_;
  SlackOptions options_;
  std::string base_url_;
  TransportOptions transport_;
};

/// The JSON of one message.
std::string slack_body(const Notice& notice, const std::string& base_url);

}  // namespace heliograph::notify
