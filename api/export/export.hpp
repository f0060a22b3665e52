// The audit export and its check: the log, or a part of it, as lines that people and tools can read, each with the
// stored bytes and both seals, closed by a signed proof (docs/EXPORT.md). Streams: memory holds one line. The same log
// and options give the same bytes. Checking needs the file alone. May not repair, skip or guess.
#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/checkpoint.hpp"
#include "storage/event_log.hpp"

namespace heliograph {

enum class ExportFormat : std::uint8_t { cloudevents = 0, ndjson, csv };
std::string_view name(ExportFormat format);
/// "cloudevents", "ndjson", "csv".
Result<ExportFormat> parse_export_format(std::string_view text);

/// Longest line that is written or read.
inline constexpr std::size_t export_line_bytes_max = std::size_t{64} << 20;

/// What is left out. An empty filter leaves nothing out.
struct ExportFilter {
  std::optional<TenantId> tenant;
  std::optional<SiteId> site;      // facts of the whole tenant (engine.started) belong to no site
  std::optional<Micros> from, to;  // occurred_at, or any row of a batch, in [from, to)
  bool empty() const { return !tenant && !site && !from && !to; }
  bool operator==(const ExportFilter&) const = default;
};

struct ExportOptions {
  ExportFilter filter;
  ExportFormat format = ExportFormat::cloudevents;
  bool readings = false;  // decisions alone, or readings too
  std::string origin;     // names this log in signed checkpoints: printable ASCII, 1 to 200 characters
  std::string version;    // of this program
};

struct ExportSummary {
  std::uint64_t decisions = 0, batches = 0, readings = 0;  // listed
  Position end = 0;                                        // the log's last durable position when the export began
  Position decision = 0;                                   // last record of the decisions chain
  Digest decisions_seal{};                                 // its seal: worth keeping elsewhere
  bool complete = false;                                   // nothing was left out
  std::string key_id;
};
std::string to_json(const ExportSummary& summary);

/// Told every thousand records and at the end. False stops.
using ExportProgress = std::function<bool(Position done, Position total)>;

/// Writes everything durable when it is called. Errors: invalid (options); corrupt, unsupported (the log); io (`out`);
/// refused (progress said stop). After an error `out` holds a file without proof, which does not verify.
Result<ExportSummary> export_log(EventLog& log, const ExportOptions& options, const SigningKey& key, std::ostream& out,
                                 const ExportProgress& progress = {});

struct ExportFinding {
  std::uint64_t line = 0;  // from 1; 0 = not at one line
  std::string sentence;
};

struct ExportVerdict {
  static constexpr std::size_t findings_kept = 100;
  std::vector<ExportFinding> findings;  // the first findings_kept
  std::uint64_t findings_total = 0;
  ExportFormat format = ExportFormat::cloudevents;
  std::uint64_t lines = 0, decisions = 0, batches = 0, readings = 0;  // seen
  // As the proof says; empty when there is none.
  bool proof = false, complete = false;
  std::string origin, version, key_id;
  ExportFilter filter;
  Position covers = 0;  // signed checkpoint of the decisions chain
  Digest covers_seal{};
  bool ok() const { return findings_total == 0; }
  void add(std::uint64_t line, std::string sentence);
};
std::string to_json(const ExportVerdict& verdict);

struct VerifyExportOptions {
  std::string key_id;   // who must have signed; empty = whoever did
  std::string version;  // of this program: named when a file of another one differs
};
/// Told every thousand lines. False stops.
using VerifyExportProgress = std::function<bool(std::uint64_t lines)>;

/// Checks one file, whatever its format. Errors: invalid (this is no export at all); io; refused (progress said stop).
Result<ExportVerdict> verify_export(std::istream& in, const VerifyExportOptions& options = {},
                                    const VerifyExportProgress& progress = {});

}  // namespace heliograph
