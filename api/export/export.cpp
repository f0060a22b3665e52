// Writing an export: one pass over the stored bytes in order of position. Every seal is recomputed on the way, so a log
// that is damaged is not exported as if it were sound.
#include "api/export/export.hpp"

#include <algorithm>
#include <ostream>

#include "api/export/line.hpp"
#include "api/export/proof.hpp"
#include "events/codec.hpp"
#include "events/json.hpp"
#include "storage/view_store.hpp"

namespace heliograph {
namespace {

constexpr std::uint64_t records_between_reports = 1000;

Status check(const ExportOptions& options) {
  const auto printable = [](char c) { return c >= 0x20 && c < 0x7f; };
  const std::string& origin = options.origin;
  if (origin.empty() || origin.size() > 200 || !std::all_of(origin.begin(), origin.end(), printable))
    return fail(Errc::invalid,
                "The origin of an export is 1 to 200 printable ASCII characters: name this log, like heliograph/acme.");
  const ExportFilter& filter = options.filter;
  if (filter.from && filter.to && *filter.from >= *filter.to)
    return fail(Errc::invalid, "--from is not before --to: nothing could lie between them.");
  return {};
}

class Writer {
 public:
  Writer(const ExportOptions& options, std::ostream& out) : format_(options.format), out_(out) {
    claims_.head = {options.format, as_utf8(options.version), options.origin,
                    options.filter, options.readings,         options.filter.empty()};
  }

  Status begin() {
    if (format_ == ExportFormat::csv) return put(csv_header());
    return put(export_note(format_, export_header_type, id_of(claims_.head), to_json(claims_.head)));
  }

  /// Takes every record of the chains in order; writes those that pass.
  Status take(const EventLog::Stored& stored) {
    ChainClaim& chain = stored.readings ? claims_.readings : claims_.decisions;
    if (stored.dropped) {  // its seal carries the chain over; why it is gone, a decision says
      chain.covers_seal = stored.seal;
      return {};
    }
    const auto decoded = stored.record();
    if (!decoded) return fail(decoded.error());
    const Record& record = **decoded;
    SealedBytes sealed{stored.position, chain.covers_seal, stored.seal, stored.payload, stored.rows};
    if (seal_of(sealed.previous, stored.position, stored.payload) != stored.seal)
      return fail(Errc::corrupt, "The record at position " + std::to_string(stored.position) +
                                     " is not what was written: run heliograph verify --data, and restore a backup.");
    chain.covers = stored.position;
    chain.covers_seal = stored.seal;
    if (auto sealed_so = stored.check(record); !sealed_so) return sealed_so;
    if (!passes(claims_.head.filter, record)) return {};
    const std::string packed = stored.woven ? encode_readings(record.readings()) : std::string();
    if (stored.woven) sealed.rows = packed;
    note(record, sealed, chain);
    return put(export_line(format_, record, sealed));
  }

  Result<ExportSummary> finish(const SigningKey& key, Position end) {
    claims_.digest = digest_.finish();
    const ExportProof proof = make_proof(claims_, key);
    if (auto done = put(export_note(format_, export_proof_type, id_of(proof), to_json(proof))); !done)
      return fail(done.error());
    out_.flush();
    if (!out_.good()) return fail(cannot_write());
    summary_.end = end;
    summary_.decision = claims_.decisions.covers;
    summary_.decisions_seal = claims_.decisions.covers_seal;
    summary_.complete = claims_.head.complete;
    summary_.key_id = key.key_id();
    return summary_;
  }

 private:
  static Error cannot_write() {
    return {Errc::io,
            "The export could not be written: look for free space and rights where it goes, and export again.",
            {}};
  }

  void note(const Record& record, const SealedBytes& sealed, ChainClaim& chain) {
    if (chain.records++ == 0) chain.first = sealed.position;
    chain.last = sealed.position;
    chain.seal = sealed.seal;
    std::string position;
    put_be64(position, sealed.position);
    digest_.add(position);
    digest_.add(bytes_of(sealed.seal));
    (record.is_readings() ? summary_.batches : summary_.decisions) += 1;
    if (record.is_readings()) summary_.readings += record.span();
  }

  Status put(const std::string& line) {
    if (line.size() > export_line_bytes_max)
      return fail(Errc::unsupported,
                  "A record is longer than a line of an export may be (64 MiB): export without readings.");
    out_ << line << (format_ == ExportFormat::csv ? "\r\n" : "\n");
    if (!out_.good()) return fail(cannot_write());
    return {};
  }

  ExportFormat format_;
  std::ostream& out_;
  ExportClaims claims_;
  ExportSummary summary_;
  Hasher digest_;
};

}  // namespace

Result<ExportSummary> export_log(EventLog& log, const ExportOptions& options, const SigningKey& key, std::ostream& out,
                                 const ExportProgress& progress) {
  if (auto fine = check(options); !fine) return fail(fine.error());
  const Position end = log.durable();
  Writer writer(options, out);
  Status status = writer.begin();
  if (!status) return fail(status.error());
  std::uint64_t seen = 0;
  const auto visit = [&](const EventLog::Stored& stored) {
    status = writer.take(stored);
    if (status && ++seen % records_between_reports == 0 && progress && !progress(stored.position, end))
      status =
          fail(Errc::refused, "The export was stopped: what is written so far has no proof at its end, so delete it.");
    return status.has_value();
  };
  const Part part = options.readings ? Part::all : Part::decisions;
  if (end > 0) {
    if (auto scanned = log.scan_stored(1, end, part, visit); !scanned) return fail(scanned.error());
  }
  if (!status) return fail(status.error());
  auto summary = writer.finish(key, end);
  if (summary && progress) progress(end, end);
  return summary;
}

std::string to_json(const ExportSummary& s) {
  JsonWriter json;
  json.begin_object().field("decisions", s.decisions).field("batches", s.batches).field("readings", s.readings);
  json.field("complete", s.complete).field("end", s.end).key("checkpoint").begin_object();
  json.field("position", s.decision).field("seal", hex(bytes_of(s.decisions_seal))).end_object();
  json.field("key_id", s.key_id).end_object();
  return json.take();
}

}  // namespace heliograph
