// Rounds of load, kill -9 and questions against a real process. What was acknowledged is kept here, outside the
// process, and looked for after each restart. A round that did no work, or did not end by signal 9, counts as a
// failure, so the harness cannot be green because nothing happened.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "events/time.hpp"

namespace heliograph::e2e {

enum class Victim { serve, house };  // the shipped binary; the house with a witness

struct KillOptions {
  Victim victim = Victim::serve;
  int rounds = 6;
  std::uint64_t seed = 1;
  std::string fault = {};         // flag of killed_house that plants one
  std::uint64_t acked_min = 100;  // acknowledged events before the kill, at least
  std::uint64_t acked_max = 600;
  std::string point = {};         // of kill_points(): the house kills itself there
};

struct KillTable {
  std::uint64_t rounds = 0, kills = 0;               // ended by signal 9 after enough work
  std::uint64_t acked = 0, commands = 0, refused = 0, rules = 0, in_doubt = 0, in_doubt_done = 0;
  std::uint64_t effects = 0;                         // lines of the witness
  std::uint64_t lost = 0, changed = 0;               // acknowledged, and not there, or not as it was
  std::uint64_t twice = 0;                           // one key, two requests; one command, two dispatches or two effects
  std::uint64_t unfounded = 0;                       // an effect without a durable command.dispatched
  std::uint64_t stream_breaks = 0;                   // a gap or a repeat across a restart
  std::uint64_t verify_failed = 0;
  std::uint64_t approved = 0, stops = 0;             // a yes that was acknowledged; a stop that was on record
  std::uint64_t unended = 0;                         // dispatched, and it neither came about nor failed
  std::map<std::string, std::uint64_t> points;       // where it was killed
  std::uint64_t idle = 0;                            // too little work, the wrong signal, or no start
  std::vector<Micros> ready;                         // from exec to the first ready answer
  std::vector<std::string> complaints;               // the first of them, in words

  bool good() const { return lost + changed + twice + unfounded + stream_breaks + verify_failed + unended + idle == 0 && kills == rounds; }
  void add(const KillTable& other);
  void complain(std::string sentence);
  std::string text() const;
};

KillTable run_kill_rounds(const KillOptions& options);

}  // namespace heliograph::e2e
