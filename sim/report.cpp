#include "sim/report.hpp"

#include "events/digest.hpp"
#include "events/json.hpp"

namespace heliograph {
namespace {

constexpr std::size_t gaps_listed = 100;

JsonWriter& hours(JsonWriter& json, Micros span) { return json.decimal(rounded_quotient(span, 3'600), 6); }

void unavailable(JsonWriter& json, std::string_view key, const std::string& why) {
  json.key(key).null();
  json.field(std::string(key) + "_unavailable", why);
}

void write_account(JsonWriter& json, std::string_view key, const Known<Account>& account, const DryRunReport& report,
                   bool with_battery) {
  if (!account) return unavailable(json, key, account.why());
  const Account& a = *account.value();
  json.key(key).begin_object();
  json.key("import_kwh").decimal(a.import_ukwh(), 6).key("export_kwh").decimal(a.export_ukwh(), 6);
  if (with_battery)
    json.key("battery_charge_kwh")
        .decimal(a.charge_ukwh(), 6)
        .key("battery_discharge_kwh")
        .decimal(a.discharge_ukwh(), 6);
  if (!report.tariff) {
    unavailable(json, "cost", report.tariff.why());
  } else if (a.unpriced() >= a.known()) {
    unavailable(json, "cost", "there is no price for any of the time");
  } else {
    json.key("cost").decimal(a.cost_micro(), 6);
  }
  hours(json.key("hours"), a.known());
  if (report.tariff) hours(json.key("hours_without_price"), a.unpriced());
  json.end_object();
}

void write_stored(JsonWriter& json, std::string_view key, const Known<double>& stored) {
  if (!stored) return unavailable(json, key, stored.why());
  json.key(key).decimal(rounded_quotient(static_cast<Wide>(*stored.value() * 1e6), 1'000), 6);
}

void write_energy(JsonWriter& json, const DryRunReport& report) {
  json.key("energy_and_money").begin_object();
  if (report.tariff)
    write_tariff(json.key("tariff"), *report.tariff.value());
  else
    unavailable(json, "tariff", report.tariff.why());
  json.field("currency", report.currency);
  write_account(json, "what_happened", report.what_happened, report, false);
  write_account(json, "no_battery", report.no_battery, report, false);
  write_account(json, "self_consumption", report.self_consumption, report, true);
  write_account(json, "candidate", report.candidate, report, true);
  write_stored(json, "self_consumption_stored_kwh", report.self_stored_wh);
  write_stored(json, "candidate_stored_kwh", report.stored_wh);
  json.end_object();
}

void write_model_error(JsonWriter& json, const DryRunReport& report) {
  if (!report.model_error) return unavailable(json, "model_error", report.model_error.why());
  const ModelError& e = *report.model_error.value();
  json.key("model_error").begin_object();
  json.key("import_metered_kwh")
      .decimal(e.metered.import_ukwh(), 6)
      .key("import_simulated_kwh")
      .decimal(e.simulated.import_ukwh(), 6);
  json.key("export_metered_kwh")
      .decimal(e.metered.export_ukwh(), 6)
      .key("export_simulated_kwh")
      .decimal(e.simulated.export_ukwh(), 6);
  if (report.tariff)
    json.key("cost_difference").decimal(e.simulated.cost_micro() - e.metered.cost_micro(), 6);
  else
    unavailable(json, "cost_difference", report.tariff.why());
  json.field("commands_recorded", e.commands_recorded).field("commands_matched", e.commands_matched);
  hours(json.key("hours"), e.metered.known());
  json.end_object();
}

void write_coverage(JsonWriter& json, const DryRunReport& report) {
  json.key("coverage").begin_object().field("readings", report.readings).field("devices", report.devices);
  hours(json.key("hours"), report.to - report.from);
  Micros lost = 0;
  for (const Gap& gap : report.gaps) lost += gap.to - gap.from;
  if (report.no_battery)
    hours(json.key("hours_in_gaps"), lost);
  else
    unavailable(json, "hours_in_gaps", report.no_battery.why());
  json.field("gap_count", report.gaps.size()).key("gaps").begin_array();  // the first of them
  for (std::size_t i = 0; i < report.gaps.size() && i < gaps_listed; ++i) {
    json.begin_object();
    json.key("from").time(report.gaps[i].from).key("to").time(report.gaps[i].to).end_object();
  }
  json.end_array().end_object();
}

void write_seen(JsonWriter& json, const Seen& seen) {
  if (!seen.simulated)
    json.unsigned_integer(seen.position);
  else
    json.begin_object().field("simulated_after", seen.position).end_object();
}

void write_refusal(JsonWriter& json, const DryRunRefusal& refusal) {
  json.begin_object().field("rule", refusal.rule).field("sentence", refusal.sentence);
  if (refusal.limit) json.field("limit", *refusal.limit);
  if (refusal.actual) json.field("actual", *refusal.actual);
  if (!refusal.unit.empty()) json.field("unit", refusal.unit);
  if (refusal.seen) write_seen(json.key("reading"), *refusal.seen);
  json.end_object();
}

void write_command(JsonWriter& json, const DryRunCommand& command) {
  json.begin_object()
      .key("at")
      .time(command.at)
      .field("command", command.command.text)
      .field("device", command.device.text);
  json.field("action", name(command.action));
  if (command.action == Action::set_mode) json.field("mode", command.mode);
  if (!is_switch(command.action)) json.field("power_w", command.power_w);
  json.field("principal", to_string(command.principal))
      .field("would_send", command.would_send)
      .field("reason", command.reason);
  json.key("readings").begin_array();
  for (const Seen& seen : command.readings) write_seen(json, seen);
  json.end_array();
  if (!command.refusals.empty()) {
    json.key("refusals").begin_array();
    for (const DryRunRefusal& refusal : command.refusals) write_refusal(json, refusal);
    json.end_array();
  }
  json.end_object();
}

void write_decisions(JsonWriter& json, const DryRunReport& report) {
  json.key("decisions").begin_object();
  json.field("would_send", report.would_send)
      .field("would_refuse", report.would_refuse)
      .field("notifications", report.notifications);
  json.key("first_difference");
  if (report.first_difference)
    json.time(*report.first_difference);
  else
    json.null();
  json.key("firings").begin_object();
  for (const auto& [rule, outcomes] : report.firings) {
    json.key(rule).begin_object();
    for (const auto& [outcome, count] : outcomes) json.field(outcome, count);
    json.end_object();
  }
  json.end_object().key("commands").begin_array();
  for (const DryRunCommand& command : report.commands) write_command(json, command);
  json.end_array().end_object();
}

/// Everything but the digest.
void write_body(JsonWriter& json, const DryRunReport& report) {
  json.field("tenant", report.site.tenant.text).field("site", report.site.site.text);
  json.key("from").time(report.from).key("to").time(report.to).field("time_zone", report.zone.name());
  json.field("rules_from", report.own_rules ? "site" : "candidate").key("rules").begin_array();
  for (const std::string& rule : report.rules) json.raw(rule);
  json.end_array();
  write_scenario(json.key("scenario"), report.scenario);
  write_coverage(json, report);
  write_energy(json, report);
  write_model_error(json, report);
  write_decisions(json, report);
  json.key("caveats").begin_array();
  for (const auto& caveat : report.caveats)
    json.begin_object().field("code", caveat.code).field("text", caveat.text).end_object();
  json.end_array();
}

}  // namespace

void seal(DryRunReport& report) {
  JsonWriter json;
  json.begin_object();
  write_body(json, report);
  json.end_object();
  report.digest = hex(bytes_of(sha256({json.view()})));
}

std::string to_json(const DryRunReport& report) {
  JsonWriter json;
  json.begin_object();
  write_body(json, report);
  json.field("digest", report.digest).end_object();
  return json.take();
}

}  // namespace heliograph
