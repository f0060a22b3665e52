#include "projections/pending_actions.hpp"

#include "events/columns.hpp"

namespace heliograph {
namespace {

std::string encode(const PendingAction& p) {
  std::string out;
  put_text(p.command.text, out);
  put_text(p.device.text, out);
  put_varint(static_cast<std::uint64_t>(p.action), out);
  put_varint(static_cast<std::uint64_t>(p.power_w), out);
  put_varint(static_cast<std::uint64_t>(p.stage), out);
  put_varint(static_cast<std::uint64_t>(p.who.kind), out);
  put_text(p.who.name, out);
  put_varint(p.requested, out);
  put_varint(static_cast<std::uint64_t>(p.since), out);
  put_text(p.reason, out);
  put_varint(static_cast<std::uint64_t>(p.until), out);
  put_text(p.sentence, out);
  put_text(p.mode, out);
  return out;
}

bool take(std::string_view& bytes, std::string& out) {
  auto text = take_text(bytes);
  if (text) out = *text;
  return text.has_value();
}
bool take(std::string_view& bytes, std::uint64_t& out) {
  auto number = take_varint(bytes);
  if (number) out = *number;
  return number.has_value();
}

bool decode(std::string_view bytes, PendingAction& p) {
  std::uint64_t action = 0, power = 0, stage = 0, kind = 0, since = 0, until = 0;
  const bool good = take(bytes, p.command.text) && take(bytes, p.device.text) && take(bytes, action) && take(bytes, power) &&
                    take(bytes, stage) && take(bytes, kind) && take(bytes, p.who.name) && take(bytes, p.requested) &&
                    take(bytes, since) && take(bytes, p.reason) && take(bytes, until) && take(bytes, p.sentence) &&
                    (bytes.empty() || take(bytes, p.mode)) && bytes.empty() && action <= 3 &&
                    stage <= 4 && kind <= 6;
  p.action = static_cast<Action>(action);
  p.power_w = static_cast<std::int64_t>(power);
  p.stage = static_cast<CommandStage>(stage);
  p.who.kind = static_cast<PrincipalKind>(kind);
  p.since = static_cast<Micros>(since);
  p.until = static_cast<Micros>(until);
  return good;
}

}  // namespace

std::string_view name(CommandStage stage) {
  switch (stage) {
    case CommandStage::requested: return "requested";
    case CommandStage::allowed: return "allowed";
    case CommandStage::dispatched: return "dispatched";
    case CommandStage::awaiting_approval: return "awaiting_approval";
    case CommandStage::waiting: return "waiting";
  }
  return "requested";
}

Status PendingActions::load(const ViewStore& store) {
  bool good = true;
  auto done = store.scan(name(), "", "", [&](std::string_view key, std::string_view value) {
    good = decode(value, pending_[std::string(key)]);
    return good;
  });
  if (done && !good) return fail(Errc::corrupt, "The view pending_actions is damaged: run `heliograph rebuild --projection pending_actions`.");
  return done;
}

void PendingActions::apply(const Record& record) {
  if (record.is_readings()) return;
  const Envelope& envelope = record.envelope;
  const std::string prefix = envelope.site.tenant.text + "/" + envelope.site.site.text + "/";
  const auto advance = [&](const CommandId& id, CommandStage stage) {
    const auto found = pending_.find(prefix + id.text);
    if (found == pending_.end()) return;
    found->second.stage = stage;
    if (stage != CommandStage::awaiting_approval && stage != CommandStage::waiting) found->second.until = 0, found->second.sentence.clear();
    changed_.insert(found->first);
  };
  const auto wait = [&](const CommandId& id, CommandStage stage, Micros until, std::string sentence) {
    const auto found = pending_.find(prefix + id.text);
    if (found == pending_.end()) return;
    found->second.stage = stage, found->second.until = until, found->second.sentence = std::move(sentence);
    changed_.insert(found->first);
  };
  const auto end = [&](const CommandId& id) {
    pending_.erase(prefix + id.text);
    changed_.insert(prefix + id.text);
  };
  const Event& event = record.event();
  if (const auto* e = std::get_if<CommandRequested>(&event)) {
    pending_[prefix + e->command.text] = {e->command, e->device, e->action, e->power_w, CommandStage::requested,
                                          envelope.principal, envelope.position, envelope.occurred_at, e->reason, 0, {}, e->mode};
    changed_.insert(prefix + e->command.text);
  } else if (const auto* allowed = std::get_if<CommandAllowed>(&event)) {
    advance(allowed->command, CommandStage::allowed);
  } else if (const auto* dispatched = std::get_if<CommandDispatched>(&event)) {
    advance(dispatched->command, CommandStage::dispatched);
  } else if (const auto* invited = std::get_if<ApprovalRequested>(&event)) {
    wait(invited->command, CommandStage::awaiting_approval, invited->expires_at, invited->sentence);
  } else if (const auto* waiting = std::get_if<CommandWaiting>(&event)) {
    wait(waiting->command, CommandStage::waiting, waiting->until, {});
  } else if (const auto* cancelled = std::get_if<CommandCancelled>(&event)) {
    end(cancelled->command);
  } else if (const auto* refused = std::get_if<CommandRefused>(&event)) {
    end(refused->command);
  } else if (const auto* verified = std::get_if<CommandVerified>(&event)) {
    end(verified->command);
  } else if (const auto* failed = std::get_if<CommandFailed>(&event)) {
    end(failed->command);
  }
}

void PendingActions::save(ViewBatch& batch) {
  for (const std::string& key : changed_) {
    const auto found = pending_.find(key);
    found == pending_.end() ? batch.erase(key) : batch.put(key, encode(found->second));
  }
  changed_.clear();
}

std::vector<PendingAction> PendingActions::of(const SiteKey& site) const {
  std::vector<PendingAction> out;
  const std::string prefix = site.tenant.text + "/" + site.site.text + "/";
  for (auto at = pending_.lower_bound(prefix); at != pending_.end() && at->first.starts_with(prefix); ++at) out.push_back(at->second);
  return out;
}

}  // namespace heliograph
