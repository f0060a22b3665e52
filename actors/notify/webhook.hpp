// Notices to a program of the owner's: Standard Webhooks 1.0, signed with HMAC-SHA256. The link and the codes of an
// approval never go here.
#pragma once

#include "actors/notify/options.hpp"

namespace heliograph::notify {

class WebhookChannel : public Channel {
 public:
  WebhookChannel(WebhookOptions options, TransportOptions transport);
  std::string_view name() const override { return name_; }
  ChannelKind kind() const override { return ChannelKind::webhook; }
  Delivery deliver(const Notice& notice, const Attempt& attempt) override;

 private:
  std::string name_;
  WebhookOptions options_;
  TransportOptions transport_;
};

/// {"type","timestamp","data"}, under 20 kB, the same bytes in every try.
std::string webhook_body(const Notice& notice);

/// The key bytes of "whsec_...".
Result<Secret> webhook_key(const Secret& text);
/// "v1,<base64>" for each key, with a space between: while a secret is changed, a receiver with either can check.
std::string webhook_signatures(const std::vector<Secret>& keys, std::string_view id, std::int64_t unix_seconds,
                               std::string_view body);

}  // namespace heliograph::notify
