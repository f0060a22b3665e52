// Approvals by text message: the house on real threads, a double of Twilio that keeps what it was told, and Twilio's own
// signature over what comes back. The clock is the test's.
#include <catch2/catch.hpp>

#include "actors/notify/form.hpp"
#include "actors/notify/twilio_inbound.hpp"
#include "api/web_server.hpp"
#include "tests/notify/outside.hpp"
#include "tests/support/actor_fixture.hpp"
#include "tests/support/http_client.hpp"

using namespace heliograph;
using namespace heliograph::testing;

namespace {

const std::string account = "AC" + std::string(32, 'a'), number = "+48123456789";
const SiteKey home{{"local"}, {"home"}};

std::string sid(int n) {
  std::string digits = std::to_string(n);
  return "SM" + std::string(32 - digits.size(), '0') + digits;
}

class Hub {
 public:
  Hub() {
    auto started = Engine::start(*store_, clock_, {});
    REQUIRE(started);
    engine_ = std::move(*started);
    PreferencesSet wishes;
    wishes.sms = number;
    REQUIRE(engine_->request_and_wait(home, Configure{SiteConfigured{}, anna}));
    for (const char* id : {"miner-1", "heater"}) {
      DeviceRegistered device = plug(id);
      device.needs_approval = true;
      REQUIRE(engine_->request_and_wait(home, RegisterDevice{device, anna}));
    }
    REQUIRE(engine_->request_and_wait(home, Prefer{wishes, anna}));
    NotifierOptions options;
    options.channels.base_url = "https://hub.example";
    options.channels.transport = outside_.transport();
    auto& twilio = options.channels.twilio.emplace();
    twilio.account_sid = account, twilio.user = "SK" + std::string(32, 'b'), twilio.password = Secret("api secret");
    twilio.auth_token = token_, twilio.from = "+15005550006", twilio.base = outside_.url(twilio_);
    auto notifier = Notifier::start(*engine_, std::move(options));
    REQUIRE(notifier);
    notifier_ = std::move(*notifier);
    api::Service service{*engine_, "test", "test"};
    service.notifier = notifier_.get();
    auto web = api::WebServer::start(*engine_, "127.0.0.1:0", std::move(service));
    REQUIRE(web);
    web_ = std::move(*web);
    REQUIRE(test::enter(web_->port()));
  }
  ~Hub() {
    web_->stop();
    notifier_->stop();
    CHECK(engine_->stop());
  }

  CommandId ask(const std::string& device, const std::string& key) {
    auto reply = engine_->request_and_wait(home, ask_for(device, Action::switch_on, anna, key, 1));
    REQUIRE(reply);
    REQUIRE(reply->command->waiting == Waiting::approval);
    clock_.advance(second_us);  // stamps of a clock that stands still run ahead of it
    return reply->command->command;
  }
  /// The code of the n-th text message.
  std::string code(std::size_t n) {
    REQUIRE(twilio_.wait_for(n + 1));
    const auto form = notify::parse_form(twilio_.asked()[n].body);
    REQUIRE(form);
    CHECK(*notify::only_value(*form, "To") == number);
    const std::string text = *notify::only_value(*form, "Body");
    const auto at = text.find("Reply YES ");
    REQUIRE(at != std::string::npos);
    return text.substr(at + 10, 6);
  }
  /// What Twilio would post, signed for the public address.
  test::Reply reply(const std::string& body, int message, const std::string& from = number, const std::string& forged = {}) {
    const notify::Form form{{"MessageSid", sid(message)}, {"AccountSid", account}, {"From", from}, {"To", "+15005550006"}, {"Body", body}};
    const std::string signature = forged.empty() ? notify::twilio_signature(token_, "https://hub.example/hooks/twilio/sms", form) : forged;
    return post(notify::encode_form(form), {{"Content-Type", "application/x-www-form-urlencoded"}, {"X-Twilio-Signature", signature}});
  }
  test::Reply post(const std::string& body, const std::vector<std::pair<std::string, std::string>>& headers) {
    test::HttpClient client(web_->port());
    return client.request("POST", "/hooks/twilio/sms", body, headers);
  }
  /// How often an event of the type is on record for the command.
  template <class E>
  std::size_t count(const CommandId& command) {
    std::size_t n = 0;
    REQUIRE(store_->log().scan(1, store_->log().durable(), Part::decisions, [&](const RecordPtr& record) {
      const auto* event = std::get_if<E>(&record->event());
      n += event != nullptr && event->command == command;
      return true;
    }));
    return n;
  }
  ManualClock& clock() { return clock_; }

