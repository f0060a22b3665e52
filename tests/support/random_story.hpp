// Random turns of one site from one seed: readings of every quality, people, rules, devices that answer or not, time. Used
// where live and rebuilt must agree; the generator is a value, so that a story can be told twice from any point.
#pragma once

#include <random>

#include "tests/support/core_fixture.hpp"

namespace heliograph::testing {

class RandomStory : public Story {
 public:
  explicit RandomStory(std::uint64_t seed);
  /// One random turn after a random pause.
  void turn();

  std::mt19937_64 random;

 private:
  std::int64_t between(std::int64_t from, std::int64_t to);  // both included
  bool chance(int percent) { return between(1, 100) <= percent; }
  ReadingBatch some_readings();
  Rule some_rule();
  void some_ask();
  void some_answer();
  void some_settings();
  std::int64_t soc_ = 500;
};

}  // namespace heliograph::testing
