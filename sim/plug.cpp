#include "sim/plug.hpp"

#include <cmath>

namespace heliograph {
namespace {

constexpr std::size_t answers_kept = 1024;
enum Channel : std::uint64_t { fault_kind = 200, fault_done, fault_delay, plug_draw };

using Answer = SimulatedAnswer::Kind;

}  // namespace

std::int64_t slot_of(const CommandId& command) {
  std::uint64_t h = 0xcbf29ce484222325ull;  // FNV-1a: std::hash differs between libraries
  for (const char c : command.text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3ull;
  return static_cast<std::int64_t>(h >> 1);
}

const SimulatedAnswer* AnswerMemory::find(const CommandId& command) const {
  for (const auto& [id, answer] : answers_)
    if (id == command) return &answer;
  return nullptr;
}

const SimulatedAnswer& AnswerMemory::remember(const CommandId& command, SimulatedAnswer answer) {
  if (answers_.size() == answers_kept) answers_.pop_front();
  return answers_.emplace_back(command, std::move(answer)).second;
}

SimulatedAnswer Plug::judge(const CommandDispatched& command, Micros at, Micros effect_at) const {
  if (!is_switch(command.action))
    return {Answer::refused, "This plug can only be switched on and off.", effect_at};
  if (command.expires_at != 0 && effect_at > command.expires_at)
    return {Answer::refused, "The command came after its expiry.", effect_at};
  if (pending_) return {Answer::refused, "The plug is still busy with another command.", at};
  const bool wanted = command.action == Action::switch_on;
  const Micros least = wanted ? options_.min_off : options_.min_on;
  if (wanted != on_ && changed_at_ && effect_at - *changed_at_ < least)
    return {Answer::refused,
            wanted ? "The plug has not been off long enough." : "The plug has not been on long enough.", effect_at};
  return {Answer::done, "", effect_at};
}

SimulatedAnswer Plug::apply(const CommandDispatched& command, Micros at, const FaultOptions& faults,
                            const Noise& noise) {
  advance(at);
  if (const auto* before = memory_.find(command.command)) return *before;
  const std::int64_t slot = slot_of(command.command);
  const Micros effect_at =
      at + faults.delay +
      static_cast<Micros>(noise.even(fault_delay, slot) * static_cast<double>(faults.delay_more_max));
  const auto die = static_cast<int>(noise.even(fault_kind, slot) * 1000);
  if (die < faults.fail_permille)
    return memory_.remember(command.command, {Answer::failed, "The plug reports a fault of its relay.", effect_at});
  const bool silent = die < faults.fail_permille + faults.silent_permille;
  if (silent && noise.even(fault_done, slot) < 0.5)
    return memory_.remember(command.command, {Answer::silent, "", effect_at});
  SimulatedAnswer answer = judge(command, at, effect_at);
  if (answer.kind == Answer::done) {
    pending_ = Pending{command.action == Action::switch_on, effect_at};
    advance(at);
  }
  if (silent) answer = {Answer::silent, "", effect_at};
  return memory_.remember(command.command, std::move(answer));
}

void Plug::advance(Micros at) {
  if (!pending_ || pending_->at > at) return;
  if (pending_->on != on_) {
    on_ = pending_->on;
    changed_at_ = pending_->at;
    ++switched_;
  }
  pending_.reset();
}

std::int64_t Plug::power_w(const Noise& noise, Micros at) const {
  if (!on_) return 0;
  const double wobble = noise.between(plug_draw + 2 * static_cast<std::uint64_t>(slot_of(CommandId{options_.id.text})),
                                      Noise::floor_slot(at, minute_us), 0.985, 1.015);
  return std::llround(static_cast<double>(options_.nominal_w) * wobble);
}

}  // namespace heliograph
