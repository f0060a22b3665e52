// What Twilio calls us with: signatures against Twilio's own vectors, and replies as people write them.
#include "actors/notify/twilio_inbound.hpp"

#include <simdjson.h>

#include <catch2/catch.hpp>

#include "tests/support/shared_data.hpp"

using namespace heliograph;
using namespace heliograph::notify;

namespace {

const Secret token{"12345"};
const std::string url = "https://mycompany.com/myapp.php?foo=1&bar=2";
const Form call = {{"CallSid", "CA1234567890ABCDE"},
                   {"Caller", "+14158675309"},
                   {"Digits", "1234"},
                   {"From", "+14158675309"},
                   {"To", "+18005551212"}};
const std::string call_signature = "RSOYDt4T1cUTdK1PDd93/VVr8B8=";

std::optional<std::string> fixture(const std::string& name) {
  return tests::shared_text("protocols/fixtures/notifications/" + name);
}

Form inbound() {
  const std::string b(32, 'b'), a(32, 'a');
  return {{"MessageSid", "SM" + b},
          {"AccountSid", "AC" + a},
          {"From", "+15558675310"},
          {"To", "+15005550006"},
          {"Body", "YES 4821"}};
}
const std::string account = "AC" + std::string(32, 'a');

}  // namespace

TEST_CASE("Twilio's worked example is signed as Twilio signs it") {
  CHECK(twilio_signature(token, url, call) == call_signature);
  const Form backwards(call.rbegin(), call.rend());
  CHECK(twilio_signature(token, url, backwards) == call_signature);
  CHECK(is_from_twilio(token, url, call, call_signature));
}

TEST_CASE("a field that repeats counts once for each of its values, in their order") {
  const Form twice = {{"b", "2"}, {"a", "1"}, {"b", "1"}, {"a", "1"}};
  CHECK(twilio_signature(token, url, twice) == twilio_signature(token, url, {{"a", "1"}, {"b", "1"}, {"b", "2"}}));
  CHECK(twilio_signature(token, url, twice) != twilio_signature(token, url, {{"a", "1"}, {"b", "1"}}));
}

TEST_CASE("Twilio's recorded vectors hold: parameters, duplicates, a JSON body, ports") {
  const auto text = fixture("twilio_signature_vectors.json");
  if (!text) return;
  simdjson::dom::parser parser;
  const simdjson::dom::element vectors = parser.parse(*text);
  const auto string = [](simdjson::dom::element at) { return std::string(std::string_view(at)); };
  const Secret auth(string(vectors["auth_token"]));
  const std::string base = string(vectors["url"]);
  Form params;
  for (const auto [name, value] : simdjson::dom::object(vectors["params"]))
    params.emplace_back(name, std::string_view(value));
  CHECK(twilio_signature(auth, base, params) == string(vectors["signature"]));

  Form duplicates;
  for (const simdjson::dom::element pair : vectors["duplicate_params"]["pairs"])
    duplicates.emplace_back(string(pair.at(0)), string(pair.at(1)));
  CHECK(twilio_signature(auth, base, duplicates) == string(vectors["duplicate_params"]["signature"]));

  const simdjson::dom::element json = vectors["json_body"];
  CHECK(is_body_from_twilio(auth, string(json["url"]), string(json["body"]), string(json["signature"])));
  CHECK_FALSE(is_body_from_twilio(auth, string(json["url"]), string(json["body"]) + " ", string(json["signature"])));
  CHECK_FALSE(is_body_from_twilio(auth, base, string(json["body"]), string(json["signature"])));

  for (const auto [variant, signature] : simdjson::dom::object(vectors["port_variants"])) {
    CHECK(twilio_signature(auth, variant, params) == std::string_view(signature));
    CHECK(is_from_twilio(auth, variant, params, std::string_view(signature)));
  }
}

TEST_CASE("a signature may cover the URL with or without its port") {
  const std::string with_443 = "https://mycompany.com:443/myapp.php?foo=1&bar=2";
  CHECK(is_from_twilio(token, url, call, twilio_signature(token, with_443, call)));
  CHECK(is_from_twilio(token, with_443, call, call_signature));
  CHECK(is_from_twilio(token, "https://mycompany.com:8443/myapp.php?foo=1&bar=2", call, call_signature));
  CHECK_FALSE(is_from_twilio(token, url, call,
                             twilio_signature(token, "https://mycompany.com:8443/myapp.php?foo=1&bar=2", call)));
  CHECK(is_from_twilio(token, "http://[2a01::1]/x", call, twilio_signature(token, "http://[2a01::1]:80/x", call)));
}

