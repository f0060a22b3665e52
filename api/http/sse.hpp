// The live stream: every event rendered once, sent to many. A subscriber that falls behind is fed from the log until
// it has caught up, so what must be delivered is never lost, never repeated and always in the order of positions;
// telemetry may be skipped, and then a `gap` says which. All state lives on one loop; nothing here takes a lock there.
//
// A subscriber is either live (it has, or will never need, everything up to the hub's position) or behind (it has
// everything up to `at`, and pages of the log take it further). It becomes live in the very turn of the loop in which
// its page reaches the hub's position, so nothing can be published in between.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/http/server.hpp"
#include "events/ids.hpp"

namespace heliograph::http {

struct SseFrame {
  Position position = 0;     // the last position it covers; becomes the `id`
  std::uint32_t topics = 1;  // bits, the owner's meaning
  std::uint32_t site = 0;    // the owner's number; 0 = of no site
  bool must_deliver = true;  // decisions, commands, alerts; false = telemetry
  SharedText text;           // made by `sse_frame`
  std::uint32_t group = 0;   // the owner's number of whose it is
};

/// Requires: `json` has no line break.
SharedText sse_frame(Position id, std::string_view event, std::string_view json);

struct SseFilter {
  std::uint32_t topics = ~0u;
  std::vector<std::uint32_t> sites = {};  // empty = all
  std::uint32_t group = 0;                // 0 = any
  bool matches(const SseFrame& frame) const;
};

struct CatchUpRequest {
  Position after = 0;
  SseFilter filter;
  bool telemetry = true;      // false: leave telemetry out and say so in `skipped_*`
  std::size_t max_bytes = 0;  // of frames, roughly; at least one frame
};

struct CatchUpPage {
  std::vector<SseFrame> frames;               // matching ones with positions in (after, through], rising
  Position through = 0;                       // looked at up to here; the log's head when `after` is beyond it
  Position skipped_from = 0, skipped_to = 0;  // matching telemetry left out; 0 = none
  bool reset = false;  // `after` is older than what is kept: the frames begin with a fresh snapshot
};

/// Reads one page of the log. Runs off the loop, may block. A position that was published must be readable.
using CatchUp = std::function<Result<CatchUpPage>(const CatchUpRequest&)>;

struct SseOptions {
  std::size_t queue_bytes = 256 * 1024;  // per subscriber, waiting for its socket
  std::size_t queue_frames = 4096;
  std::size_t page_bytes = 64 * 1024;
  unsigned pages_with_telemetry = 64;  // a resume that takes longer goes on without
  std::size_t subscribers = 1000;
  std::chrono::milliseconds tick{1'000};
  std::chrono::milliseconds heartbeat{15'000};
  std::chrono::milliseconds stuck_timeout{30'000};  // nothing taken although something waits
  std::chrono::milliseconds coalesce{50};           // telemetry leaves at most so often; the rest at once
};

struct SseStats {
  std::uint64_t subscribers = 0, behind = 0, published = 0, fell_behind = 0, stuck = 0, turned_away = 0;
};

class SseHub {
 public:
  /// `live`: the log's position now. `off_loop` runs a task on another thread; without it the hub has a thread of
  /// its own.
  SseHub(std::shared_ptr<Loop> loop, Position live, CatchUp catch_up, SseOptions options = {},
         std::function<void(Loop::Task)> off_loop = {});
  ~SseHub();  // stops
  SseHub(const SseHub&) = delete;
  SseHub& operator=(const SseHub&) = delete;

  /// From any thread, in the order of positions. What is not above the hub's position is ignored, so publishing
  /// again after a restart is harmless. `through`: every position up to here has its frame here, or has none.
  void publish(std::vector<SseFrame> frames, Position through);
  /// What came up to here was not rendered, it was too much: every subscriber goes on in the log.
  void missed(Position through);
  /// Goes on without frames when nobody listens; false when somebody does, who must get them. Looking first and publishing
  /// nothing after would lose them for who subscribes in between.
  bool skip(Position through);
  /// Answers with the stream, or 400 for an id that is none, or 503. From any thread.
  void subscribe(const Request& request, SseFilter filter, const Responder& responder);
  /// The same over a WebSocket.
  void subscribe_socket(const Request& request, SseFilter filter, const Responder& responder);
  /// Ends every stream; afterwards the hub's own thread reads no page any more.
  void stop();
  SseStats stats() const;

  /// Where a client wants to go on: the Last-Event-ID header, or else `?after=`.
  static Result<std::optional<Position>> resume_position(const Request& request);

 private:
  class State;
  class Reader;
  std::shared_ptr<Reader> reader_;
  std::shared_ptr<State> state_;
};

}  // namespace heliograph::http
