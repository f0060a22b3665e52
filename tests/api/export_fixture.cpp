#include "tests/api/export_fixture.hpp"

#include <algorithm>
#include <sstream>

namespace heliograph::testing {

SigningKey key_of(std::uint8_t seed) {
  Digest bytes{};
  bytes.fill(seed);
  return SigningKey::from_seed(bytes);
}

std::vector<Fact> one_of_each() {
  const DeviceId miner{"miner-1"};
  const CommandId command{"c-1"};
  const RuleId rule{"guard"};
  Refusal refusal{"soc-floor", "The battery is at 19 %, below 20 %.", 200, 190, "permille", 1};
  RuleFired fired{rule, 1, 3, "low", miner, Metric::soc_permille, 190, 200, 4, false, RuleOutcome::acted, "at once"};
  return {
      {tenant, EngineStarted{"0.1.0", "abc", false}, {PrincipalKind::system, ""}},
      {home, SiteConfigured{"Home, \"sweet\" home", "Europe/Warsaw", "PLN", 200, 9000, true}},
      {home,
       DeviceRegistered{miner, DeviceKind::plug, "Miner", true, false, 3000, minute_us, minute_us, hour_us, minute_us}},
      {home, RuleSaved{rule, 1, true, R"({"when": {"soc_percent": {"below": 20}}, "then": ["off"]})"}},
      {home, fired, {PrincipalKind::rule, "guard"}},
      {home, NotificationRaised{"Low", "battery\nlow \x1b[31m"}, {PrincipalKind::schedule, "hourly"}},
      {home, CommandRequested{command, miner, Action::set_power, -1500, "peak price"}, {PrincipalKind::apikey, "hg-1"}},
      {home, CommandRefused{command, {refusal}}, {PrincipalKind::system, ""}},
      {home, CommandAllowed{command, {1, 2}}},
      {home, CommandDispatched{command, miner, Action::switch_off, 0, start + hour_us, start + minute_us}},
      {home, CommandVerified{command, 9}, {PrincipalKind::device, "miner-1"}},
      {home, CommandFailed{command, FailureKind::outcome_unknown, "no answer"}, {PrincipalKind::agent, "planner"}},
      {barn, StopEngaged{"smoke"}},
      {barn, StopLifted{"burnt toast"}},
      {home, RuleRemoved{rule}},
      {home, HistoryImported{"a.csv", "00", "nl_p1", 10, 9, 1, R"({"rows": 10})"}},
      {home, ReadingsDropped{1, 1, 30, 12, {{miner, Metric::power_w, start, "\x01\xff"}}}, {PrincipalKind::system, "retention"}},
      {home, CheckpointSigned{5, std::string(32, '\x7f'), "k", std::string(64, '\xff')}},
      {home, CommandWaiting{command, Waiting::its_turn, start + hour_us, start + minute_us}},
      {home, CommandCancelled{command, Cancelled::replaced, "by c-2"}},
      {home, ApprovalRequested{command, "Switch \"Miner\" (miner-1) on.", start + 5 * minute_us}, {PrincipalKind::agent, "planner"}},
      {home, ApprovalAttemptFailed{command, ApprovalChannel::sms}},
      {home, ApprovalDecided{command, true, ApprovalChannel::mail}},
      {home, CommandAnswered{command, 1, Answered::unreachable, start + second_us, "no route"}},
      {home, CommandRolledBack{command, {"c-2"}}},
      {home, RollbackSkipped{command, "by hand"}},
      {home, LeaseRenewed{command, miner, start + hour_us}, {PrincipalKind::rule, "guard"}},
      {home, LeaseEnded{command, miner, start + hour_us, "stop"}},
      {home, DeviceChanged{miner, true, 9}, {PrincipalKind::device, "miner-1"}},
      {home, PreferencesSet{}},
      {home, AlertRaised{"device-offline/miner-1", Severity::critical, "Nothing heard"}},
      {home, AlertAcknowledged{"device-offline/miner-1"}},
      {home, AlertCleared{"device-offline/miner-1"}},
      {home, NotificationSettled{9, "mail/anna", false, "no such user"}},
      {home, ClockSuspected{-hour_us}},
      {home, ClockTrusted{}},
      {tenant, TenantConfigured{"The \"Smiths\"", "PLN", "Europe/Warsaw", 400}, {PrincipalKind::system, "anna"}},
      {tenant, UserSaved{{"ben"}, "Ben", "ben@example.org", Role::node_user, {{"home"}}, true}},
      {tenant, UserRemoved{{"ben"}}},
      {tenant, InvitationMade{{"ben"}, std::string(32, '\x01'), start + day_us}},
      {tenant, PasswordSet{{"ben"}, std::string(120, '\x02')}},
      {tenant, TotpEnrolled{{"ben"}, std::string(60, '\x03'), {std::string(32, '\x04')}}},
      {tenant, TotpRemoved{{"ben"}}},
      {tenant, SecondFactorUsed{{"ben"}, 57, -1}},
      {tenant, SessionBegan{{"5e55"}, {"ben"}, std::string(32, '\x05'), "::1", "curl", start + hour_us, true, false}},
      {tenant, SessionRefreshed{{"5e55"}, std::string(32, '\x06')}},
      {tenant, SessionSteppedUp{{"5e55"}, start + minute_us}},
      {tenant, SessionEnded{{"5e55"}, {"ben"}, SessionEnd::token_reused}},
      {tenant, LoginFailed{{}, "203.0.113.7", LoginFailure::password}, {PrincipalKind::system, ""}},
      {tenant, ApiKeyMade{{"k1"}, {"ben"}, "a meter", std::string(32, '\x07'), {Permission::write_readings}, {}, start + day_us}},
      {tenant, ApiKeyRevoked{{"k1"}}},
      {tenant, AccessRefused{"addUser", "manage_people", "::1"}, {PrincipalKind::apikey, "k1"}},
      {tenant, EngineStopped{}, {PrincipalKind::system, ""}},
  };
}

void append(EventLog& log, const SiteKey& site, Draft draft) {
  auto turn = log.begin(site, start);
  REQUIRE(turn);
  auto added = turn->add(std::move(draft));
  INFO((added ? "" : added.error().sentence));
  REQUIRE(added);
  turn->stage();
  REQUIRE(log.commit());
}

Draft draft_of(Event event, Micros at) {
  Draft draft;
  draft.stream = "site-things";
  draft.occurred_at = at;
  draft.principal = {PrincipalKind::user, "ada"};
  draft.body = std::move(event);
  return draft;
}

Draft batch_of(std::size_t rows, Micros at) {
  ReadingBuilder builder;
  for (std::size_t i = 0; i < rows; ++i) {
    builder.row("meter-1", at + static_cast<Micros>(i) * minute_us);
    builder.set(Metric::load_w, 300 + static_cast<std::int64_t>(i % 7));
    if (i == 1) builder.suspect(Metric::soc_permille, Quality::unreadable, "85\xff%");
    if (i < 3) builder.set_text(Metric::mode, "self, use");
  }
  Draft draft;
  draft.stream = "device-meter-1";
  draft.occurred_at = at;
  draft.principal = {PrincipalKind::device, "meter-1"};
  draft.body = std::make_shared<const ReadingBatch>(builder.take());
  return draft;
}

void fill(EventLog& log) {
  std::size_t i = 0;
  for (Fact& fact : one_of_each()) {
    Draft draft = draft_of(std::move(fact.event), start + static_cast<Micros>(i) * hour_us);
    draft.principal = fact.principal;
    draft.cause = log.durable();
    draft.correlation = i == 6 ? "=HYPERLINK(\"http://x\",\"y\")" : "";
    draft.idempotency_key = i == 6 ? "key \xc3\x28 1" : "";
    append(log, fact.site, std::move(draft));
    if (i++ % 3 == 0 && i <= 36) append(log, home, batch_of(4, start + static_cast<Micros>(i) * hour_us));
  }
}

ExportOptions options_of(ExportFormat format, bool readings) {
  ExportOptions options;
  options.format = format;
  options.readings = readings;
  options.origin = "heliograph/acme";
  options.version = "0.1.0";
  return options;
}

std::string exported(EventLog& log, const ExportOptions& options, std::uint8_t seed) {
  std::ostringstream out;
  const auto summary = export_log(log, options, key_of(seed), out);
  INFO((summary ? "" : summary.error().sentence));
  REQUIRE(summary);
  return out.str();
}

ExportVerdict verdict_of(const std::string& file, const VerifyExportOptions& options) {
  std::istringstream in(file);
  auto verdict = verify_export(in, options);
  INFO((verdict ? "" : verdict.error().sentence));
  REQUIRE(verdict);
  return *verdict;
}

std::string all_of(const ExportVerdict& verdict) {
  std::string out;
  for (const auto& f : verdict.findings) out += std::to_string(f.line) + ": " + f.sentence + "\n";
  return out;
}

void require_clean(const std::string& file, const VerifyExportOptions& options) {
  const auto verdict = verdict_of(file, options);
  INFO(all_of(verdict));
  REQUIRE(verdict.ok());
  REQUIRE(verdict.proof);
}

void require_found(const std::string& file, std::uint64_t line, const std::string& words,
                   const VerifyExportOptions& options) {
  const auto verdict = verdict_of(file, options);
  INFO("expected at line " << line << ": " << words << "\n" << all_of(verdict));
  REQUIRE_FALSE(verdict.ok());
  REQUIRE(std::any_of(verdict.findings.begin(), verdict.findings.end(), [&](const ExportFinding& f) {
    return (line == 0 || f.line == line) && f.sentence.find(words) != std::string::npos;
  }));
}

std::vector<std::string> lines_of(const std::string& file) {
  std::vector<std::string> lines;
  std::istringstream in(file);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string out;
  for (const auto& line : lines) out += line + "\n";
  return out;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  INFO(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

std::size_t line_with(const std::vector<std::string>& lines, const std::string& words) {
  for (std::size_t i = 0; i < lines.size(); ++i)
    if (lines[i].find(words) != std::string::npos) return i;
  FAIL("no line with " + words);
  return 0;
}

std::string in_format(ExportFormat format, std::string json) {
  if (format != ExportFormat::csv) return json;
  std::string out;
  for (const char c : json) out.append(c == '"' ? 2 : 1, c);
  return out;
}

}  // namespace heliograph::testing
