// Answers from outside: the page behind a mail's link, and what Twilio hands us of a text message. A look changes nothing; a
// proof stands in each answer (ADR 10), and the gate judges again.
#include <algorithm>

#include "actors/notify/twilio_inbound.hpp"
#include "api/approval_page.hpp"
#include "api/translate.hpp"

namespace heliograph::api {
namespace {

constexpr std::string_view form_type = "application/x-www-form-urlencoded", sms_path = "/hooks/twilio/sms";
constexpr std::size_t code_length = 6;

http::Response page(int status, const ApprovalPage& content) {
  http::Response out = http::text_response(status, "text/html; charset=utf-8", approval_page(content));
  out.headers.emplace_back("Cache-Control", "no-store");
  return out;
}

ApprovalPage about(const SiteViews& site, const PutQuestion& put) {
  const SiteConfigured* settings = site.settings();
  ApprovalPage out;
  out.site = settings == nullptr || settings->name.empty() ? put.question.site.site.text : settings->name;
  out.sentence = put.question.sentence, out.expires_at = put.question.expires_at;
  out.zone = site.zone();
  return out;
}

http::Response unknown_link() {
  ApprovalPage content;
  content.headline = "This link leads nowhere: it is not whole, or more than a day old.";
  return page(404, content);
}

/// What became of a question that is no longer open.
http::Response settled(const SiteViews& site, const PutQuestion& put) {
  ApprovalPage content = about(site, put);
  auto story = site.story(put.question.command);
  if (!story) return http::problem_response(story.error());
  int status = 410;
  content.headline = "This can no longer be answered.";
  for (const RecordPtr& record : *story) {
    if (const auto* decided = std::get_if<ApprovalDecided>(&record->event())) {
      status = 200;
      content.headline = decided->granted ? "Approved. Thank you." : "Denied: nothing is done.";
    } else if (const auto* refused = std::get_if<CommandRefused>(&record->event()); refused != nullptr && status == 200) {
      content.headline = "Approved, but refused by safety at the last look: " + refused->refusals.front().sentence;
    } else if (const auto* cancelled = std::get_if<CommandCancelled>(&record->event()); cancelled != nullptr && cancelled->why == Cancelled::expired) {
      content.headline = "The time to answer is over: nothing was done. Ask again if it is still wanted.";
    }
  }
  return page(status, content);
}

void show(Service& service, const http::Request& request, const http::Responder& responder) {
  const auto put = service.notifier == nullptr ? std::nullopt : service.notifier->by_link(request.param("token"));
  if (!put) return static_cast<void>(responder.send(unknown_link()));
  ask_site(service, SiteScope::of(*put), [responder, put = *put, now = service.engine.clock().now()](const SiteViews& site) {
    if (!put.open || now >= put.question.expires_at) return static_cast<void>(responder.send(settled(site, put)));
    ApprovalPage content = about(site, put);
    content.open = true;
    responder.send(page(200, content));
  });
}

/// The page again, with what is wrong with what was typed. Nothing has been counted.
void ask_again(Service& service, const http::Responder& responder, const PutQuestion& put, int status, std::string headline) {
  ask_site(service, SiteScope::of(put), [responder, put, status, headline = std::move(headline)](const SiteViews& site) {
    ApprovalPage content = about(site, put);
    content.open = true, content.headline = headline;
    responder.send(page(status, content));
  });
}

void answer_by_mail(Service& service, const http::Request& request, const http::Responder& responder) {
  const std::string token(request.param("token"));
  const auto put = service.notifier == nullptr ? std::nullopt : service.notifier->by_link(token);
  if (!put) return static_cast<void>(responder.send(unknown_link()));
  const auto form = notify::parse_form(request.body);
  const std::string* code = form ? notify::only_value(*form, "code") : nullptr;
  const std::string* answer = form ? notify::only_value(*form, "answer") : nullptr;
  if (code == nullptr || answer == nullptr || (*answer != "approve" && *answer != "deny") || notify::typed_code(*code).size() != code_length)
    return ask_again(service, responder, *put, 422, "Type the six characters that stand in the mail, then choose.");
  const bool proven = service.notifier->is_mail_code(token, *code);
  const ApprovalAnswer said{put->question.command, *answer == "approve", ApprovalChannel::mail, {PrincipalKind::user, put->contact}, proven};
  service.engine.request(SiteScope::of(*put).key(), Approve{said}, [&service, responder, put = *put](const Result<SiteReply>& reply) {
    const bool wrong = reply && reply->command && !reply->command->refusals.empty();
    if (wrong && reply->command->refusals.front().rule == "approval-code") return ask_again(service, responder, put, 403, reply->command->refusals.front().sentence);
    if (wrong && reply->command->refusals.front().rule == "approval-closed") {
      ApprovalPage content;
      content.sentence = put.question.sentence, content.headline = reply->command->refusals.front().sentence;
      return static_cast<void>(responder.send(page(403, content)));
    }
    if (!reply && reply.error().code != Errc::not_found) return static_cast<void>(responder.send(http::problem_response(reply.error())));
    ask_site(service, SiteScope::of(put), [responder, put](const SiteViews& site) { responder.send(settled(site, put)); });
  });
}

// ---- text messages ----------------------------------------------------------------------------------------------------------

http::Response twiml(std::string_view text) { return http::text_response(200, "text/xml", notify::twiml(text)); }

std::string outcome(const Result<SiteReply>& reply, bool yes) {
  if (!reply) return reply.error().code == Errc::not_found ? "Heliograph: this was answered before, or its time is over." : "Heliograph: that could not be written down. Try again.";
  if (reply->command && !reply->command->refusals.empty()) return "Heliograph: not done. " + reply->command->refusals.front().sentence;
  return yes ? "Heliograph: YES is on record." : "Heliograph: NO is on record. Nothing is done.";
}

/// A wrong code counts against every question that this number could have meant; the sender hears of it when that is on record.
void count_wrong(Service& service, const std::vector<std::pair<PutQuestion, bool>>& asked, const notify::InboundSms& sms, const Digest& print,
                 const http::Responder& responder) {
  // Answers when the last of its copies is gone.
  const std::shared_ptr<const void> told(nullptr, [responder](const void*) { responder.send(twiml("Heliograph: no open request has this code.")); });
  for (const auto& [put, matches] : asked)
    if (put.open)
      service.engine.request(SiteScope::of(put).key(), Approve{{put.question.command, true, ApprovalChannel::sms, {PrincipalKind::user, sms.from}, false},
                                                        "sms-" + sms.sid + "-" + put.question.command.text, print}, [told](const Result<SiteReply>&) {});
}

void answer_by_sms(Service& service, const http::Request& request, const http::Responder& responder) {
  const auto refuse = [&](int status, const char* type, const char* sentence) { responder.send(http::problem_response(status, type, sentence)); };
  const notify::NotifyOptions* options = service.notifier == nullptr ? nullptr : &service.notifier->options();
  if (options == nullptr || !options->twilio || options->base_url.empty()) return refuse(404, "not-found", "No text messages are configured here.");
  const notify::TwilioOptions& twilio = *options->twilio;
  const auto form = notify::parse_form(request.body);
  if (!form) return refuse(400, "invalid", "This is no form as Twilio sends it.");
  const Secret& key = twilio.auth_token.empty() ? twilio.password : twilio.auth_token;
  if (!notify::is_from_twilio(key, options->base_url + std::string(sms_path), *form, request.header("X-Twilio-Signature").value_or("")))
    return refuse(403, "bad-signature", "The signature does not fit: this did not come from Twilio, or the base URL differs from what Twilio calls.");
  const auto sms = notify::read_inbound_sms(*form, twilio.account_sid);
  if (!sms) return refuse(400, "invalid", "The message lacks a field, or belongs to another account.");
  const auto said = notify::parse_reply(sms->body);
  const auto asked = service.notifier->by_number(sms->from, said ? said->code : "");
  // A stranger, or a word to the provider: no answer, so that nothing can be learnt here.
  if (asked.empty() || !sms->opt_out.empty()) return static_cast<void>(responder.send(twiml("")));
  if (!said) return static_cast<void>(responder.send(twiml("Heliograph: reply YES or NO and the code, such as YES 482100.")));
  const Digest print = sha256({sms->sid, "\n", sms->from, "\n", sms->body});
  const auto meant = std::find_if(asked.begin(), asked.end(), [](const auto& each) { return each.second; });
  if (meant == asked.end()) {
    return count_wrong(service, asked, *sms, print, responder);
  }
  const ApprovalAnswer answer{meant->first.question.command, said->yes, ApprovalChannel::sms, {PrincipalKind::user, sms->from}, true};
  service.engine.request(SiteScope::of(meant->first).key(), Approve{answer, "sms-" + sms->sid, print},
                         [responder, yes = said->yes](const Result<SiteReply>& reply) { responder.send(twiml(outcome(reply, yes))); });
}

}  // namespace

std::vector<http::Route> approval_routes(Service& service) {
  using http::Method;
  const http::Parameter token{"token", http::In::path, http::Kind::string, true, "From the mail", {}, 64};
  return {
      {.path = "/approve/{token}", .operation_id = "approvalPage", .summary = "The page of an approval mail", .needs = std::string(http::everybody), .parameters = {token}, .listed = false,
       .any_query = true,  // scanners add their own
       .handler = [&service](http::Request&& r, http::Responder responder) { show(service, r, responder); }},
      {.method = Method::post, .path = "/approve/{token}", .operation_id = "answerByMail", .summary = "Answer with the code of the mail", .needs = std::string(http::everybody), .parameters = {token},
       .body = http::RequestBody{{std::string(form_type)}, "{\"type\":\"object\"}", "code, answer", false, 4096}, .mutates = true, .listed = false, .any_query = true,
       .any_origin = true, .handler = [&service](http::Request&& r, http::Responder responder) { answer_by_mail(service, r, responder); }},
      {.method = Method::post, .path = std::string(sms_path), .operation_id = "answerBySms", .summary = "Twilio's webhook for text messages", .tag = "commands", .needs = std::string(http::everybody),
       .description = "Only with Twilio's signature over the configured base URL. The answer is TwiML.",
       .body = http::RequestBody{{std::string(form_type)}, "{\"type\":\"object\"}", "As Twilio sends it", true, 65'536},
       .replies = {{200, "What the sender is answered", "", "text/xml"}}, .mutates = true, .any_origin = true,
       .handler = [&service](http::Request&& r, http::Responder responder) { answer_by_sms(service, r, responder); }},
  };
}

}  // namespace heliograph::api
