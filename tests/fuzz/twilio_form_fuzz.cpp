// Any bytes as the body of a post that says it comes from Twilio: read or refused, never a crash. What is read means
// the same after it was encoded again, so its signature is the same; one byte changed is another signature.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "actors/notify/gsm7.hpp"
#include "actors/notify/twilio_inbound.hpp"

namespace {

using namespace heliograph::notify;
using heliograph::ensure;

void check_reply(std::string_view body) {
  const auto reply = parse_reply(body);
  if (!reply) return;
  ensure(reply->code.size() >= 4 && reply->code.size() <= 6, "a code has 4 to 6 digits");
  ensure(body.find(reply->code) != std::string_view::npos, "a code that nobody wrote");
  const auto again = parse_reply((reply->yes ? "YES " : "NO ") + reply->code);
  ensure(again && again->yes == reply->yes && again->code == reply->code, "a plain reply means something else");
}

void check_text(std::string_view text) {
  ensure(septets(one_segment(text)) <= segment_septets, "more than one segment");
  const std::string xml = twiml(text);
  const auto open = xml.find("<Message>"), close = xml.find("</Message>");
  if (open == std::string::npos) return;
  ensure(xml.find_first_of("<>", open + 9) == close, "a text has left its element");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const heliograph::Secret token("12345");
  static const std::string url = "https://hub.example/api/v1/twilio/sms?tenant=a";
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  check_reply(bytes);
  check_text(bytes);
  (void)is_body_from_twilio(token, bytes, bytes, bytes);
  auto form = parse_form(bytes);
  if (!form) {
    ensure(!form.error().sentence.empty(), "refused without a word");
    return 0;
  }
  const std::string signature = twilio_signature(token, url, *form);
  ensure(is_from_twilio(token, url, *form, signature), "its own signature is refused");
  ensure(!is_from_twilio(token, url, *form, bytes) || bytes == signature, "any bytes are a signature");
  const std::string encoded = encode_form(*form);
  const auto again = parse_form(encoded);
  // Encoding can make three bytes of one, so that a long form does not fit any more.
  ensure(again.has_value() || encoded.size() > 64 * 1024, "an encoded form is refused");
  if (again) {
    ensure(*again == *form, "an encoded form means something else");
    ensure(twilio_signature(token, url, *again) == signature, "encoding changed the signature");
  }
  if (const auto sms = read_inbound_sms(*form, "AC" + std::string(32, 'a'))) check_reply(sms->body);
  if (form->empty()) return 0;
  form->front().second += 'x';
  // With two fields of one name the change can make them alike, and alike counts once: only plain forms must differ.
  if (form->size() == 1) ensure(!is_from_twilio(token, url, *form, signature), "a changed form keeps its signature");
  return 0;
}
