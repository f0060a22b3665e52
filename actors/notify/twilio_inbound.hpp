// What Twilio calls us with: is it Twilio, who writes, and is it a yes or a no to which code. Pure. A signature proves
// Twilio and not the sender, whose number can be forged: without a code of an open request nothing is decided, and
// whether the number may decide, how often it may guess and whether the sid came before is for the caller to know.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "actors/notify/form.hpp"
#include "events/secret.hpp"

namespace heliograph::notify {

/// Two letters and 32 hexadecimal digits: "AC..." an account, "SM..." a message.
bool is_twilio_sid(std::string_view text, std::string_view prefix);

/// X-Twilio-Signature over exactly this URL and form.
std::string twilio_signature(const Secret& auth_token, std::string_view url, const Form& form);

/// True when Twilio signed this form for this URL, or for the URL with its port left out or the scheme's own put in.
/// `url` comes from configuration (public base URL) and the path and query of the request, never from its headers.
bool is_from_twilio(const Secret& auth_token, std::string_view url, const Form& form, std::string_view signature);
/// The same for a body that is no form: the URL carries bodySHA256, which must fit `raw_body`.
bool is_body_from_twilio(const Secret& auth_token, std::string_view url, std::string_view raw_body,
                         std::string_view signature);

struct InboundSms {
  std::string sid;       // process each once: Twilio repeats, and a recorded post can be sent again
  std::string from, to;  // E.164
  std::string body;
  std::string opt_out;  // STOP, START, HELP or empty
};
/// Refuses forms that lack a field, repeat one, or belong to another account.
Result<InboundSms> read_inbound_sms(const Form& form, std::string_view account_sid);

struct SmsReply {
  bool yes = false;
  std::string code;  // 4 to 6 digits
};
/// "YES 4821", " yes, 4821.", "No4821", "4821 yes". Nothing else may be said: two codes, both words, a missing code or
/// any other word make nothing of it.
std::optional<SmsReply> parse_reply(std::string_view body);

/// TwiML that answers with one text message of one segment; an empty text answers nothing.
std::string twiml(std::string_view text);

}  // namespace heliograph::notify
