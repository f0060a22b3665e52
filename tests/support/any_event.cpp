#include "tests/support/any_event.hpp"

#include <array>
#include <limits>

namespace heliograph::testing {
namespace {

class Any {
 public:
  explicit Any(std::mt19937_64& random) : random_(random) {}

  std::uint64_t below(std::uint64_t n) { return random_() % n; }
  bool flag() { return below(2) == 1; }
  std::int64_t number() {
    switch (below(5)) {
      case 0: return 0;
      case 1: return std::numeric_limits<std::int64_t>::max() - static_cast<std::int64_t>(below(3));
      case 2: return std::numeric_limits<std::int64_t>::min() + 1 + static_cast<std::int64_t>(below(3));
      default: return static_cast<std::int64_t>(below(2'000'000)) - 1'000'000;
    }
  }
  Micros moment() { return static_cast<Micros>(below(9'000'000'000'000'000)); }
  Micros span() { return static_cast<Micros>(below(86'400)) * second_us; }
  Position position() { return below(4) == 0 ? 0 : 1 + below(1'000'000'000); }
  std::string text() {
    static constexpr std::array<const char*, 10> pieces = {"a", "Z 9", "\"", "\\", "/", "\n", "é", "漢", "\xF0\x9F\x94\x8B", "</x>"};
    std::string out;
    for (std::uint64_t n = below(12); n > 0; --n) out += pieces[below(pieces.size())];
    return out;
  }
  std::string id() {
    static constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz0123456789-";
    std::string out(1, letters[below(36)]);
    for (std::uint64_t n = below(20); n > 0; --n) out += letters[below(37)];
    return out;
  }
  std::string bytes(std::size_t n) {
    std::string out;
    while (out.size() < n) out += static_cast<char>(below(256));
    return out;
  }
  Metric metric() { return static_cast<Metric>(1 + below(metric_slots - 1)); }
  Metric numeric() {
    for (;;)
      if (const Metric m = metric(); info(m).kind != Kind::text) return m;
  }
  Action action() { return static_cast<Action>(below(4)); }
  Refusal refusal() {
    Refusal r{id(), text(), {}, {}, flag() ? "W" : "", position()};
    if (flag()) r.limit = number();
    if (flag()) r.actual = number();
    return r;
  }

  void fill(SiteConfigured& e) { e = {text(), text(), text(), static_cast<std::int32_t>(number()), number(), flag()}; }
  void fill(DeviceRegistered& e) {
    e = {{id()}, static_cast<DeviceKind>(below(6)), text(), flag(), flag(), number(), span(), span(), span(), span(),
         static_cast<SafeState>(below(3)), span(), span(), flag(), number(), text(), id()};
    for (std::uint64_t n = below(3); n > 0; --n) e.modes.push_back({text(), number()});
  }
  void fill(RuleSaved& e) { e = {{id()}, below(99), flag(), R"({"id":"x","n":[1,2.5,"é"]})"}; }
  void fill(RuleRemoved& e) { e.rule.text = id(); }
  void fill(RuleFired& e) {
    e.rule.text = id(), e.rule_version = below(99), e.rule_saved = position(), e.trigger = id();
    if (flag()) e.device.text = id(), e.metric = numeric(), e.value = flag() ? number() : missing, e.threshold = number(), e.reading = position();
    e.by_timer = flag(), e.outcome = static_cast<RuleOutcome>(below(5)), e.detail = text();
  }
  void fill(NotificationRaised& e) { e = {text(), text()}; }
  void fill(CommandRequested& e) { e = {{id()}, {id()}, action(), number(), text(), static_cast<Purpose>(below(3)), {flag() ? id() : ""}, flag() ? text() : ""}; }
  void fill(CommandRefused& e) {
    e.command.text = id();
    for (std::uint64_t n = 1 + below(4); n > 0; --n) e.refusals.push_back(refusal());
    e.snapshot = position();
  }
  void fill(CommandAllowed& e) {
    e.command.text = id();
    for (std::uint64_t n = below(4); n > 0; --n) e.readings.push_back(position());
    e.snapshot = position();
  }
  void fill(CommandDispatched& e) { e = {{id()}, {id()}, action(), number(), moment(), moment(), static_cast<std::uint32_t>(below(3)), span(),
                                         static_cast<Purpose>(below(3)), flag() ? id() : "", flag() ? text() : ""}; }
  void fill(CommandVerified& e) { e = {{id()}, position()}; }
  void fill(CommandFailed& e) { e = {{id()}, static_cast<FailureKind>(below(4)), text()}; }
  void fill(StopEngaged& e) { e.reason = text(); }
  void fill(StopLifted& e) { e.reason = text(); }
  void fill(EngineStarted& e) { e = {text(), text(), flag(), flag()}; }
  void fill(EngineStopped&) {}
  void fill(HistoryImported& e) {
    e = {text(), id(), id(), below(1'000'000), below(1'000'000), below(1'000'000), flag() ? "" : R"({"gaps":[]})"};
  }
  void fill(ReadingsDropped& e) {
    e = {position(), position(), static_cast<std::int32_t>(below(4000)), below(1'000'000), {}};
    for (std::uint64_t i = below(3); i > 0; --i) e.hours.push_back({{id()}, static_cast<Metric>(1 + below(metric_slots - 1)), moment(), text()});
  }
  ApprovalChannel channel() { return static_cast<ApprovalChannel>(below(4)); }
  DayWindow window() { return {static_cast<std::int32_t>(below(1440)), static_cast<std::int32_t>(below(1440))}; }
  void fill(CommandWaiting& e) { e = {{id()}, static_cast<Waiting>(below(4)), moment(), flag() ? moment() : 0}; }
  void fill(CommandCancelled& e) { e = {{id()}, static_cast<Cancelled>(below(6)), text()}; }
  void fill(CommandAnswered& e) {
    e = {{id()}, static_cast<std::uint32_t>(below(3)), static_cast<Answered>(below(2)), flag() ? moment() : 0, text()};
  }
  void fill(CommandRolledBack& e) { e = {{id()}, {id()}}; }
  void fill(RollbackSkipped& e) { e = {{id()}, text()}; }
  void fill(ApprovalRequested& e) { e = {{id()}, text(), moment()}; }
  void fill(ApprovalDecided& e) { e = {{id()}, flag(), channel()}; }
  void fill(ApprovalAttemptFailed& e) { e = {{id()}, channel()}; }
  void fill(LeaseRenewed& e) { e = {{id()}, {id()}, moment()}; }
  void fill(LeaseEnded& e) { e = {{id()}, {id()}, moment(), text()}; }
  void fill(DeviceChanged& e) { e = {{id()}, flag(), position()}; }
  void fill(PreferencesSet& e) {
    const auto permille = [this] { return static_cast<std::int32_t>(below(1001)); };
    e = {permille(), permille(), permille(), permille(), number(), window(), window(), flag(), static_cast<Confirmation>(below(3)),
         text(), text(), flag(), window()};
  }
  void fill(AlertRaised& e) { e = {text(), static_cast<Severity>(below(3)), text()}; }
  void fill(AlertAcknowledged& e) { e.alert = text(); }
  void fill(AlertCleared& e) { e.alert = text(); }
  void fill(NotificationSettled& e) { e = {position(), id(), flag(), text()}; }
  void fill(ClockSuspected& e) { e.step = number(); }
  void fill(ClockTrusted&) {}
  std::vector<SiteId> sites() {
    std::vector<SiteId> out;
    for (std::uint64_t n = below(3); n > 0; --n) out.push_back({id()});
    return out;
  }
  void fill(TenantConfigured& e) { e = {text(), text(), text(), static_cast<std::int32_t>(below(4000))}; }
  void fill(UserSaved& e) { e = {{id()}, text(), text(), static_cast<Role>(below(6)), sites(), flag()}; }
  void fill(UserRemoved& e) { e.user.text = id(); }
  void fill(InvitationMade& e) { e = {{id()}, bytes(32), moment()}; }
  void fill(PasswordSet& e) { e = {{id()}, bytes(120)}; }
  void fill(TotpEnrolled& e) {
    e = {{id()}, bytes(60), {}};
    for (std::uint64_t n = below(11); n > 0; --n) e.backup_codes.push_back(bytes(32));
  }
  void fill(TotpRemoved& e) { e.user.text = id(); }
  void fill(SecondFactorUsed& e) { e = {{id()}, number(), static_cast<std::int32_t>(below(11)) - 1}; }
  void fill(SessionBegan& e) { e = {{id()}, {id()}, bytes(32), text(), text(), moment(), flag(), flag()}; }
  void fill(SessionRefreshed& e) { e = {{id()}, bytes(32)}; }
  void fill(SessionSteppedUp& e) { e = {{id()}, moment()}; }
  void fill(SessionEnded& e) { e = {{id()}, {id()}, static_cast<SessionEnd>(below(6))}; }
  void fill(LoginFailed& e) { e = {{flag() ? id() : ""}, text(), static_cast<LoginFailure>(below(3))}; }
  void fill(ApiKeyMade& e) {
    e = {{id()}, {id()}, text(), bytes(32), {}, sites(), flag() ? moment() : 0};
    for (std::uint64_t n = below(4); n > 0; --n) e.may.push_back(static_cast<Permission>(below(permissions)));
  }
  void fill(ApiKeyRevoked& e) { e.key.text = id(); }
  void fill(AccessRefused& e) { e = {id(), id(), text()}; }
  void fill(CheckpointSigned& e) { e = {position(), bytes(32), id(), bytes(64)}; }

 private:
  std::mt19937_64& random_;
};

template <std::size_t I = 0>
Event make(std::size_t kind, Any& any) {
  if constexpr (I < std::variant_size_v<EventKinds>) {
    if (I != kind) return make<I + 1>(kind, any);
    std::variant_alternative_t<I, EventKinds> event;
    any.fill(event);
    return event;
  } else {
    ensure(false, "there is no such kind of event", "any_event");
    return {};
  }
}

Envelope any_envelope(Any& any) {
  Envelope e;
  e.position = 1 + any.below(1'000'000'000);
  e.site = {{any.id()}, {any.flag() ? any.id() : ""}};
  e.stream = "device-" + any.id();
  e.version = 1 + any.below(1'000);
  e.occurred_at = any.moment();
  e.recorded_at = any.moment();
  e.principal = {static_cast<PrincipalKind>(any.below(7)), any.id()};
  e.cause = any.position();
  e.correlation = any.text();
  e.idempotency_key = any.flag() ? any.text() : "";
  return e;
}

}  // namespace

Event any_event(std::size_t kind, std::mt19937_64& random) {
  Any any(random);
  return make(kind, any);
}

Record any_record(std::size_t kind, std::mt19937_64& random) {
  Any any(random);
  Record record{any_envelope(any), any_event(kind, random)};
  record.envelope.type = type_name(record.event());
  record.envelope.schema = schema_version(record.event());
  return record;
}

Record any_readings(std::mt19937_64& random) {
  Any any(random);
  ReadingBuilder builder;
  builder.historic(any.flag());
  for (std::uint64_t n = 1 + any.below(20); n > 0; --n) {
    builder.row(any.id(), any.moment());
    for (std::uint64_t m = any.below(6); m > 0; --m) {
      const Metric metric = any.metric();
      if (info(metric).kind == Kind::text) builder.set_text(metric, any.text());
      else if (any.below(10) == 0) builder.suspect(metric, Quality::unreadable, any.text());
      else builder.set(metric, info(metric).min + static_cast<std::int64_t>(any.below(static_cast<std::uint64_t>(info(metric).max - info(metric).min) + 1)));
    }
  }
  Record record{any_envelope(any), std::make_shared<const ReadingBatch>(builder.take())};
  record.envelope.type = readings_type;
  return record;
}

}  // namespace heliograph::testing
