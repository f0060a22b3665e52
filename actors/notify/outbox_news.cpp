// Which facts are told, in which words, and when the telling is called off.
#include <algorithm>
#include <array>

#include "actors/notify/outbox.hpp"

namespace heliograph::notify {

Micros notify_after(std::string_view alert) {
  // Silence and doubt often mend themselves; the rest does not.
  static constexpr std::array patient{"device-offline/", "implausible/", "disagree"};
  const bool waits = std::any_of(patient.begin(), patient.end(), [&](std::string_view prefix) { return alert.starts_with(prefix); });
  return waits ? 5 * minute_us : 0;
}

Notice Outbox::notice(const Record& record, NoticeKind kind, std::string title, std::string text) {
  const Envelope& e = record.envelope;
  const Home& h = home(e.site);
  Notice out;
  out.id = "n-" + std::to_string(e.position);
  out.kind = kind;
  out.site = e.site.site, out.site_name = h.settings.name;
  if (auto zone = Zone::find(h.settings.time_zone)) out.zone = *zone;
  out.title = std::move(title), out.text = std::move(text);
  out.at = e.occurred_at;
  return out;
}

void Outbox::apply(const Record& record) {
  if (record.is_readings()) return;
  const Envelope& e = record.envelope;
  const Event& event = record.event();
  if (const auto* settings = std::get_if<SiteConfigured>(&event)) {
    know(e.site, *settings);
  } else if (const auto* wishes = std::get_if<PreferencesSet>(&event)) {
    know(e.site, *wishes);
  } else if (const auto* settled = std::get_if<NotificationSettled>(&event)) {
    std::erase_if(deliveries_, [&](const auto& each) {
      const Pending& p = each.second;
      return p.about == settled->about && p.due.route.name + (p.part.empty() ? "" : " " + p.part) == settled->channel;
    });
  } else if (const auto* raised = std::get_if<NotificationRaised>(&event)) {
    Notice told = notice(record, NoticeKind::alert, raised->title.empty() ? raised->text : raised->title, raised->title.empty() ? "" : raised->text);
    told.severity = Severity::info;
    told.subject_key = e.site.site.text + "/" + e.stream;
    for (const Route& route : routes(e.site))
      if ((route.kind == ChannelKind::mail || route.kind == ChannelKind::slack || route.kind == ChannelKind::webhook) && wanted(e.site, route, Severity::info))
        tell(record, told, route, not_quiet(e.site, route, Severity::info, e.occurred_at));
  } else {
    apply_command(record);
    apply_alert(record);
  }
}

// ---- questions and results ------------------------------------------------------------------------------------------------

void Outbox::apply_command(const Record& record) {
  const SiteKey& site = record.envelope.site;
  const Event& event = record.event();
  if (const auto* requested = std::get_if<CommandRequested>(&event)) {
    commands_[{site, requested->command.text}] = {record.envelope.principal, requested->reason, {}, 0, false};
  } else if (const auto* asked = std::get_if<ApprovalRequested>(&event)) {
    ask_people(record, *asked);
  } else if (const auto* decided = std::get_if<ApprovalDecided>(&event)) {
    no_longer_asked(site, decided->command);
    if (const auto found = commands_.find({site, decided->command.text}); found != commands_.end()) found->second.granted = decided->granted;
  } else if (const auto* cancelled = std::get_if<CommandCancelled>(&event)) {
    no_longer_asked(site, cancelled->command);
    if (cancelled->why == Cancelled::expired) result(record, cancelled->command, "Not done: nobody said yes in time");
    else if (cancelled->why != Cancelled::denied && cancelled->why != Cancelled::by_person) result(record, cancelled->command, "Not done: called off");
    commands_.erase({site, cancelled->command.text});
  } else if (const auto* refused = std::get_if<CommandRefused>(&event)) {
    result(record, refused->command, "Not done: refused by safety (" + (refused->refusals.empty() ? "" : refused->refusals.front().rule) + ")");
    commands_.erase({site, refused->command.text});
  } else if (const auto* verified = std::get_if<CommandVerified>(&event)) {
    result(record, verified->command, "Done");
    commands_.erase({site, verified->command.text});
  } else if (const auto* failed = std::get_if<CommandFailed>(&event)) {
    const bool unknown = failed->kind == FailureKind::outcome_unknown || failed->kind == FailureKind::contradicted;
    result(record, failed->command, unknown ? "Not confirmed: look at the device" : "Failed");
    commands_.erase({site, failed->command.text});
  }
}

/// Links and codes go to people; services hear that there is a question, without them.
void Outbox::ask_people(const Record& record, const ApprovalRequested& event) {
  const SiteKey& site = record.envelope.site;
  Command& command = commands_[{site, event.command.text}];
  command.sentence = event.sentence, command.asked = record.envelope.position;
  Asked& asked = asked_[{site, event.command.text}];
  asked.question = {site, event.command, record.envelope.position, event.sentence, event.expires_at};
  for (const Route& route : routes(site)) {
    const bool mail = route.kind == ChannelKind::mail, sms = route.kind == ChannelKind::sms;
    if (route.kind == ChannelKind::pagerduty || (mail && base_url_.empty())) continue;
    Notice told = notice(record, NoticeKind::approval, event.sentence, {});
    told.severity = Severity::warning;
    told.subject_key = site.site.text + "/command/" + event.command.text;
    told.approval = ApprovalInvitation{event.sentence, to_string(command.who), command.why, {}, {}, {}, event.expires_at};
    if (mail) {
      told.approval->url = Secret(base_url_ + "/approve/" + proof_.token(asked.question, route.address).reveal());
      told.approval->mail_code = proof_.mail_code(asked.question, route.address);
    }
    if (sms) told.approval->sms_code = proof_.sms_code(asked.question, route.address);
    // A question is for now: in quiet hours it is not asked by text message, and a mail makes no noise.
    if (sms && not_quiet(site, route, Severity::warning, record.envelope.occurred_at) != record.envelope.occurred_at) continue;
    if (mail || sms) asked.contacts.emplace_back(route.kind, route.address);
    tell(record, told, route, record.envelope.occurred_at);
    if (!mail) continue;
    Notice reminder = notice(record, NoticeKind::result, "Still waits for a yes: " + event.sentence, "The mail before this one holds the link and the code.");
    reminder.id += "-reminder";
    reminder.severity = Severity::warning, reminder.subject_key = told.subject_key;
    tell(record, reminder, route, event.expires_at - remind_before, "reminder");
  }
}

void Outbox::no_longer_asked(const SiteKey& site, const CommandId& command) {
  const auto found = asked_.find({site, command.text});
  if (found == asked_.end()) return;
  found->second.open = false;
  std::erase_if(deliveries_, [&](const auto& each) { return each.second.about == found->second.question.asked && !each.second.out; });
}

/// Whoever was asked hears what came of it.
void Outbox::result(const Record& record, const CommandId& command, const std::string& title) {
  const SiteKey& site = record.envelope.site;
  const auto found = commands_.find({site, command.text});
  if (found == commands_.end() || found->second.asked == 0) return;
  Notice told = notice(record, NoticeKind::result, title, found->second.sentence);
  told.subject_key = site.site.text + "/command/" + command.text;
  for (const Route& route : routes(site))
    if (route.kind != ChannelKind::pagerduty && route.kind != ChannelKind::sms && wanted(site, route, Severity::info))
      tell(record, told, route, not_quiet(site, route, Severity::info, record.envelope.occurred_at));
}

// ---- alerts -----------------------------------------------------------------------------------------------------------------

void Outbox::apply_alert(const Record& record) {
  const SiteKey& site = record.envelope.site;
  const Event& event = record.event();
  if (const auto* raised = std::get_if<AlertRaised>(&event)) {
    alerts_[{site, raised->alert}] = *raised;
    std::vector<Route>& told_to = told_[{site, raised->alert}];
    Notice told = notice(record, NoticeKind::alert, raised->text, {});
    told.severity = raised->severity, told.subject_key = site.site.text + "/" + raised->alert;
    const Micros at = record.envelope.occurred_at + notify_after(raised->alert);
    for (const Route& route : routes(site)) {
      const bool loud = route.kind == ChannelKind::sms;  // a text message wakes people
      if ((loud && raised->severity != Severity::critical) || !wanted(site, route, raised->severity)) continue;
      tell(record, told, route, not_quiet(site, route, raised->severity, at), {}, raised->alert);
      told_to.push_back(route);
    }
  } else if (const auto* seen = std::get_if<AlertAcknowledged>(&event)) {
    alert_over(record, seen->alert, Phase::acknowledged);
  } else if (const auto* cleared = std::get_if<AlertCleared>(&event)) {
    alert_over(record, cleared->alert, Phase::resolved);
    alerts_.erase({site, cleared->alert});
    told_.erase({site, cleared->alert});
  }
}

/// Who has not been told of it need not be; who was, hears that it is over.
void Outbox::alert_over(const Record& record, const std::string& alert, Phase phase) {
  const SiteKey& site = record.envelope.site;
  const auto known = alerts_.find({site, alert});
  if (known == alerts_.end()) return;
  Notice told = notice(record, NoticeKind::alert, known->second.text, {});
  told.severity = known->second.severity, told.subject_key = site.site.text + "/" + alert, told.phase = phase;
  for (const Route& route : told_[{site, alert}]) {
    const auto waits = std::find_if(deliveries_.begin(), deliveries_.end(), [&](const auto& each) {
      const Pending& p = each.second;
      return p.alert == alert && p.due.site == site && p.due.route == route && p.tries == 0;
    });
    if (waits != deliveries_.end()) {
      if (phase == Phase::resolved) deliveries_.erase(waits);
      continue;
    }
    const bool service = route.kind == ChannelKind::pagerduty || route.kind == ChannelKind::webhook || route.kind == ChannelKind::slack;
    if (service || (route.kind == ChannelKind::mail && phase == Phase::resolved))
      tell(record, told, route, not_quiet(site, route, Severity::info, record.envelope.occurred_at));
  }
}

}  // namespace heliograph::notify
