// A segment: a stretch of the log's readings, device by device and column by column, in place of the batches that they came in.
// Nothing is lost: weaving gives the same records back, row for row, and so the same seals (docs/LOG_FORMAT.md, "A segment").
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "events/record.hpp"

namespace heliograph {

struct Segment {
  Position from = 0, end = 0;  // holds every batch that starts in [from, end), and none reaches beyond
  std::string head;            // envelopes, suspects, and how many rows each batch had
  std::map<std::string, std::vector<std::string>> blocks;  // of each "tenant/site/device", in order of time
};

/// "tenant/site/device".
std::string device_path(const SiteKey& site, std::string_view device);

/// Requires: batches in order, all of readings_schema.
Segment make_segment(std::span<const RecordPtr> batches, Position from, Position end);
/// The records again. Errors: corrupt.
Result<std::vector<RecordPtr>> weave(const Segment& segment);
/// Where the segment with this head ends.
Result<Position> end_of_segment(std::string_view head);

/// The rows of one device in some batches, as blocks.
std::vector<std::string> blocks_of_device(std::span<const RecordPtr> batches, const SiteKey& site, std::string_view device);

}  // namespace heliograph
