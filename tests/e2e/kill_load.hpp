// The load of one round: several people and meters at once, each keeping what it asked and what it was told.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "events/record.hpp"
#include "tests/support/http_client.hpp"

namespace heliograph::e2e {

struct Asked {
  enum class Kind { readings, command, rule, yes } kind{};
  std::string target, content_type, key, body = {};
  int status = 0;  // 0: in doubt
  std::string answer = {};
  std::vector<std::pair<std::string, std::int64_t>> rows = {};  // source time and value of each reading
  std::string device = {};
  std::string command = {};  // that a yes is for
};

/// One event of the stream. A "gap" says that readings from first to last were left out, because the follower was slow.
struct Seen {
  Position first = 0, last = 0;
  std::string type, data;
};

/// Empty for what is no event of the log.
std::optional<Seen> seen_in(const test::StreamEvent& event);

test::Reply ask(test::HttpClient& client, const Asked& asked);

struct Load {
  std::uint16_t port = 0;
  std::uint64_t first_number = 0;  // numbers and keys go on from here
  std::uint64_t wanted = 0;        // acknowledged events
  Position resume_after = 0;       // where the follower of the stream goes on
  bool confirm = false;            // readings confirm the commands (a witness acts)
  bool approves = false;           // plug-2 needs a yes, and gets it
  std::uint64_t stop_after = 0;    // acknowledged events until somebody stops everything; 0 = nobody does
};

/// What one round left behind.
struct Taken {
  std::vector<Asked> asked;
  std::vector<Seen> seen;
  std::uint64_t acked = 0, next_number = 0;
  bool stopped = false;  // it was said to be on record
};

/// Runs until `wanted` is reached, calls `kill`, and waits for everybody to notice.
Taken run_load(const Load& load, const std::function<void()>& kill);

}  // namespace heliograph::e2e
