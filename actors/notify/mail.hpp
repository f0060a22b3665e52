// Notices by mail: one message for each contact, through the owner's own mail server.
#pragma once

#include "actors/notify/options.hpp"

namespace heliograph::notify {

class MailChannel : public Channel {
 public:
  /// Requires: options that make_channels has checked.
  MailChannel(MailOptions options, MailContact to, TransportOptions transport);
  std::string_view name() const override { return name_; }
  ChannelKind kind() const override { return ChannelKind::mail; }
  Delivery deliver(const Notice& notice, const Attempt& attempt) override;

 private:
  std::string name_;
  MailOptions options_;
  MailContact to_;
  TransportOptions transport_;
};

}  // namespace heliograph::notify
