#include "actors/notify/twilio_inbound.hpp"

#include <algorithm>
#include <vector>

#include "actors/notify/gsm7.hpp"
#include "actors/notify/mac.hpp"
#include "actors/notify/text.hpp"
#include "events/base64.hpp"
#include "events/digest.hpp"

namespace heliograph::notify {
namespace {

/// The URL as configured, without its port, and with the scheme's own: Twilio has signed each of them in its time.
std::vector<std::string> port_variants(std::string_view url) {
  std::vector<std::string> out = {std::string(url)};
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return out;
  const auto begin = scheme + 3, end = std::min(url.find_first_of("/?#", begin), url.size());
  const std::string_view authority = url.substr(begin, end - begin);
  const auto colon = authority.rfind(':');
  const bool has_port = colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos;
  const std::string head(url.substr(0, begin)), host(has_port ? authority.substr(0, colon) : authority),
      tail(url.substr(end));
  if (has_port)
    out.push_back(head + host + tail);
  else
    out.push_back(head + host + (url.starts_with("https") ? ":443" : ":80") + tail);
  return out;
}

std::string query_value(std::string_view url, std::string_view name) {
  const auto mark = url.find('?');
  if (mark == std::string_view::npos) return {};
  const auto form = parse_form(url.substr(mark + 1, url.find('#', mark) - mark - 1));
  const std::string* value = form ? only_value(*form, name) : nullptr;
  return value ? *value : std::string();
}

/// Runs of ASCII letters (in lower case) and of digits; everything else stands between them.
std::vector<std::string> words_of(std::string_view text) {
  const auto kind = [](char c) {
    return c >= '0' && c <= '9' ? 1 : (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ? 2 : 0;
  };
  std::vector<std::string> words;
  int before = 0;
  for (const char c : text) {
    const int now = kind(c);
    if (now != 0 && now != before) words.emplace_back();
    if (now != 0) words.back() += now == 2 ? static_cast<char>(c | 0x20) : c;
    before = now;
  }
  return words;
}

}  // namespace

bool is_twilio_sid(std::string_view text, std::string_view prefix) {
  return text.size() == 34 && text.starts_with(prefix) &&
         text.find_first_not_of("0123456789abcdef", 2) == std::string_view::npos;
}

std::string twilio_signature(const Secret& auth_token, std::string_view url, const Form& form) {
  Form sorted = form;
  std::sort(sorted.begin(), sorted.end());
  // A field that repeats with the same value counts once.
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  std::string content(url);
  for (const auto& [name, value] : sorted) content += name + value;
  return base64(hmac_sha1(auth_token, content));
}

bool is_from_twilio(const Secret& auth_token, std::string_view url, const Form& form, std::string_view signature) {
  if (auth_token.empty()) return false;  // an empty key would be a key that everybody knows
  bool fits = false;
  for (const std::string& variant : port_variants(url))
    fits = same_secret(twilio_signature(auth_token, variant, form), signature) || fits;
  return fits;
}

bool is_body_from_twilio(const Secret& auth_token, std::string_view url, std::string_view raw_body,
                         std::string_view signature) {
  const std::string digest = hex(bytes_of(sha256({raw_body})));
  return same_secret(query_value(url, "bodySHA256"), digest) &&
         is_from_twilio(auth_token, url, {}, signature);
}

Result<InboundSms> read_inbound_sms(const Form& form, std::string_view account_sid) {
  const auto absent = [](std::string_view name) {
    return fail(Errc::invalid, "The form of a text message needs \"" + std::string(name) + "\" once.");
  };
  for (const std::string_view name : {"MessageSid", "AccountSid", "From", "To", "Body"})
    if (!only_value(form, name)) return absent(name);
  const std::string* opt_out = only_value(form, "OptOutType");
  InboundSms sms = {*only_value(form, "MessageSid"), *only_value(form, "From"), *only_value(form, "To"),
                    *only_value(form, "Body"), opt_out ? *opt_out : std::string()};
  if (!is_twilio_sid(sms.sid, "SM") && !is_twilio_sid(sms.sid, "MM"))
    return fail(Errc::invalid, "The MessageSid is none.");
  if (*only_value(form, "AccountSid") != account_sid)
    return fail(Errc::refused, "The text message belongs to another account.");
  return sms;
}

std::optional<SmsReply> parse_reply(std::string_view body) {
  if (body.size() > 1600) return std::nullopt;
  auto words = words_of(body);
  if (words.size() != 2) return std::nullopt;
  if (words[1] == "yes" || words[1] == "no") std::swap(words[0], words[1]);
  const std::string &answer = words[0], &code = words[1];
  const bool digits = code.find_first_not_of("0123456789") == std::string::npos;
  if ((answer != "yes" && answer != "no") || !digits || code.size() < 4 || code.size() > 6) return std::nullopt;
  return SmsReply{answer == "yes", code};
}

std::string twiml(std::string_view text) {
  const std::string segment = one_segment(text);
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response>" +
         (segment.empty() ? "" : "<Message>" + markup_escaped(segment) + "</Message>") + "</Response>";
}

}  // namespace heliograph::notify
