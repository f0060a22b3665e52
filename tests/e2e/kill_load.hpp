// The load of one round: several people and meters at once, each keeping what it asked and what it was told.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "events/record.hpp"
#include "tests/support/http_client.hpp"

namespace heliograph::e2e {

struct Asked {
  enum class Kind { readings, command, rule } kind{};
  std::string target, content_type, key, body;
  int status = 0;  // 0: in doubt
  std::string answer;
  std::vector<std::pair<std::string, std::int64_t>> rows;  // source time and value of each reading
  std::string device;
};

/// One event of the stream.
struct Seen {
  Position first = 0, last = 0;
  std::string type, data;
};

test::Reply ask(test::HttpClient& client, const Asked& asked);

struct Load {
  std::uint16_t port = 0;
  std::uint64_t first_number = 0;  // numbers and keys go on from here
  std::uint64_t wanted = 0;        // acknowledged events
  Position resume_after = 0;       // where the follower of the stream goes on
  bool confirm = false;            // readings confirm the commands (a witness accepts them)
};

/// What one round left behind.
struct Taken {
  std::vector<Asked> asked;
  std::vector<Seen> seen;
  std::uint64_t acked = 0, next_number = 0;
};

/// Runs until `wanted` is reached, calls `kill`, and waits for everybody to notice.
Taken run_load(const Load& load, const std::function<void()>& kill);

}  // namespace heliograph::e2e
