#include "actors/adapter_actor.hpp"

#include <caf/all.hpp>

#include "actors/process_log.hpp"

namespace heliograph {
namespace {

class AdapterShell : public AdapterActor::base {
 public:
  AdapterShell(caf::actor_config& config, SourcePtr source, SiteKey site, SiteDirectory& directory, const Clock& clock, HouseStats* stats)
      : AdapterActor::base(config), source_(std::move(source)), site_(std::move(site)), directory_(directory), clock_(clock), stats_(stats) {}

  behavior_type make_behavior() override {
    send(this, beat_atom_v);
    return {[this](beat_atom) { ask(); }};
  }

 private:
  void ask() {
    auto batch = source_->poll(clock_.now());
    note(batch);
    const SiteActor site = directory_.find(site_);
    if (!batch || batch->size() == 0 || !site) return ask_again();
    TakeReadings readings;
    readings.packed = pack_readings(*batch);
    readings.principal = {PrincipalKind::device, batch->devices.front().text};
    readings.batch = std::make_shared<const ReadingBatch>(std::move(*batch));
    const auto self = caf::actor_cast<AdapterActor>(this);
    const auto wait = pause();
    send(site, std::make_shared<SiteRequest>(SiteRequest{std::move(readings), [self, wait](Result<SiteReply>) {
      // Durable or refused: either way it is time for the next question; a log that is closed ends the process.
      caf::delayed_anon_send(self, wait, beat_atom_v);
    }}));
  }

  /// A source that does not answer is counted, and told of when that begins and when it is over.
  void note(const Result<ReadingBatch>& batch) {
    using process_log::Level;
    if (stats_ != nullptr) stats_->polled(source_.get(), site_, source_->kind(), source_->interval(), clock_.now(), batch ? nullptr : &batch.error().sentence);
    if (batch.has_value() == answers_) return;
    answers_ = batch.has_value();
    if (answers_) process_log::write(Level::info, "adapter", "A source answers again.", {{"site", site_.site.text}, {"kind", source_->kind()}});
    else process_log::write(Level::warn, "adapter", "A source does not answer.", {{"site", site_.site.text}, {"kind", source_->kind()}, {"error", batch.error().sentence}});
  }

  void ask_again() { delayed_send(this, pause(), beat_atom_v); }
  std::chrono::microseconds pause() const { return std::chrono::microseconds(clock_.outside(source_->interval())); }

  SourcePtr source_;
  SiteKey site_;
  SiteDirectory& directory_;
  const Clock& clock_;
  HouseStats* stats_;
  bool answers_ = true;
};

}  // namespace

AdapterActor spawn_adapter(caf::actor_system& system, SourcePtr source, const SiteKey& site, SiteDirectory& directory, const Clock& clock, HouseStats* stats) {
  return system.spawn<AdapterShell>(std::move(source), site, directory, clock, stats);
}

}  // namespace heliograph
