// Notices as text messages through Twilio. Twilio has no idempotency key: a try after the first looks for the message
// before it sends.
#pragma once

#include "actors/notify/options.hpp"

namespace heliograph::notify {

class TwilioChannel : public Channel {
 public:
  /// Requires: options that make_channels has checked.
  TwilioChannel(TwilioOptions options, SmsContact to, TransportOptions transport);
  std::string_view name() const override { return name_; }
  ChannelKind kind() const override { return ChannelKind::sms; }
  Delivery deliver(const Notice& notice, const Attempt& attempt) override;

 private:
  std::string messages_url() const;
  std::string authorization() const;
  /// The sid of the message with this text, empty when there is none; a delivery when that could not be found out.
  std::string find_sent(const Notice& notice, const std::string& text, Micros now,
                        std::optional<Delivery>& unclear) const;

  std::string name_;
  TwilioOptions options_;
  SmsContact to_;
  TransportOptions transport_;
};

}  // namespace heliograph::notify
