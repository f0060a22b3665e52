#include "actors/notify/webhook.hpp"

#include "actors/notify/http_delivery.hpp"
#include "actors/notify/mac.hpp"
#include "actors/notify/text.hpp"
#include "events/base64.hpp"
#include "events/json.hpp"

namespace heliograph::notify {
namespace {

constexpr std::size_t body_bytes_max = 20'000;

std::string_view type_of(const Notice& notice) {
  switch (notice.kind) {
    case NoticeKind::approval: return "approval.requested";
    case NoticeKind::result: return "action.result";
    case NoticeKind::alert: break;
  }
  switch (notice.phase) {
    case Phase::raised: return "alert.raised";
    case Phase::acknowledged: return "alert.acknowledged";
    case Phase::resolved: return "alert.resolved";
  }
  broken_invariant("a notice has a type", "webhook");
}

Delivery classified(const HttpAnswer& answer, const std::string& name, Micros now) {
  if (answer.exchange != Exchange::answered) return not_answered(answer);
  if (answer.status >= 200 && answer.status < 300) return delivered({});
  if (answer.status == 410) return disabled(name + " answered 410: the receiver is gone for good.");
  return answered_later(name, answer, now);  // redirects too: they are not followed
}

}  // namespace

WebhookChannel::WebhookChannel(WebhookOptions options, TransportOptions transport)
    : name_("webhook/" + options.id), options_(std::move(options)), transport_(std::move(transport)) {
  transport_.policy = options_.policy;
}

Result<Secret> webhook_key(const Secret& text) {
  static constexpr std::string_view prefix = "whsec_";
  if (text.reveal().starts_with(prefix))
    if (auto key = from_base64(std::string_view(text.reveal()).substr(prefix.size())))
      if (key->size() >= 24 && key->size() <= 64) return Secret(std::move(*key));
  return fail(Errc::invalid, "A webhook secret is \"whsec_\" and the base64 of 24 to 64 random bytes.");
}

std::string webhook_signatures(const std::vector<Secret>& keys, std::string_view id, std::int64_t unix_seconds,
                               std::string_view body) {
  const std::string content = std::string(id) + "." + std::to_string(unix_seconds) + "." + std::string(body);
  std::string out;
  for (const Secret& key : keys) out += (out.empty() ? "v1," : " v1,") + base64(hmac_sha256(key, content));
  return out;
}

std::string webhook_body(const Notice& notice) {
  JsonWriter json;
  json.begin_object().field("type", type_of(notice)).key("timestamp").time(notice.at).key("data").begin_object();
  json.field("notice", notice.id).field("site", notice.site.text);
  json.field("site_name", shortened(clean_line(notice.site_name), 200));
  json.field("severity", name(notice.severity)).field("subject", shortened(clean_line(notice.subject_key), 300));
  json.field("title", shortened(clean_line(notice.title), 200)).field("text", shortened(clean_text(notice.text), 4000));
  if (notice.approval) {
    const ApprovalInvitation& approval = *notice.approval;
    json.field("sentence", shortened(clean_line(approval.sentence), 1000));
    json.field("asked_by", shortened(clean_line(approval.asked_by), 200));
    json.field("why", shortened(clean_line(approval.why), 1000)).key("expires_at").time(approval.expires_at);
  }
  json.end_object().end_object();
  ensure(json.view().size() < body_bytes_max, "a webhook's body is small", "webhook_body");
  return json.take();
}

Delivery WebhookChannel::deliver(const Notice& notice, const Attempt& attempt) {
  if (is_expired(notice, attempt.now)) return expired();
  std::vector<Secret> keys;
  for (const Secret& text : options_.secrets) {
    auto key = webhook_key(text);
    if (!key) return disabled(key.error().sentence);
    keys.push_back(std::move(*key));
  }
  // The time of this try, not of the notice: receivers refuse what is older than five minutes.
  const std::int64_t unix_seconds = attempt.now / second_us;
  HttpRequest request;
  request.url = options_.url;
  request.body = webhook_body(notice);
  request.headers = {"Content-Type: application/json", "webhook-id: " + notice.id,
                     "webhook-timestamp: " + std::to_string(unix_seconds),
                     "webhook-signature: " + webhook_signatures(keys, notice.id, unix_seconds, request.body)};
  return classified(exchange(request, transport_), name_, attempt.now);
}

}  // namespace heliograph::notify
