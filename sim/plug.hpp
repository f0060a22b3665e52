// A simulated switchable plug: it protects itself (minimum on and off times), does each command once, and can be told
// to fail, to be silent or to be late. Deterministic; W, microseconds.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <utility>

#include "events/event.hpp"
#include "sim/noise.hpp"

namespace heliograph {

struct SimulatedAnswer {
  enum class Kind : std::uint8_t {
    done,     // carried out, or so already
    refused,  // the device protects itself; nothing changed
    failed,   // a fault; nothing changed
    silent,   // no answer ever comes; nobody outside can know whether it was done
  };
  Kind kind = Kind::done;
  std::string detail;
  Micros at = 0;  // when the answer (and the effect) comes
  bool operator==(const SimulatedAnswer&) const = default;
};

/// How badly the devices behave. Which command is hit depends on seed and command id only.
struct FaultOptions {
  int fail_permille = 0;
  int silent_permille = 0;    // half of the silent ones did what they were told
  Micros delay = 0;           // every answer
  Micros delay_more_max = 0;  // on top, even between 0 and this
};

/// Answers given, so that a repeated command is answered again and not done again.
class AnswerMemory {
 public:
  const SimulatedAnswer* find(const CommandId& command) const;
  const SimulatedAnswer& remember(const CommandId& command, SimulatedAnswer answer);

 private:
  std::deque<std::pair<CommandId, SimulatedAnswer>> answers_;
};

struct PlugOptions {
  DeviceId id;
  std::string name;
  std::int64_t nominal_w = 0;
  bool on_at_start = false;
  Micros min_on = 0, min_off = 0;
};

class Plug {
 public:
  explicit Plug(PlugOptions options) : options_(std::move(options)), on_(options_.on_at_start) {}

  /// Switches now or, when the answer is late, then. Same command id: same answer, one effect.
  SimulatedAnswer apply(const CommandDispatched& command, Micros at, const FaultOptions& faults, const Noise& noise);
  /// Brings a late effect in. Times do not run backwards.
  void advance(Micros at);

  const PlugOptions& options() const { return options_; }
  bool on() const { return on_; }
  std::int64_t power_w(const Noise& noise, Micros at) const;
  std::uint64_t switched() const { return switched_; }  // relay wear

 private:
  SimulatedAnswer judge(const CommandDispatched& command, Micros at, Micros effect_at) const;

  PlugOptions options_;
  bool on_;
  std::optional<Micros> changed_at_;
  struct Pending {
    bool on;
    Micros at;
  };
  std::optional<Pending> pending_;
  std::uint64_t switched_ = 0;
  AnswerMemory memory_;
};

/// A number that is the same for the same command everywhere.
std::int64_t slot_of(const CommandId& command);

}  // namespace heliograph
