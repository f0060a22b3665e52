// How a site takes facts in: readings row by row, events by kind. What it decides is in site_rules and site_commands.
#include "actors/core/site.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "actors/core/planted.hpp"

namespace heliograph {

Site::Site(SiteKey key) : key_(std::move(key)) { settings_.name = key_.site.text; }

DeviceState& Site::state_of(DeviceIndex device) {
  while (devices_.size() <= device) {
    devices_.emplace_back();
    devices_.back().about.device = now_.devices()[devices_.size() - 1].id;
  }
  return devices_[device];
}

DeviceState* Site::find_device(const DeviceId& id) {
  const auto index = now_.find(id.text);
  return index && *index < devices_.size() ? &devices_[*index] : nullptr;
}

const DeviceState* Site::device(const DeviceId& id) const {
  const auto index = now_.find(id.text);
  return index && *index < devices_.size() && devices_[*index].registered ? &devices_[*index] : nullptr;
}

SafetyView Site::view(Micros at, const std::vector<DeviceState>& devices, const std::vector<PendingCommand>& pending) const {
  const Civil local = zone_.local(at);
  return {now_, settings_, wishes_, limits_, devices, pending, local.hour * 60 + local.minute, stopped_, stop_position_, safe_mode_, suspects_, left_};
}

const PendingCommand* Site::pending(const CommandId& command) const {
  const auto found = std::find_if(pending_.begin(), pending_.end(), [&](const PendingCommand& p) { return p.command == command; });
  return found == pending_.end() ? nullptr : &*found;
}

// ---- readings ------------------------------------------------------------------------------------------------

Site::Intake Site::intake(RecordPtr record) {
  Intake in{std::move(record), {}, {}, 0};
  const ReadingBatch& batch = in.record->readings();
  const auto devices = now_.indices_of(batch.devices);
  in.devices.assign(devices.begin(), devices.end());
  for (const DeviceIndex device : in.devices) state_of(device);
  for (const std::string& word : batch.words) in.words.push_back(now_.intern(word));
  for (const Suspect& s : batch.suspects) {
    const DeviceIndex device = in.devices[batch.device_of[s.row]];
    const auto known = std::find_if(suspects_.begin(), suspects_.end(),
                                    [&](const auto& seen) { return seen.device == device && seen.metric == s.metric; });
    const SafetyView::SuspectSeen seen{device, s.metric, batch.at[s.row], in.record->envelope.position + s.row};
    if (known == suspects_.end()) suspects_.push_back(seen);
    else if (seen.at > known->at) *known = seen;
  }
  return in;
}

// Rows of the same source time are one moment of the house: rules see all of it before they react.
void Site::take_moment(Intake& in) {
  const std::vector<Micros>& at = in.record->readings().at;
  const Micros moment = at[in.next];
  while (in.next < at.size() && at[in.next] == moment) take_row(in, in.next++);
}

void Site::take_row(const Intake& in, std::size_t row) {
  const ReadingBatch& batch = in.record->readings();
  const DeviceIndex device = in.devices[batch.device_of[row]];
  const Micros at = batch.at[row];
  const Position position = in.record->envelope.position + row;
  // Old readings build history and the latest view; only what is fresh when recorded may move a rule (H44).
  const bool live = planted(Plant::history_fires) || (!batch.historic && in.record->envelope.recorded_at - at <= devices_[device].about.freshness);
  for (const Column& column : batch.columns) {
    std::int64_t value = column.values[row];
    if (value == missing) continue;
    if (info(column.metric).kind == Kind::text) value = in.words[static_cast<std::size_t>(value)];
    if (live) observe(device, column.metric, value, at, position);
    else now_.fold(device, column.metric, value, at, position);
  }
}

void Site::observe(DeviceIndex device, Metric metric, std::int64_t value, Micros at, Position position) {
  const std::int64_t before = metric == Metric::soc_permille ? now_.latest(device, metric).value : missing;
  if (!now_.fold(device, metric, value, at, position)) return;
  known_ = std::max(known_, position);
  if (metric == Metric::switch_on || metric == Metric::battery_w || metric == Metric::mode) {
    DeviceState& state = state_of(device);
    const Sight seen = heliograph::observe(state, metric, value, at, metric == Metric::mode ? std::string_view(now_.word(value)) : std::string_view());
    if (seen != Sight::nothing) sightings_.push_back({device, position, seen, value != 0});
    if (metric == Metric::battery_w && std::abs(value) < battery_works_w) state.soc_moved_at = at, state.soc_repeats = 0;
  } else if (metric == Metric::soc_permille) {
    DeviceState& state = state_of(device);
    if (before == value) ++state.soc_repeats;
    else state.soc_moved_at = at, state.soc_repeats = 0;
  }
  rules_.observe(now_, device, metric, value, at, position, firings_);
}

/// A device is remembered for ever, so whoever brings readings may not make up as many as they like.
Status Site::bound_strangers(const ReadingBatch& batch) const {
  if (now_.devices().size() + batch.devices.size() <= strangers_max) return {};
  const auto fresh = std::count_if(batch.devices.begin(), batch.devices.end(), [this](const DeviceId& device) { return !now_.find(device.text); });
  if (fresh == 0) return {};
  const auto registered = std::count_if(devices_.begin(), devices_.end(), [](const DeviceState& device) { return device.registered; });
  if (now_.devices().size() - static_cast<std::size_t>(registered) + static_cast<std::size_t>(fresh) <= strangers_max) return {};
  return fail(Errc::refused, "This site has as many devices as it can have without registering them (" + std::to_string(strangers_max) +
                                 "), and these readings name more: register those that are real (PUT /api/v1/sites/" + key_.site.text + "/devices/...).");
}

Status Site::take_readings(ReadingsPtr batch, PackedReadings packed, const Principal& principal, Micros at, Journal& journal,
                           std::string idempotency_key, const Digest& fingerprint) {
  if (!batch || batch->size() == 0) return fail(Errc::invalid, "The batch holds no readings: send at least one.");
  if (auto known = bound_strangers(*batch); !known) return known;
  Draft facts;
  facts.stream = readings_stream(key_);
  facts.occurred_at = *std::max_element(batch->at.begin(), batch->at.end());
  facts.principal = principal;
  facts.correlation = journal.new_chain();
  facts.idempotency_key = std::move(idempotency_key);
  facts.fingerprint = fingerprint;
  facts.body = std::move(batch);
  facts.packed = std::move(packed);
  auto record = journal.append(std::move(facts));
  if (!record) return fail(record.error());
  Intake in = intake(*record);
  while (in.next < in.record->readings().size()) {
    take_moment(in);
    if (!has_reactions()) continue;
    if (auto done = react_to_all(at, journal); !done) return done;
  }
  return release(at, journal);
}

// ---- recovery ------------------------------------------------------------------------------------------------

void Site::settle() {
  if (!recovering_) return;
  while (recovering_->next < recovering_->record->readings().size()) take_moment(*recovering_);
  recovering_.reset();
  firings_.clear();
  sightings_.clear();
}

void Site::evolve(const RecordPtr& record) {
  // All records of a turn share one stamp, and no two turns do.
  if (recovering_ && recovering_->record->envelope.recorded_at != record->envelope.recorded_at) settle();
  if (record->is_readings()) {
    settle();
    recovering_ = intake(record);
    return;
  }
  if (recovering_) {
    Position caused_by = record->envelope.cause;
    if (const auto* fired = std::get_if<RuleFired>(&record->event())) caused_by = fired->reading;
    if (const auto* verified = std::get_if<CommandVerified>(&record->event())) caused_by = verified->reading;
    // What was released by the turn has an older cause, and came after all rows; what a fact of the turn caused, came with it.
    const Position base = recovering_->record->envelope.position, last = recovering_->record->last();
    if (caused_by < base) caused_by = last;
    while (caused_by <= last && recovering_->next < recovering_->record->readings().size() && base + recovering_->next <= caused_by)
      take_moment(*recovering_);
    firings_.clear();
    sightings_.clear();
  }
  fold(record->envelope, record->event());
}

// ---- events ----------------------------------------------------------------------------------------------------

void Site::fold_device(const DeviceRegistered& event) {
  DeviceState& state = state_of(now_.index_of(event.device.text));
  state.about = event;
  state.registered = true;
}

bool Site::by_acting_rule(const Envelope& envelope) const {
  return envelope.principal.kind == PrincipalKind::rule && envelope.principal.name == acting_.rule.text &&
         envelope.recorded_at == acting_at_;
}

void Site::fold_rule_fired(const Envelope& envelope, const RuleFired& fired) {
  const DeviceIndex device = fired.device.empty() ? 0 : now_.index_of(fired.device.text);
  if (!fired.device.empty()) state_of(device);
  rules_.fired(fired.rule, fired.trigger, device, envelope.occurred_at);
  if (fired.outcome == RuleOutcome::acted) rules_.acted(fired.rule, envelope.occurred_at);
  if (fired.outcome == RuleOutcome::cooling_down) rules_.cooling_down(fired.rule, fired.trigger, device);
  acting_ = {fired.rule, fired.trigger, device};
  acting_at_ = envelope.recorded_at;
}

/// What a rule asked for has not come about: it asks again while its trigger stays true.
void Site::came_to_nothing(const std::optional<Firer>& firer, Micros at) {
  if (firer) rules_.refused(firer->rule, firer->trigger, firer->device, at);
}

void Site::fold(const Envelope& envelope, const Event& event) {
  known_ = std::max(known_, envelope.position);
  note_trouble(envelope, event);
  if (fold_command(envelope, event) || fold_alert(envelope, event)) return;
  if (const auto* e = std::get_if<SiteConfigured>(&event)) {
    if (e->automation && !settings_.automation) rules_.start_fresh();
    settings_ = *e;
    configured_ = true;
    versions_["settings"] = envelope.position;
    if (auto zone = Zone::find(e->time_zone)) zone_ = *zone;
  } else if (const auto* d = std::get_if<DeviceRegistered>(&event)) {
    fold_device(*d);
    versions_["device/" + d->device.text] = envelope.position;
  } else if (const auto* wishes = std::get_if<PreferencesSet>(&event)) {
    wishes_ = *wishes;
    versions_["preferences"] = envelope.position;
  } else if (const auto* saved = std::get_if<RuleSaved>(&event)) {
    auto parsed = parse_rule(saved->document);
    ensure(parsed.rule.has_value(), "a rule that was saved can be read", "actors/core/site.cpp");
    parsed.rule->enabled = saved->enabled;
    rules_.save(std::move(*parsed.rule), saved->rule_version, envelope.position, envelope.occurred_at);
    if (envelope.principal.kind != PrincipalKind::system) forget_switches(saved->rule);
  } else if (const auto* removed = std::get_if<RuleRemoved>(&event)) {
    rules_.remove(removed->rule);
    forget_switches(removed->rule);
  } else if (const auto* fired = std::get_if<RuleFired>(&event)) {
    fold_rule_fired(envelope, *fired);
  } else if (std::holds_alternative<StopEngaged>(event)) {
    stopped_ = true;
    stop_position_ = envelope.position;
  } else if (std::holds_alternative<StopLifted>(event)) {
    stopped_ = false;
    rules_.start_fresh();
  } else if (std::holds_alternative<ClockSuspected>(event)) {
    clock_suspect_ = true;
    clock_position_ = envelope.position;
  } else if (std::holds_alternative<ClockTrusted>(event)) {
    clock_suspect_ = false;
  }
}

/// The path of a command. False when the event is none of it.
bool Site::fold_command(const Envelope& envelope, const Event& event) {
  const auto pending_of = [&](const CommandId& command) { return const_cast<PendingCommand*>(std::as_const(*this).pending(command)); };
  const auto no_longer_pending = [&](const CommandId& command) { std::erase_if(pending_, [&](const PendingCommand& p) { return p.command == command; }); };
  const auto in_flight = [&](const auto& e) {
    for (DeviceState& device : devices_)
      if (device.in_flight && device.in_flight->command == e.command) heliograph::evolve(device, envelope, e);
  };
  if (const auto* asked = std::get_if<CommandRequested>(&event)) {
    PendingCommand& p = pending_.emplace_back();
    p.command = asked->command, p.requested = envelope.position, p.correlation = envelope.correlation;
    p.proposal = {asked->device, asked->action, asked->power_w, envelope.principal, asked->purpose, asked->about, asked->mode};
    if (by_acting_rule(envelope)) p.firer = acting_;
  } else if (const auto* waiting = std::get_if<CommandWaiting>(&event)) {
    if (PendingCommand* p = pending_of(waiting->command)) p->what = waiting->what, p->until = waiting->until, p->not_before = waiting->not_before;
  } else if (const auto* invited = std::get_if<ApprovalRequested>(&event)) {
    if (PendingCommand* p = pending_of(invited->command)) p->what = Waiting::approval, p->until = invited->expires_at, p->shown = shown_of(p->proposal);
  } else if (const auto* wrong = std::get_if<ApprovalAttemptFailed>(&event)) {
    if (PendingCommand* p = pending_of(wrong->command)) ++p->wrong_codes[static_cast<std::size_t>(wrong->channel)];
  } else if (const auto* decided = std::get_if<ApprovalDecided>(&event)) {
    if (PendingCommand* p = pending_of(decided->command); p != nullptr && decided->granted) p->approved = true, p->what.reset();
  } else if (const auto* refused = std::get_if<CommandRefused>(&event)) {
    if (const PendingCommand* p = pending_of(refused->command)) came_to_nothing(p->firer, envelope.occurred_at);
    no_longer_pending(refused->command);
  } else if (const auto* cancelled = std::get_if<CommandCancelled>(&event)) {
    if (const PendingCommand* p = pending_of(cancelled->command)) came_to_nothing(p->firer, envelope.occurred_at);
    no_longer_pending(cancelled->command);
  } else if (const auto* dispatched = std::get_if<CommandDispatched>(&event)) {
    if (DeviceState* device = find_device(dispatched->device)) heliograph::evolve(*device, envelope, *dispatched, pending_of(dispatched->command));
    no_longer_pending(dispatched->command);
  } else if (const auto* answered = std::get_if<CommandAnswered>(&event)) {
    in_flight(*answered);
  } else if (const auto* verified = std::get_if<CommandVerified>(&event)) {
    in_flight(*verified);
  } else if (const auto* failed = std::get_if<CommandFailed>(&event)) {
    for (const DeviceState& device : devices_)
      if (device.in_flight && device.in_flight->command == failed->command) came_to_nothing(device.in_flight->firer, envelope.occurred_at);
    in_flight(*failed);
  } else if (const auto* renewed = std::get_if<LeaseRenewed>(&event)) {
    if (DeviceState* device = find_device(renewed->device)) heliograph::evolve(*device, envelope, *renewed);
  } else if (const auto* ended = std::get_if<LeaseEnded>(&event)) {
    if (DeviceState* device = find_device(ended->device)) heliograph::evolve(*device, envelope, *ended);
  } else if (const auto* changed = std::get_if<DeviceChanged>(&event)) {
    if (DeviceState* device = find_device(changed->device)) heliograph::evolve(*device, envelope, *changed);
  } else {
    return false;
  }
  return true;
}

Draft Site::draft(std::string stream, Principal principal, Position cause, std::string correlation, Micros at, Event event) const {
  Draft out;
  out.stream = std::move(stream);
  out.occurred_at = at;
  out.principal = std::move(principal);
  out.cause = cause;
  out.correlation = std::move(correlation);
  out.body = std::move(event);
  return out;
}

Status Site::note(Draft facts, Journal& journal) {
  auto done = append(std::move(facts), journal);
  return done ? Status{} : fail(done.error());
}

Draft Site::device_draft(const DeviceState& device, Principal principal, Position cause, std::string correlation, Micros at, Event event) const {
  return draft("device-" + device.about.device.text, std::move(principal), cause, std::move(correlation), at, std::move(event));
}

Result<Position> Site::append(Draft facts, Journal& journal) {
  if (facts.correlation.empty()) facts.correlation = journal.new_chain();
  auto record = journal.append(std::move(facts));
  if (!record) return fail(record.error());
  fold((*record)->envelope, (*record)->event());
  return (*record)->envelope.position;
}

}  // namespace heliograph
