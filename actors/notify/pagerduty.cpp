#include "actors/notify/pagerduty.hpp"

#include "actors/notify/http_delivery.hpp"
#include "actors/notify/templates.hpp"
#include "actors/notify/text.hpp"
#include "events/digest.hpp"
#include "events/json.hpp"

namespace heliograph::notify {
namespace {

std::string_view action(Phase phase) {
  switch (phase) {
    case Phase::raised: return "trigger";
    case Phase::acknowledged: return "acknowledge";
    case Phase::resolved: return "resolve";
  }
  broken_invariant("a phase has an action", "pagerduty");
}

/// At most 255 characters, and never two subjects with one key.
std::string dedup_key(const Notice& notice) {
  const std::string key = clean_line(notice.subject_key.empty() ? notice.id : notice.subject_key);
  return key.size() <= 255 ? key : hex(bytes_of(sha256({key})));
}

Delivery classified(const HttpAnswer& answer, Micros now, std::string key) {
  if (answer.exchange != Exchange::answered) return not_answered(answer);
  if (answer.status == 202) return delivered(std::move(key));
  const std::string said = "PagerDuty answered " + std::to_string(answer.status);
  if (answer.status == 401 || answer.status == 403 || answer.status == 404)
    return disabled(said + ": the integration key or the address is wrong.");
  // An event that it calls invalid will be invalid again.
  if (answer.status == 400 || answer.status == 413) return refused(said + ": it does not take this event.");
  return answered_later("PagerDuty", answer, now);
}

}  // namespace

PagerDutyChannel::PagerDutyChannel(PagerDutyOptions options, std::string base_url, TransportOptions transport)
    : name_("pagerduty/" + options.id),
      options_(std::move(options)),
      base_url_(std::move(base_url)),
      transport_(std::move(transport)) {}

std::string pagerduty_body(const Notice& notice, const Secret& routing_key, const std::string& base_url) {
  JsonWriter json;
  json.begin_object().field("routing_key", routing_key.reveal()).field("event_action", action(notice.phase));
  json.field("dedup_key", dedup_key(notice));
  if (notice.phase == Phase::raised) {
    json.key("payload").begin_object();
    json.field("summary", shortened(summary(notice), 1024)).field("source", notice.site.text);
    json.field("severity", name(notice.severity)).key("timestamp").time(notice.at);
    if (!notice.subject_key.empty()) json.field("component", shortened(clean_line(notice.subject_key), 255));
    json.key("custom_details").begin_object().field("notice", notice.id);
    json.field("text", shortened(clean_text(notice.text), 4000)).end_object().end_object();
    json.field("client", "Heliograph");
    if (!base_url.empty()) json.field("client_url", base_url);
  }
  return json.end_object().str();
}

Delivery PagerDutyChannel::deliver(const Notice& notice, const Attempt& attempt) {
  if (notice.kind != NoticeKind::alert) return refused("PagerDuty takes alerts only.");
  HttpRequest request;
  request.url = options_.base + "/v2/enqueue";
  request.headers = {"Content-Type: application/json"};
  request.body = pagerduty_body(notice, options_.routing_key, base_url_);
  return classified(exchange(request, transport_), attempt.now, dedup_key(notice));
}

}  // namespace heliograph::notify
