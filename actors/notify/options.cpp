#include "actors/notify/options.hpp"

#include <algorithm>
#include <set>

#include "actors/notify/mail.hpp"
#include "actors/notify/mime.hpp"
#include "actors/notify/pagerduty.hpp"
#include "actors/notify/slack.hpp"
#include "actors/notify/twilio.hpp"
#include "actors/notify/twilio_inbound.hpp"
#include "actors/notify/webhook.hpp"

namespace heliograph::notify {
namespace {

using Channels = std::vector<std::unique_ptr<Channel>>;

Status wrong(const std::string& pointer, std::string sentence) {
  return fail(Errc::invalid, std::move(sentence), pointer);
}

bool is_phone_number(std::string_view text) {
  return text.size() >= 8 && text.size() <= 16 && text[0] == '+' && text[1] != '0' &&
         text.find_first_not_of("0123456789", 1) == std::string_view::npos;
}

bool is_header_safe(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7F; });
}

/// How many there are, and that each has an id of its own.
template <class List>
Status check_ids(const List& list, const std::string& pointer) {
  if (list.size() > contacts_max)
    return wrong(pointer, "There are " + std::to_string(list.size()) + " entries: at most " +
                              std::to_string(contacts_max) + " are written to; a mailing list is another thing.");
  std::set<std::string> seen;
  for (std::size_t i = 0; i < list.size(); ++i)
    if (!is_id(list[i].id) || !seen.insert(list[i].id).second)
      return wrong(pointer + "/" + std::to_string(i) + "/id",
                   "An id is 1 to 63 of a-z, 0-9 and '-', and no other entry has it.");
  return {};
}

Status check_address(const std::string& text, const AddressPolicy& policy, const std::string& pointer) {
  const auto url = check_url(text, policy);
  return url ? Status{} : fail(url.error().code, url.error().sentence, pointer);
}

Status check(const MailOptions& mail) {
  if (const auto host = check_host(mail.server.host, mail.server.security == MailSecurity::plain_loopback
                                                         ? AddressPolicy{.allow_loopback = true}
                                                         : mail.policy);
      !host)
    return fail(host.error().code, host.error().sentence, "/mail/server/host");
  if (mail.server.port == 0)
    return wrong("/mail/server/port", "A port is 1 to 65535: 587 with STARTTLS, 465 with TLS.");
  if (!is_header_safe(mail.server.hello_name) || mail.server.hello_name.find('/') != std::string::npos)
    return wrong("/mail/server/hello_name", "The name for EHLO is a host name.");
  if (mail.server.user.empty() != mail.server.password.empty())
    return wrong("/mail/server/user", "A user name and a password come together or not at all.");
  if (!is_mail_address(mail.from)) return wrong("/mail/from", "This is no mail address.");
  for (std::size_t i = 0; i < mail.to.size() && i <= contacts_max; ++i)
    if (!is_mail_address(mail.to[i].address))
      return wrong("/mail/to/" + std::to_string(i) + "/address", "This is no mail address.");
  return check_ids(mail.to, "/mail/to");
}

Status check(const TwilioOptions& twilio, const AddressPolicy& policy) {
  if (!is_twilio_sid(twilio.account_sid, "AC"))
    return wrong("/twilio/account_sid", "An account sid is AC and 32 of 0-9 and a-f.");
  if (!is_header_safe(twilio.user) || twilio.user.find(':') != std::string::npos || twilio.password.empty())
    return wrong("/twilio/user", "Twilio needs an API key with its secret, or the auth token.");
  if (twilio.messaging_service.empty() ? !is_phone_number(twilio.from) : !is_twilio_sid(twilio.messaging_service, "MG"))
    return wrong("/twilio/from",
                 "Twilio needs our number (+ and digits) or a messaging service (MG and 32 of 0-9 and a-f).");
  for (std::size_t i = 0; i < twilio.to.size() && i <= contacts_max; ++i)
    if (!is_phone_number(twilio.to[i].number))
      return wrong("/twilio/to/" + std::to_string(i) + "/number", "A number is + and 7 to 15 digits.");
  if (auto url = check_address(twilio.base, policy, "/twilio/base"); !url) return url;
  return check_ids(twilio.to, "/twilio/to");
}

Status check(const std::vector<SlackOptions>& hooks, const AddressPolicy& policy) {
  for (std::size_t i = 0; i < hooks.size() && i <= contacts_max; ++i)
    if (auto url = check_address(hooks[i].url.reveal(), policy, "/slack/" + std::to_string(i) + "/url"); !url)
      return url;
  return check_ids(hooks, "/slack");
}

Status check(const std::vector<PagerDutyOptions>& services, const AddressPolicy& policy) {
  for (std::size_t i = 0; i < services.size() && i <= contacts_max; ++i) {
    const std::string pointer = "/pagerduty/" + std::to_string(i);
    if (services[i].routing_key.reveal().size() != 32)
      return wrong(pointer + "/routing_key", "An integration key has 32 characters.");
    if (auto url = check_address(services[i].base, policy, pointer + "/base"); !url) return url;
  }
  return check_ids(services, "/pagerduty");
}

Status check(const std::vector<WebhookOptions>& webhooks) {
  for (std::size_t i = 0; i < webhooks.size() && i <= contacts_max; ++i) {
    const std::string pointer = "/webhooks/" + std::to_string(i);
    if (auto url = check_address(webhooks[i].url, webhooks[i].policy, pointer + "/url"); !url) return url;
    if (webhooks[i].secrets.empty() || webhooks[i].secrets.size() > 4)
      return wrong(pointer + "/secrets", "A webhook has a secret, or up to four while it is changed.");
    for (const Secret& secret : webhooks[i].secrets)
      if (const auto key = webhook_key(secret); !key) return wrong(pointer + "/secrets", key.error().sentence);
  }
  return check_ids(webhooks, "/webhooks");
}

Status check(const NotifyOptions& options) {
  const AddressPolicy& policy = options.transport.policy;
  // People's browsers open it, not we: it may well be a name of the house.
  constexpr AddressPolicy anything{.allow_http = true, .allow_lan = true, .allow_loopback = true};
  if (!options.base_url.empty())
    if (auto url = check_address(options.base_url, anything, "/base_url"); !url) return url;
  if (options.mail)
    if (auto mail = check(*options.mail); !mail) return mail;
  if (options.twilio)
    if (auto twilio = check(*options.twilio, policy); !twilio) return twilio;
  if (auto slack = check(options.slack, policy); !slack) return slack;
  if (auto pagerduty = check(options.pagerduty, policy); !pagerduty) return pagerduty;
  return check(options.webhooks);
}

}  // namespace

Result<Channels> make_channels(const NotifyOptions& options) {
  if (auto checked = check(options); !checked) return fail(checked.error());
  Channels out;
  if (options.mail)
    for (const MailContact& to : options.mail->to)
      out.push_back(std::make_unique<MailChannel>(*options.mail, to, options.transport));
  if (options.twilio)
    for (const SmsContact& to : options.twilio->to)
      out.push_back(std::make_unique<TwilioChannel>(*options.twilio, to, options.transport));
  for (const SlackOptions& slack : options.slack)
    out.push_back(std::make_unique<SlackChannel>(slack, options.base_url, options.transport));
  for (const PagerDutyOptions& pagerduty : options.pagerduty)
    out.push_back(std::make_unique<PagerDutyChannel>(pagerduty, options.base_url, options.transport));
  for (const WebhookOptions& webhook : options.webhooks)
    out.push_back(std::make_unique<WebhookChannel>(webhook, options.transport));
  return out;
}

}  // namespace heliograph::notify
