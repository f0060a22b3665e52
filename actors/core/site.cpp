// How a site takes facts in: readings row by row, events by kind. What it decides is in site_rules and site_commands.
#include "actors/core/site.hpp"

#include <algorithm>

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

SafetyView Site::view() const { return {now_, settings_, devices_, stopped_, stop_position_, suspects_}; }

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
  const bool live = !batch.historic && in.record->envelope.recorded_at - at <= devices_[device].about.freshness;
  for (const Column& column : batch.columns) {
    std::int64_t value = column.values[row];
    if (value == missing) continue;
    if (info(column.metric).kind == Kind::text) value = in.words[static_cast<std::size_t>(value)];
    if (live) observe(device, column.metric, value, at, position);
    else now_.fold(device, column.metric, value, at, position);
  }
}

void Site::observe(DeviceIndex device, Metric metric, std::int64_t value, Micros at, Position position) {
  if (!now_.fold(device, metric, value, at, position)) return;
  if (metric == Metric::switch_on || metric == Metric::battery_w) {
    DeviceState& state = state_of(device);
    if (metric == Metric::switch_on) observe_switch(state, value != 0, at);
    if (confirms(state, metric, value, at)) confirmed_.push_back({device, position});
  }
  rules_.observe(now_, device, metric, value, at, position, firings_);
}

Status Site::take_readings(ReadingsPtr batch, PackedReadings packed, const Principal& principal, Micros at, Journal& journal,
                           std::string idempotency_key, const Digest& fingerprint) {
  if (!batch || batch->size() == 0) return fail(Errc::invalid, "The batch holds no readings: send at least one.");
  Draft facts;
  facts.stream = readings_stream(key_);
  facts.occurred_at = *std::max_element(batch->at.begin(), batch->at.end());
  facts.principal = principal;
  facts.correlation = "p" + std::to_string(journal.next());
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
    if (auto done = react(at, journal); !done) return done;
  }
  return {};
}

// ---- recovery ------------------------------------------------------------------------------------------------

void Site::settle() {
  if (!recovering_) return;
  while (recovering_->next < recovering_->record->readings().size()) take_moment(*recovering_);
  recovering_.reset();
  firings_.clear();
  confirmed_.clear();
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
    Position caused_by = 0;
    if (const auto* fired = std::get_if<RuleFired>(&record->event())) caused_by = fired->reading;
    if (const auto* verified = std::get_if<CommandVerified>(&record->event())) caused_by = verified->reading;
    const Position base = recovering_->record->envelope.position;
    while (caused_by >= base && recovering_->next < recovering_->record->readings().size() && base + recovering_->next <= caused_by)
      take_moment(*recovering_);
    firings_.clear();
    confirmed_.clear();
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

void Site::fold(const Envelope& envelope, const Event& event) {
  const auto on_device = [&](const auto& e) {
    for (DeviceState& device : devices_)
      if (device.in_flight && device.in_flight->command == e.command) heliograph::evolve(device, envelope, e);
  };
  if (const auto* e = std::get_if<SiteConfigured>(&event)) {
    if (e->automation && !settings_.automation) rules_.start_fresh();
    settings_ = *e;
    configured_ = true;
    if (auto zone = Zone::find(e->time_zone)) zone_ = *zone;
  } else if (const auto* d = std::get_if<DeviceRegistered>(&event)) {
    fold_device(*d);
  } else if (const auto* saved = std::get_if<RuleSaved>(&event)) {
    auto parsed = parse_rule(saved->document);
    ensure(parsed.rule.has_value(), "a rule that was saved can be read", "actors/core/site.cpp");
    parsed.rule->enabled = saved->enabled;
    rules_.save(std::move(*parsed.rule), saved->rule_version, envelope.position, envelope.occurred_at);
  } else if (const auto* removed = std::get_if<RuleRemoved>(&event)) {
    rules_.remove(removed->rule);
  } else if (const auto* fired = std::get_if<RuleFired>(&event)) {
    const DeviceIndex device = fired->device.empty() ? 0 : now_.index_of(fired->device.text);
    if (!fired->device.empty()) state_of(device);
    rules_.fired(fired->rule, fired->trigger, device, envelope.occurred_at);
    if (fired->outcome == RuleOutcome::acted) rules_.acted(fired->rule, envelope.occurred_at);
    if (fired->outcome == RuleOutcome::cooling_down) rules_.cooling_down(fired->rule, fired->trigger, device);
    acting_ = {fired->rule, fired->trigger, device};
    acting_at_ = envelope.recorded_at;
  } else if (std::holds_alternative<CommandRefused>(event)) {
    if (by_acting_rule(envelope)) rules_.refused(acting_.rule, acting_.trigger, acting_.device, envelope.occurred_at);
  } else if (const auto* dispatched = std::get_if<CommandDispatched>(&event)) {
    DeviceState* device = find_device(dispatched->device);
    if (device == nullptr) return;
    heliograph::evolve(*device, envelope, *dispatched);
    if (by_acting_rule(envelope)) device->in_flight->firer = acting_;
  } else if (const auto* verified = std::get_if<CommandVerified>(&event)) {
    on_device(*verified);
  } else if (const auto* failed = std::get_if<CommandFailed>(&event)) {
    // What was asked has not come about: like a refusal, so that the rule asks again while its trigger stays true.
    for (const DeviceState& device : devices_)
      if (device.in_flight && device.in_flight->command == failed->command && device.in_flight->firer)
        rules_.refused(device.in_flight->firer->rule, device.in_flight->firer->trigger, device.in_flight->firer->device, envelope.occurred_at);
    on_device(*failed);
  } else if (std::holds_alternative<StopEngaged>(event)) {
    stopped_ = true;
    stop_position_ = envelope.position;
  } else if (std::holds_alternative<StopLifted>(event)) {
    stopped_ = false;
    rules_.start_fresh();
  }
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

Result<Position> Site::append(Draft facts, Journal& journal) {
  if (facts.correlation.empty()) facts.correlation = "p" + std::to_string(journal.next());
  auto record = journal.append(std::move(facts));
  if (!record) return fail(record.error());
  fold((*record)->envelope, (*record)->event());
  return (*record)->envelope.position;
}

}  // namespace heliograph