TEST_CASE("a signature that is wrong, missing, of another token, path, scheme or form is refused") {
  Form changed = call;
  changed[2].second = "1235";
  Form more = call;
  more.emplace_back("Extra", "1");
  CHECK_FALSE(is_from_twilio(token, url, changed, call_signature));
  CHECK_FALSE(is_from_twilio(token, url, more, call_signature));
  CHECK_FALSE(is_from_twilio(token, url, {}, call_signature));
  CHECK_FALSE(is_from_twilio(token, url, call, ""));
  CHECK_FALSE(is_from_twilio(token, url, call, call_signature + "="));
  CHECK_FALSE(is_from_twilio(token, url, call, "rSOYDt4T1cUTdK1PDd93/VVr8B8="));
  CHECK_FALSE(is_from_twilio(Secret("12346"), url, call, call_signature));
  CHECK_FALSE(is_from_twilio(Secret(), url, call, twilio_signature(Secret(), url, call)));
  CHECK_FALSE(is_from_twilio(token, "http://mycompany.com/myapp.php?foo=1&bar=2", call, call_signature));
  CHECK_FALSE(is_from_twilio(token, "https://mycompany.com/other.php?foo=1&bar=2", call, call_signature));
  CHECK_FALSE(is_from_twilio(token, "https://mycompany.com/myapp.php?foo=1&bar=3", call, call_signature));
}

TEST_CASE("the recorded post of a reply is read") {
  const auto text = fixture("twilio_inbound.form.txt");
  if (!text) return;
  const auto form = parse_form(text->substr(0, text->find_last_not_of("\r\n") + 1));
  REQUIRE(form.has_value());
  const auto sms = read_inbound_sms(*form, account);
  REQUIRE(sms.has_value());
  CHECK(sms->sid == "SM" + std::string(32, 'b'));
  CHECK(sms->from == "+15558675310");
  CHECK(sms->to == "+15005550006");
  CHECK(sms->body == "YES 4821");
  CHECK(parse_reply(sms->body)->yes);
}

TEST_CASE("a message of another account, with a field missing or twice, is none") {
  CHECK(read_inbound_sms(inbound(), account).has_value());
  CHECK(read_inbound_sms(inbound(), "AC" + std::string(32, 'c')).error().code == Errc::refused);
  for (std::size_t i = 0; i < inbound().size(); ++i) {
    Form without = inbound(), twice = inbound();
    without.erase(without.begin() + static_cast<std::ptrdiff_t>(i));
    twice.push_back(twice[i]);
    CHECK_FALSE(read_inbound_sms(without, account).has_value());
    CHECK_FALSE(read_inbound_sms(twice, account).has_value());
  }
  Form odd = inbound();
  odd[0].second = "SM../../x";
  CHECK_FALSE(read_inbound_sms(odd, account).has_value());
}

TEST_CASE("forms are read as they are sent, and refused when they are broken") {
  CHECK(parse_form("").value().empty());
  CHECK(parse_form("a=1&a=2&b=&c&=d&&").value() == Form{{"a", "1"}, {"a", "2"}, {"b", ""}, {"c", ""}, {"", "d"}});
  CHECK(parse_form("x=a+b%2Bc%26%3d%00").value() == Form{{"x", std::string("a b+c&=\0", 8)}});
  for (const char* broken : {"%", "a=%", "a=%4", "a=%zz", "%4=x", "a=%4g"}) {
    CAPTURE(broken);
    CHECK_FALSE(parse_form(broken).has_value());
  }
  CHECK_FALSE(parse_form(std::string(70'000, 'a')).has_value());
  std::string many;
  for (int i = 0; i < 201; ++i) many += "a&";
  CHECK_FALSE(parse_form(many).has_value());
  CHECK(encode_form({{"To", "+1 5&="}, {"x", "ż"}}) == "To=%2B1%205%26%3D&x=%C5%BC");
}

TEST_CASE("a yes or a no with its code is understood as people write it") {
  for (const char* yes :
       {"YES 4821", "yes 4821", "Yes, 4821.", " YES   4821 \r\n", "YES4821", "yes-4821!", "4821 yes", "\"YES 4821\"",
        "YES\xC2\xA0"
        "4821",
        "yes: 4821", "YES (4821)"}) {
    CAPTURE(yes);
    const auto reply = parse_reply(yes);
    REQUIRE(reply);
    CHECK(reply->yes);
    CHECK(reply->code == "4821");
  }
  const auto no = parse_reply("No 004821");
  REQUIRE(no);
  CHECK_FALSE(no->yes);
  CHECK(no->code == "004821");
}

TEST_CASE("whatever else is written decides nothing") {
  for (const char* text : {"",
                           "YES",
                           "4821",
                           "NO",
                           "YES 482",
                           "YES 4821567",
                           "YES NO 4821",
                           "YES 4821 4822",
                           "YES 48 21",
                           "do not say YES 4821",
                           "YES 4821 please",
                           "YESNO 4821",
                           "OK 4821",
                           "Y 4821",
                           "YES 4B21",
                           "STOP",
                           "YES \xD9\xA4\xD9\xA8\xD9\xA2\xD9\xA1",
                           "N\xD0\x9E YES 4821",
                           "yes no",
                           "no no 4821"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_reply(text));
  }
  CHECK_FALSE(parse_reply(std::string(1700, ' ') + "YES 4821"));
}

TEST_CASE("an answer is TwiML of one segment, and names cannot leave it") {
  CHECK(twiml("") == "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response></Response>");
  CHECK(twiml("Approved: pause <miner-1> & more") ==
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response><Message>Approved: pause &lt;miner-1&gt; &amp; "
        "more</Message></Response>");
  CHECK(twiml("</Message><Redirect>x").find("<Redirect>") == std::string::npos);
}
