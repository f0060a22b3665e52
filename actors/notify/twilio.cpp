#include "actors/notify/twilio.hpp"

#include <simdjson.h>

#include <algorithm>

#include "actors/notify/form.hpp"
#include "actors/notify/http_delivery.hpp"
#include "actors/notify/templates.hpp"
#include "events/base64.hpp"

namespace heliograph::notify {
namespace {

/// Twilio's error codes that only our owner can do something about. Each channel is one number, so what is wrong with
/// the number is wrong with the channel.
std::string_view owners_trouble(std::int64_t code) {
  switch (code) {
    case 20003: return "it does not accept the credentials";
    case 20404: return "it does not know this account";
    case 21211: return "the number is none";
    case 21606: return "our number cannot send text messages";
    case 21608: return "a trial account may write to verified numbers only";
    case 21610: return "the recipient has replied STOP";
    case 21612: return "no way leads from our number to that one";
    case 21614: return "the number is not a mobile one";
    default: return {};
  }
}

std::int64_t error_code(const std::string& body) {
  simdjson::dom::parser parser;
  std::int64_t code = 0;
  if (parser.parse(body)["code"].get(code) != simdjson::SUCCESS) return 0;  // HTML from something in between
  return code;
}

Delivery classified(const HttpAnswer& answer, Micros now) {
  const std::string said = "Twilio answered " + std::to_string(answer.status);
  const std::int64_t code = error_code(answer.body);
  if (const auto trouble = owners_trouble(code); !trouble.empty())
    return disabled(said + ", error " + std::to_string(code) + ": " + std::string(trouble) + ".");
  if (answer.status == 401 || answer.status == 403) return disabled(said + ": it does not accept the credentials.");
  const bool ours = answer.status >= 400 && answer.status < 500 && answer.status != 408 && answer.status != 429;
  // A refusal has Twilio's form; without it, something in between has spoken.
  if (ours && code != 0 && code != 20429)
    return refused(said + ", error " + std::to_string(code) + ": it does not take this message.");
  return answered_later("Twilio", answer, now);
}

Delivery created(const HttpAnswer& answer, Micros now) {
  simdjson::dom::parser parser;
  std::string_view sid;
  if (parser.parse(answer.body)["sid"].get(sid) == simdjson::SUCCESS && !sid.empty())
    return delivered(std::string(sid));
  return answered_later("Twilio", answer, now);  // 201 without a sid: the next try looks the message up
}

bool went_wrong(std::string_view status) {
  return status == "failed" || status == "undelivered" || status == "canceled";
}

/// The first message with this text that did not go wrong. False when the list cannot be read.
bool find_message(const std::string& body, const std::string& text, std::string& sid) {
  simdjson::dom::parser parser;
  simdjson::dom::array messages;
  if (parser.parse(body)["messages"].get(messages) != simdjson::SUCCESS) return false;
  for (const simdjson::dom::element message : messages) {
    std::string_view found, sent_text, status;
    if (message["sid"].get(found) != simdjson::SUCCESS || message["body"].get(sent_text) != simdjson::SUCCESS ||
        message["status"].get(status) != simdjson::SUCCESS)
      return false;
    // A trial account puts words before the text.
    if (!sent_text.ends_with(text) || went_wrong(status)) continue;
    sid = std::string(found);
    return true;
  }
  return true;
}

}  // namespace

TwilioChannel::TwilioChannel(TwilioOptions options, SmsContact to, TransportOptions transport)
    : name_("sms/" + to.id), options_(std::move(options)), to_(std::move(to)), transport_(std::move(transport)) {}

std::string TwilioChannel::messages_url() const {
  return options_.base + "/2010-04-01/Accounts/" + options_.account_sid + "/Messages.json";
}

std::string TwilioChannel::authorization() const {
  const std::string& user = options_.user.empty() ? options_.account_sid : options_.user;
  return "Authorization: Basic " + base64(user + ":" + options_.password.reveal());
}

std::string TwilioChannel::find_sent(const Notice& notice, const std::string& text, Micros now,
                                     std::optional<Delivery>& unclear) const {
  HttpRequest request;
  request.method = "GET";
  // Days are what the filter knows; the day before, for what was queued at midnight.
  const std::string since = format_time(notice.at - day_us).substr(0, 10);
  // Twenty of the longest messages are within what is read of an answer.
  request.url = messages_url() + "?" + encode_form({{"To", to_.number}, {"DateSent>", since}, {"PageSize", "20"}});
  request.headers = {authorization()};
  const HttpAnswer answer = exchange(request, transport_);
  std::string sid;
  if (answer.exchange != Exchange::answered)
    unclear = not_answered(answer);
  else if (answer.status != 200)
    unclear = classified(answer, now);
  else if (!find_message(answer.body, text, sid))
    unclear = later("Twilio's list of messages cannot be read, so nothing was sent a second time.");
  return sid;
}

Delivery TwilioChannel::deliver(const Notice& notice, const Attempt& attempt) {
  if (is_expired(notice, attempt.now)) return expired();
  const auto text = sms_text(notice);
  if (!text)
    return refused("The approval does not fit into one text message: it is asked for by mail and in the browser.");
  if (attempt.number > 1) {
    std::optional<Delivery> unclear;
    std::string sid = find_sent(notice, *text, attempt.now, unclear);
    if (unclear) return *unclear;
    if (!sid.empty()) return delivered(std::move(sid));
  }
  Form form = {{"To", to_.number}, {"Body", *text}};
  if (options_.messaging_service.empty())
    form.emplace_back("From", options_.from);
  else
    form.emplace_back("MessagingServiceSid", options_.messaging_service);
  if (notice.approval) {
    // An approval that nobody can give any more is not delivered late either.
    const Micros left = (notice.approval->expires_at - attempt.now + second_us - 1) / second_us;
    form.emplace_back("ValidityPeriod", std::to_string(std::clamp<Micros>(left, 1, 14'400)));
  }
  HttpRequest request;
  request.url = messages_url();
  request.headers = {authorization(), "Content-Type: application/x-www-form-urlencoded"};
  request.body = encode_form(form);
  const HttpAnswer answer = exchange(request, transport_);
  if (answer.exchange != Exchange::answered) return not_answered(answer);
  return answer.status == 201 || answer.status == 200 ? created(answer, attempt.now) : classified(answer, attempt.now);
}

}  // namespace heliograph::notify
