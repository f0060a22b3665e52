// What the house must be told to reach people: values, checked by make_channels. Where they are read from is not
// decided here; secrets come from files or the environment, not from the document with the rest.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/notify/channel.hpp"
#include "actors/notify/transport.hpp"

namespace heliograph::notify {

inline constexpr std::size_t contacts_max = 20;  // of each channel; more would be a mailing list

struct MailContact {
  std::string id;  // is_id; the channel's name is "mail/<id>"
  std::string name, address;
};
struct MailOptions {
  MailServer server;
  std::string from_name = "Heliograph", from;
  std::vector<MailContact> to;
  AddressPolicy policy;  // allow_lan for a mail server in the house
};

struct SmsContact {
  std::string id;
  std::string number;  // E.164
};
struct TwilioOptions {
  std::string account_sid;        // AC + 32 hex
  std::string user;               // API key sid; empty: the account sid
  Secret password;                // API key secret, or the auth token
  Secret auth_token;              // checks what Twilio sends us; empty: the password, where it is the auth token
  std::string from;               // E.164, or
  std::string messaging_service;  // MG + 32 hex
  std::vector<SmsContact> to;
  std::string base = "https://api.twilio.com";
};

struct SlackOptions {
  std::string id;
  Secret url;
};

struct PagerDutyOptions {
  std::string id;
  Secret routing_key;                                 // 32 characters
  std::string base = "https://events.pagerduty.com";  // or https://events.eu.pagerduty.com
};

struct WebhookOptions {
  std::string id;
  std::string url;
  /// "whsec_" + base64 of 24 to 64 bytes. Several while a secret is changed: each signs.
  std::vector<Secret> secrets;
  AddressPolicy policy;
};

struct NotifyOptions {
  std::string base_url;  // where people find Heliograph, e.g. "https://hub.example"; the link in Slack and PagerDuty
  TransportOptions transport;  // its policy is that of Twilio, Slack and PagerDuty
  std::optional<MailOptions> mail;
  std::optional<TwilioOptions> twilio;
  std::vector<SlackOptions> slack;
  std::vector<PagerDutyOptions> pagerduty;
  std::vector<WebhookOptions> webhooks;
};

/// One channel for each contact, hook and service, so that each is retried by itself. Refuses options that cannot work,
/// with a JSON pointer into them.
Result<std::vector<std::unique_ptr<Channel>>> make_channels(const NotifyOptions& options);

}  // namespace heliograph::notify