 private:
  ManualClock clock_{monday_noon};
  std::unique_ptr<Store> store_ = open_memory_store();
  notify::Outside outside_;
  HttpDouble twilio_{{answer(201, R"({"sid":"SM0123456789abcdef0123456789abcdef","status":"queued"})")}, &outside_.certificate};
  Secret token_{"the auth token"};
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Notifier> notifier_;
  std::unique_ptr<api::WebServer> web_;
};

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a YES with the code approves once, however often Twilio repeats it") {
  Hub hub;
  const CommandId command = hub.ask("miner-1", "a");
  const std::string code = hub.code(0);
  for (int i = 0; i < 20; ++i) {
    const auto said = hub.reply("yes, " + code + ".", 1);
    CHECK(said.status == 200);
    CHECK(has(said.body, "YES is on record"));
  }
  CHECK(hub.count<ApprovalDecided>(command) == 1);
  CHECK(hub.count<CommandDispatched>(command) == 1);
  const auto other = hub.reply("YES " + code, 2);  // the same words in another message
  CHECK(other.status == 200);
  CHECK(has(other.body, "answered before"));
}

TEST_CASE("a NO, a code of another question, and a time that is over") {
  Hub hub;
  const CommandId first = hub.ask("miner-1", "a"), second = hub.ask("heater", "b");
  const std::string one = hub.code(0), two = hub.code(1);
  CHECK(one != two);
  CHECK(has(hub.reply("No" + two, 1).body, "NO is on record"));
  CHECK(hub.count<CommandCancelled>(second) == 1);
  CHECK(hub.count<ApprovalDecided>(first) == 0);
  hub.clock().advance(approval_expiry);
  CHECK(hub.reply("YES " + one, 2).status == 200);
  CHECK(hub.count<ApprovalDecided>(first) == 0);
  CHECK(hub.count<CommandDispatched>(first) == 0);
}

TEST_CASE("without the code, the number or the signature nothing is approved (H25, H26)") {
  Hub hub;
  const CommandId command = hub.ask("miner-1", "a");
  const std::string code = hub.code(0), wrong = code == "000000" ? "000001" : "000000";
  CHECK(hub.reply("YES " + code, 1, number, "bm9uZQ==").status == 403);
  CHECK(hub.post("Body=YES+" + code, {{"Content-Type", "application/x-www-form-urlencoded"}}).status == 403);
  CHECK(hub.post("{}", {{"Content-Type", "application/json"}}).status == 415);
  const auto stranger = hub.reply("YES " + code, 2, "+48999999999");
  CHECK(stranger.status == 200);
  CHECK_FALSE(has(stranger.body, "Heliograph"));  // a stranger learns nothing
  CHECK(has(hub.reply("YES", 3).body, "reply YES or NO and the code"));
  CHECK(has(hub.reply("sure, go ahead", 4).body, "reply YES or NO and the code"));
  CHECK(hub.count<ApprovalAttemptFailed>(command) == 0);
  // The same wrong message many times counts once.
  for (int i = 0; i < 10; ++i) CHECK(has(hub.reply("YES " + wrong, 5).body, "no open request has this code"));
  for (int i = 0; i < 4; ++i) CHECK(hub.reply("YES " + wrong, 6 + i).status == 200);
  CHECK(hub.count<ApprovalAttemptFailed>(command) == 5);
  const auto late = hub.reply("YES " + code, 20);
  CHECK(has(late.body, "Too many wrong codes"));
  CHECK(hub.count<ApprovalDecided>(command) == 0);
}
