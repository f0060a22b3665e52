#include "actors/notify/slack.hpp"

#include <algorithm>

#include "actors/notify/http_delivery.hpp"
#include "actors/notify/templates.hpp"
#include "actors/notify/text.hpp"
#include "events/json.hpp"

namespace heliograph::notify {
namespace {

/// The words with which Slack says that this webhook is of no use any more.
bool says_gone(std::string_view body) {
  static constexpr std::string_view words[] = {"action_prohibited", "invalid_token", "channel_not_found",
                                               "no_service",        "no_service_id", "channel_is_archived",
                                               "no_active_hooks",   "team_disabled", "user_not_found"};
  while (!body.empty() && (body.back() == '\n' || body.back() == '\r')) body.remove_suffix(1);
  return std::find(std::begin(words), std::end(words), body) != std::end(words);
}

Delivery classified(const HttpAnswer& answer, Micros now) {
  if (answer.exchange != Exchange::answered) return not_answered(answer);
  if (answer.status == 200 && answer.body.starts_with("ok")) return delivered({});
  const std::string said = "Slack answered " + std::to_string(answer.status);
  const bool client_error = answer.status >= 400 && answer.status < 500 && answer.status != 429 && answer.status != 408;
  if (client_error && says_gone(answer.body))
    return disabled(said + ": the webhook is no longer valid; make a new one.");
  if (answer.status == 400) return refused(said + ": it does not take this message.");
  // 200 without "ok", redirects, 403 without Slack's words: something between us and Slack is speaking.
  return answered_later("Slack", answer, now);
}

}  // namespace

SlackChannel::SlackChannel(SlackOptions options, std::string base_url, TransportOptions transport)
    : name_("slack/" + options.id),
      options_(std::move(options)),
      base_url_(std::move(base_url)),
      transport_(std::move(transport)) {}

std::string slack_body(const Notice& notice, const std::string& base_url) {
  JsonWriter json;
  json.begin_object().field("text", slack_escaped(summary(notice)));
  json.key("blocks").begin_array().begin_object().field("type", "section");
  json.key("text").begin_object().field("type", "mrkdwn").field("text", slack_text(notice)).end_object().end_object();
  if (!base_url.empty()) {
    json.begin_object().field("type", "actions").key("elements").begin_array();
    json.begin_object().field("type", "button");
    json.key("text").begin_object().field("type", "plain_text").field("text", "Open Heliograph").end_object();
    json.field("url", base_url).end_object().end_array().end_object();
  }
  json.end_array().end_object();
  return json.take();
}

Delivery SlackChannel::deliver(const Notice& notice, const Attempt& attempt) {
  if (is_expired(notice, attempt.now)) return expired();
  HttpRequest request;
  request.url = options_.url.reveal();
  request.headers = {"Content-Type: application/json; charset=utf-8"};
  request.body = slack_body(notice, base_url_);
  return classified(exchange(request, transport_), attempt.now);
}

}  // namespace heliograph::notify
