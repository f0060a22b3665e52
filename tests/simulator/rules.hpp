// The rules of the simulated house, read once.
#pragma once

#include "actors/core/rule.hpp"
#include "tests/simulator/dice.hpp"

namespace heliograph::simulator {

Rule some_rule(Dice& dice);

}  // namespace heliograph::simulator
