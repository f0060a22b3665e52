// The dry run's report for a terminal: the figures in a table, then the decisions, then what to keep in mind.
#include <algorithm>

#include "events/json.hpp"
#include "sim/report.hpp"

namespace heliograph {
namespace {

std::string decimal(std::int64_t value, unsigned stored_decimals, unsigned shown_decimals) {
  Wide divisor = 1;
  for (unsigned i = shown_decimals; i < stored_decimals; ++i) divisor *= 10;
  const std::int64_t rounded = rounded_quotient(value, divisor);
  const bool negative = rounded < 0;
  std::string digits = std::to_string(negative ? -rounded : rounded);
  if (digits.size() <= shown_decimals) digits.insert(0, shown_decimals + 1 - digits.size(), '0');
  if (shown_decimals > 0) digits.insert(digits.size() - shown_decimals, ".");
  return (negative ? "-" : "") + digits;
}

std::string right(std::string text, std::size_t width) {
  return text.size() < width ? std::string(width - text.size(), ' ') + text : text;
}
std::string left(std::string text, std::size_t width) {
  return text.size() < width ? text + std::string(width - text.size(), ' ') : text;
}

std::string local(Micros at, const Zone& zone) {
  return format_time(at + zone.offset_at(at)).substr(0, 16).replace(10, 1, " ");
}

std::string row(std::string_view title, const Known<Account>& account, const DryRunReport& report) {
  std::string line = "  " + left(std::string(title), 18);
  if (!account) return line + "unavailable (" + account.why() + ")\n";
  const Account& a = *account.value();
  line += right(decimal(a.import_ukwh(), 6, 1), 12) + right(decimal(a.export_ukwh(), 6, 1), 12);
  if (!report.tariff || a.unpriced() >= a.known())
    line += right("unavailable", 14);
  else
    line += right(decimal(a.cost_micro(), 6, 2), 14);
  return line + right(decimal(rounded_quotient(a.known(), 3'600), 6, 0), 9) + "\n";
}

std::string energy(const DryRunReport& report) {
  std::string text = "\n  " + left("", 18) + right("import kWh", 12) + right("export kWh", 12) +
                     right("cost " + report.currency, 14) + right("hours", 9) + "\n";
  text += row("what happened", report.what_happened, report);
  text += row("no battery", report.no_battery, report);
  text += row("self-consumption", report.self_consumption, report);
  text += row("candidate", report.candidate, report);
  if (!report.tariff) text += "  cost: unavailable (" + report.tariff.why() + ")\n";
  return text;
}

std::string model(const DryRunReport& report) {
  if (!report.model_error) return "\nModel error: unavailable (" + report.model_error.why() + ")\n";
  const ModelError& e = *report.model_error.value();
  return "\nModel error (actual rules simulated against the actual meter): import " +
         decimal(e.simulated.import_ukwh() - e.metered.import_ukwh(), 6, 1) + " kWh of " +
         decimal(e.metered.import_ukwh(), 6, 1) + ", export " +
         decimal(e.simulated.export_ukwh() - e.metered.export_ukwh(), 6, 1) + " kWh of " +
         decimal(e.metered.export_ukwh(), 6, 1) + "; " + std::to_string(e.commands_matched) + " of " +
         std::to_string(e.commands_recorded) + " recorded commands found again.\n";
}

std::string command_line(const DryRunCommand& command, const Zone& zone) {
  std::string line = "  " + local(command.at, zone) + "  " + left(command.device.text, 12) + " " +
                     left(std::string(name(command.action)), 11);
  if (command.action == Action::set_power) line += std::to_string(command.power_w) + " W ";
  if (command.action == Action::set_mode) line += "\"" + command.mode + "\" ";
  line += command.would_send ? "  " : "  REFUSED  ";
  line += command.reason + "\n";
  for (const DryRunRefusal& refusal : command.refusals) {
    line += "      " + refusal.rule + ": " + refusal.sentence;
    if (refusal.limit && refusal.actual)
      line += " (limit " + std::to_string(*refusal.limit) + ", actual " + std::to_string(*refusal.actual) +
              (refusal.unit.empty() ? ")" : " " + refusal.unit + ")");
    line += "\n";
  }
  return line;
}

std::string decisions(const DryRunReport& report, std::size_t commands) {
  std::string text = "\n" + std::to_string(report.would_send) + " commands would have been sent, " +
                     std::to_string(report.would_refuse) + " refused.";
  if (report.first_difference) text += " Simulated from " + local(*report.first_difference, report.zone) + " on.";
  text += "\n";
  for (const auto& [rule, outcomes] : report.firings) {
    text += "  rule " + rule + ":";
    for (const auto& [outcome, count] : outcomes) text += " " + outcome + " " + std::to_string(count);
    text += "\n";
  }
  const std::size_t listed = std::min(commands, report.commands.size());
  for (std::size_t i = 0; i < listed; ++i) text += command_line(report.commands[i], report.zone);
  const std::uint64_t all = report.would_send + report.would_refuse;
  if (all > listed) text += "  ... and " + std::to_string(all - listed) + " more (all with --json)\n";
  return text;
}

}  // namespace

std::string to_text(const DryRunReport& report, std::size_t commands) {
  std::string text = "Dry run of " + report.site.site.text + ", " + local(report.from, report.zone) + " to " +
                     local(report.to, report.zone) + " (" + report.zone.name() + "), " +
                     std::to_string(report.readings) + " readings of " + std::to_string(report.devices) +
                     " devices. Nothing was sent.\n";
  text += energy(report) + model(report) + decisions(report, commands) + "\nKeep in mind:\n";
  for (const auto& caveat : report.caveats) text += "  - " + caveat.text + "\n";
  return text + "\ndigest " + report.digest + "\n";
}

}  // namespace heliograph
