// "pending_actions": every command that has no final state yet, and where it stands. Empty when nothing is under way.
#pragma once

#include <map>
#include <set>

#include "projections/projection.hpp"

namespace heliograph {

enum class CommandStage : std::uint8_t { requested = 0, allowed, dispatched, awaiting_approval, waiting };
std::string_view name(CommandStage stage);

struct PendingAction {
  CommandId command;
  DeviceId device;
  Action action = Action::switch_off;
  std::int64_t power_w = 0;
  CommandStage stage = CommandStage::requested;
  Principal who;
  Position requested = 0;  // position of command.requested
  Micros since = 0;        // when it was requested
  std::string reason;
  Micros until = 0;        // awaiting_approval, waiting: cancelled then
  std::string sentence;    // awaiting_approval: what people say yes to
  std::string mode;        // set_mode
};

class PendingActions : public Projection {
 public:
  std::string_view name() const override { return "pending_actions"; }
  Status load(const ViewStore& store) override;
  void apply(const Record& record) override;
  void save(ViewBatch& batch) override;

  std::vector<PendingAction> of(const SiteKey& site) const;  // by command id
  std::size_t count() const { return pending_.size(); }

 private:
  std::map<std::string, PendingAction> pending_;  // "tenant/site/command"
  std::set<std::string> changed_;
};

}  // namespace heliograph
