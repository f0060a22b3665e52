// Telemetry as JSON to a batch of readings: the shape of an edge node (docs/CONTRACT.md ING-16), and a direct form with
// our metric names. Numbers become integers from their text, not through a double. What cannot be used (NaN, 1e309,
// "85%", null) is kept as a suspect with its raw text; a bad line never takes its neighbours with it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "events/readings.hpp"

namespace heliograph {

struct LineError {
  std::uint64_t line = 0;  // from 1; in an array the number of the object
  std::string sentence;
};

inline constexpr std::size_t line_errors_max = 20;
inline constexpr std::size_t ignored_names_max = 16;

struct IngestBatch {
  ReadingBatch batch;
  std::uint64_t lines = 0;     // that held anything
  std::uint64_t rejected = 0;  // of them
  std::vector<LineError> errors;     // the first of the rejected
  std::vector<std::string> ignored;  // fields that mean nothing to us, each once: "optimizer.next_review"
};

/// Reads bodies one after the other and keeps its memory between them. Not thread-safe: one a connection or thread.
class ReadingsParser {
 public:
  ReadingsParser();
  ~ReadingsParser();
  ReadingsParser(const ReadingsParser&) = delete;
  ReadingsParser& operator=(const ReadingsParser&) = delete;

  /// `ndjson`: one object a line. Otherwise one JSON object or an array of objects. Errors: invalid when not a single
  /// line could be used (pointer: the first bad line), or when there are more than 1,048,576 lines.
  Result<IngestBatch> parse(std::string_view body, bool ndjson);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The same for a single body.
Result<IngestBatch> parse_readings(std::string_view body, bool ndjson);

/// A batch as JSON lines in the direct form; parse_readings gives the batch again.
std::string print_readings(const ReadingBatch& batch);

}  // namespace heliograph
