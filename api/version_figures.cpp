#include "api/version_figures.hpp"

#include <algorithm>

namespace heliograph::api {

/// Of what was before the first start that is known, the version is not known.
VersionFigures& VersionBook::current() {
  const auto found = std::find_if(versions_.begin(), versions_.end(), [this](const VersionFigures& each) { return each.version == running_; });
  if (found != versions_.end()) return *found;
  versions_.push_back({});
  versions_.back().version = running_;
  return versions_.back();
}

void VersionBook::apply(const Record& record) {
  const std::lock_guard lock(mutex_);
  const Micros at = record.envelope.recorded_at;
  if (record.is_readings()) return;
  const Event& event = record.event();
  if (const auto* started = std::get_if<EngineStarted>(&event)) {
    running_ = started->version;
    VersionFigures& figures = current();
    ++figures.starts, figures.unclean_starts += !started->clean;
    if (figures.first_at == 0) figures.first_at = at;
    at_ = at;  // from its end to here nothing ran
  }
  VersionFigures& figures = current();
  if (figures.first_at == 0) figures.first_at = at;
  if (at_ != 0) {
    const Micros since = std::max<Micros>(at - at_, 0);
    figures.ran += since;
    if (std::none_of(stopped_.begin(), stopped_.end(), [](const auto& each) { return each.second; })) figures.automated += since;
    at_ = at;
  }
  figures.last_at = at;
  if (std::holds_alternative<EngineStopped>(event)) at_ = 0;
  if (std::holds_alternative<StopEngaged>(event)) stopped_[record.envelope.site] = true;
  if (std::holds_alternative<StopLifted>(event)) stopped_[record.envelope.site] = false;
  figures.firings += std::holds_alternative<RuleFired>(event);
  figures.alerts += std::holds_alternative<AlertRaised>(event);
  command(record, figures);
}

void VersionBook::command(const Record& record, VersionFigures& figures) {
  const Event& event = record.event();
  const Micros at = record.envelope.recorded_at;
  const auto key = [&](const CommandId& id) { return record.envelope.site.tenant.text + "/" + record.envelope.site.site.text + "/" + id.text; };
  const auto known = [&](const CommandId& id) -> Times* {
    const auto found = under_way_.find(key(id));
    return found == under_way_.end() ? nullptr : &found->second;
  };
  const auto micros = [at](Micros since) { return static_cast<std::uint64_t>(std::max<Micros>(at - since, 0)); };
  if (const auto* asked = std::get_if<CommandRequested>(&event)) {
    if (under_way_.size() >= under_way_max) under_way_.erase(under_way_.begin());
    under_way_[key(asked->command)].requested = at;
  } else if (const auto* invited = std::get_if<ApprovalRequested>(&event)) {
    if (Times* times = known(invited->command)) times->asked = at;
  } else if (const auto* said = std::get_if<ApprovalDecided>(&event)) {
    if (Times* times = known(said->command); times != nullptr && times->asked != 0) ++figures.answered, figures.answer_micros += micros(std::exchange(times->asked, 0));
  } else if (const auto* sent = std::get_if<CommandDispatched>(&event)) {
    if (Times* times = known(sent->command); times != nullptr && times->dispatched == 0) ++figures.dispatched, figures.dispatch_micros += micros(times->requested), times->dispatched = at;
  } else if (const auto* verified = std::get_if<CommandVerified>(&event)) {
    ++figures.verified;
    if (Times* times = known(verified->command)) figures.confirm_micros += micros(times->dispatched);
    under_way_.erase(key(verified->command));
  } else if (const auto* refused = std::get_if<CommandRefused>(&event)) {
    ++figures.refused, figures.safety_blocks += refused->refusals.size();
    under_way_.erase(key(refused->command));
  } else if (const auto* cancelled = std::get_if<CommandCancelled>(&event)) {
    ++figures.cancelled;
    under_way_.erase(key(cancelled->command));
  } else if (const auto* failed = std::get_if<CommandFailed>(&event)) {
    ++(failed->kind == FailureKind::outcome_unknown ? figures.unknown : figures.failed);
    under_way_.erase(key(failed->command));
  }
}

std::vector<VersionFigures> VersionBook::all() const {
  const std::lock_guard lock(mutex_);
  return versions_;
}

}  // namespace heliograph::api
