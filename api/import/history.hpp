// History from files: rows of a mapped CSV (or JSON lines) into batches of readings, with a report. Writes nothing
// itself: batches go to a sink. Nothing is handed over before the whole CSV was read and understood, so a file that
// is refused leaves no trace. Memory: 16 bytes a value of one file, plus one row of text.
#pragma once

#include <functional>
#include <istream>
#include <optional>
#include <string>

#include "api/import/map.hpp"
#include "api/import/report.hpp"
#include "events/readings.hpp"

namespace heliograph {

struct ImportOptions {
  std::string file = {};            // its name, for the report and for sentences
  std::string time_zone = {};       // --timezone: for times without an offset, instead of the map's zone
  std::size_t batch_rows = 8'192;
};

/// Takes one batch (historic, in time order, at most about `batch_rows` readings); an error stops the import.
using BatchSink = std::function<Status(ReadingBatch)>;
struct ImportStep {
  std::uint64_t bytes_read = 0;  // of the file as it lies on disk
  std::uint64_t rows_read = 0;
  std::uint64_t readings = 0;    // handed to the sink
};
using ImportProgress = std::function<void(const ImportStep&)>;

/// Errors: invalid (with "line N, column X"), corrupt, io, or what the sink answered.
Result<ImportReport> read_history(std::istream& in, const ImportMap& map, const ImportOptions& options,
                                  const BatchSink& sink, const ImportProgress& progress = {});

/// JSON lines in the shapes of POST /readings (api/readings_json.hpp). Bad lines are dropped and reported.
Result<ImportReport> read_json_lines(std::istream& in, const ImportOptions& options, const BatchSink& sink,
                                     const ImportProgress& progress = {});

/// Opens `path` and reads it with the map, or as JSON lines when there is none. Without a map a CSV is refused with
/// the preset that would fit.
Result<ImportReport> import_file(const std::string& path, const std::optional<ImportMap>& map, ImportOptions options,
                                 const BatchSink& sink, const ImportProgress& progress = {});

/// `word` names a preset or a mapping file.
Result<ImportMap> open_map(const std::string& word);

}  // namespace heliograph
