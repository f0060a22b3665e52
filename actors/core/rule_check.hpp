// What only a whole rule shows: where its triggers and actions contradict each other (docs/RULES.md, "Actions").
#pragma once

#include "actors/core/rule_fields.hpp"

namespace heliograph {

/// Notes actions on "trigger" that a time trigger reaches, and actions that tell one device opposite things on the same
/// trigger. `actions` is the place of the list.
void check_actions(const Rule& rule, const Place& actions, ProblemList& problems);

/// In words, where two rules want the opposite of one device at the same value of the same metric, and no condition keeps them
/// apart. Opposite thresholds in one direction are a ladder, and no contradiction (H14).
std::optional<std::string> contradiction(const Rule& rule, const Rule& other);

}  // namespace heliograph
