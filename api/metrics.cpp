#include "api/metrics.hpp"

#include <algorithm>

namespace heliograph::api {
namespace {

constexpr std::size_t under_way_max = 10'000;

}  // namespace

void Spread::add(Micros took) {
  took = std::max<Micros>(took, 0);
  ++counts[static_cast<std::size_t>(std::lower_bound(bounds.begin(), bounds.end(), took) - bounds.begin())];
  micros += static_cast<std::uint64_t>(took);
}

/// By the log's own stamps: what a person or a device had to wait for, and not how busy we were.
void Metrics::time(const Envelope& envelope, const Event& event) {
  const auto key = [&](const auto& e) { return envelope.site.tenant.text + "/" + envelope.site.site.text + "/" + e.command.text; };
  const auto known = [&](const auto& e) { return under_way_.find(key(e)); };
  const Micros at = envelope.recorded_at;
  if (const auto* asked = std::get_if<CommandRequested>(&event)) {
    if (under_way_.size() >= under_way_max) under_way_.erase(under_way_.begin());
    under_way_[key(*asked)].requested = at;
  } else if (const auto* invited = std::get_if<ApprovalRequested>(&event)) {
    if (const auto of = known(*invited); of != under_way_.end()) of->second.invited = at;
  } else if (const auto* said = std::get_if<ApprovalDecided>(&event)) {
    if (const auto of = known(*said); of != under_way_.end() && of->second.invited != 0) answered_.add(at - of->second.invited), of->second.invited = 0;
  } else if (const auto* sent = std::get_if<CommandDispatched>(&event)) {
    if (const auto of = known(*sent); of != under_way_.end() && of->second.dispatched == 0) of->second.dispatched = at, decided_.add(at - of->second.requested);
  } else if (const auto* verified = std::get_if<CommandVerified>(&event)) {
    if (const auto of = known(*verified); of != under_way_.end()) confirmed_.add(at - of->second.dispatched), under_way_.erase(of);
  } else if (const auto* refused = std::get_if<CommandRefused>(&event)) {
    under_way_.erase(key(*refused));
  } else if (const auto* cancelled = std::get_if<CommandCancelled>(&event)) {
    if (const auto of = known(*cancelled); of != under_way_.end() && of->second.invited != 0 && cancelled->why == Cancelled::expired) ++approvals_["expired"];
    under_way_.erase(key(*cancelled));
  } else if (const auto* failed = std::get_if<CommandFailed>(&event)) {
    under_way_.erase(key(*failed));
  }
}

namespace {

/// How a command ended; empty = it has not, or this says nothing of it.
std::string_view outcome_of(const Event& event) {
  if (std::holds_alternative<CommandVerified>(event)) return "verified";
  if (std::holds_alternative<CommandRefused>(event)) return "refused";
  if (std::holds_alternative<CommandCancelled>(event)) return "cancelled";
  if (const auto* failed = std::get_if<CommandFailed>(&event)) return failed->kind == FailureKind::outcome_unknown ? "unknown" : "failed";
  return {};
}

}  // namespace

void Metrics::count(const News& news) {
  const std::lock_guard lock(mutex_);
  for (const RecordPtr& record : news.records) {
    if (record->is_readings()) {
      readings_ += record->readings().size();
      suspects_ += record->readings().suspects.size();
      continue;
    }
    ++events_[record->envelope.type];
    time(record->envelope, record->event());
    if (const auto* refused = std::get_if<CommandRefused>(&record->event()))
      for (const Refusal& refusal : refused->refusals) ++refusals_[refusal.rule];
    if (const auto* failed = std::get_if<CommandFailed>(&record->event())) ++failures_[std::string(name(failed->kind))];
    if (const auto outcome = outcome_of(record->event()); !outcome.empty()) ++commands_[std::string(outcome)];
    if (const auto* said = std::get_if<ApprovalDecided>(&record->event())) ++approvals_[said->granted ? "granted" : "denied"];
    if (const auto* fired = std::get_if<RuleFired>(&record->event())) ++firings_[std::string(name(fired->outcome))];
  }
}

std::map<std::string, std::uint64_t> Metrics::figures(Store& store, const WriterStats& writer) const {
  const auto sum = [](const std::map<std::string, std::uint64_t>& values) {
    std::uint64_t total = 0;
    for (const auto& [key, value] : values) total += value;
    return total;
  };
  std::uint64_t commits = 0;
  for (const auto& bucket : writer.commits) commits += bucket;
  const std::lock_guard lock(mutex_);
  return {{"log-position", store.log().durable()}, {"log-bytes", store.bytes()},     {"log-commits", commits},
          {"log-commit-micros", writer.micros},    {"readings", readings_},          {"suspect-values", suspects_},
          {"decisions", sum(events_)},             {"safety-refusals", sum(refusals_)}, {"command-failures", sum(failures_)},
          {"rule-firings", sum(firings_)}};
}

}  // namespace heliograph::api
