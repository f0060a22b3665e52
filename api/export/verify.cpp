// Checking an export with nothing but the file: every seal recomputed, every line rendered again from its record, the
// chain and the proof held against what stood there. One manipulation should be one finding: after a bad line the chain
// goes on from what that line says.
#include <algorithm>
#include <istream>
#include <utility>

#include "api/export/export.hpp"
#include "api/export/read.hpp"
#include "events/codec.hpp"
#include "events/json.hpp"
#include "storage/view_store.hpp"

namespace heliograph {
namespace {

constexpr std::uint64_t lines_between_reports = 1000;

std::string n(std::uint64_t number) { return std::to_string(number); }

class ExportCheck {
 public:
  ExportCheck(const VerifyExportOptions& options, ExportFormat format) : options_(options) { verdict_.format = format; }

  void take(std::uint64_t number, const std::string& line);
  void stop_reading(std::uint64_t number);
  ExportVerdict finish();

 private:
  struct Chain {
    ChainClaim listed;
    bool link_unknown = false;  // the line before in this chain could not be read
  };

  void add(std::string sentence) { verdict_.add(number_, std::move(sentence)); }
  void take_header(const std::string& line, const ReadLine& read);
  void take_record(const std::string& line, const ReadLine& read);
  void take_proof(const std::string& line, const ReadLine& read);
  void check_order(const ReadLine& read);
  void check_link(Chain& chain, const ReadLine& read, bool readings);
  void check_shown(const std::string& line, const ReadLine& read, const Record& record);
  void count(Chain& chain, const ReadLine& read, const Record& record);
  void check_claims(const ExportClaims& claims);
  void check_chain(const char* name, const ChainClaim& claim, const ChainClaim& listed, bool complete);
  void check_signatures(const ExportProof& proof);
  void lose_links() { decisions_.link_unknown = readings_.link_unknown = true; }

  const VerifyExportOptions& options_;
  ExportVerdict verdict_;
  LineReader reader_;
  std::uint64_t number_ = 0;
  std::uint64_t lines_ = 0;
  std::optional<ExportHead> head_;  // as the header says; a CSV says it in the proof alone
  Chain decisions_, readings_;
  Position taken_ = 0, reached_ = 0;  // start and end of the last record
  struct Undecided {
    std::uint64_t line;
    std::string sentence;
    Position readings;  // behind which the chain of readings is broken; 0 = it is that of decisions
  };
  std::vector<Undecided> undecided_;  // judged when the proof has told whether it is complete
  Position dropped_before_ = 0;       // readings before it may be gone: a decision says so
  Hasher digest_;
};

void ExportCheck::take(std::uint64_t number, const std::string& line) {
  number_ = number;
  verdict_.lines = number;
  if (line.empty()) return;
  if (verdict_.proof) return add("The line stands after the proof: it was appended later and nothing vouches for it.");
  const bool first = lines_++ == 0;
  const ReadLine read = reader_.read(verdict_.format, line);
  if (first && read.kind != LineKind::header) add("The header is missing: the beginning of the export was removed.");
  switch (read.kind) {
    case LineKind::header:
      return first ? take_header(line, read) : add("A second header: two exports were joined. Check each by itself.");
    case LineKind::record: return take_record(line, read);
    case LineKind::proof: return take_proof(line, read);
    case LineKind::strange: lose_links(); return add(read.sentence);
  }
}

void ExportCheck::take_header(const std::string& line, const ReadLine& read) {
  if (verdict_.format == ExportFormat::csv) return;
  head_ = read_head(read.data);
  if (!head_) return add("The header cannot be read: it was changed.");
  const std::string expected = export_note(verdict_.format, export_header_type, id_of(*head_), to_json(*head_));
  if (auto field = reader_.difference(verdict_.format, line, expected))
    add("The header was changed at " + *field + ".");
}

void ExportCheck::take_record(const std::string& line, const ReadLine& read) {
  check_order(read);
  if (seal_of(read.previous, read.position, read.payload) != read.seal)
    add("The seal does not fit the record at position " + n(read.position) +
        ": its bytes, its position or one of its seals was changed.");
  const auto record = decode_record(read.payload, read.position, read.rows);
  if (!record) {
    lose_links();
    taken_ = reached_ = std::max(reached_, read.position);
    return add("The record cannot be decoded: " + printable(record.error().sentence));
  }
  if (auto sealed_so = says_what_was_sealed(*record, read.payload); !sealed_so)
    add("The rows at position " + n(read.position) + " are not those that were sealed: they were changed.");
  Chain& chain = record->is_readings() ? readings_ : decisions_;
  check_link(chain, read, record->is_readings());
  check_shown(line, read, *record);
  count(chain, read, *record);
}

void ExportCheck::check_order(const ReadLine& read) {
  if (read.position == taken_) {
    add("Position " + n(read.position) + " stands here a second time.");
  } else if (read.position <= reached_) {
    add("Position " + n(read.position) + " stands after position " + n(taken_) + ": lines were moved.");
  }
}

void ExportCheck::check_link(Chain& chain, const ReadLine& read, bool readings) {
  const bool first = chain.listed.records == 0;
  const bool unknown = std::exchange(chain.link_unknown, false);
  const bool complete = !head_ || head_->complete;  // without a header, as in CSV, only the proof knows
  // The oldest readings of a log are dropped in time, so their chain may begin anywhere.
  if (!complete || unknown || (first && readings) || read.previous == chain.listed.seal) return;
  std::string sentence = first ? "The first decisions are missing: the record at position " + n(read.position) +
                                     " is not the beginning of the chain."
                               : "The chain is broken between positions " + n(chain.listed.last) + " and " +
                                     n(read.position) + ": records are missing, moved or changed there.";
  if (head_ && !readings) return add(std::move(sentence));
  if (undecided_.size() < ExportVerdict::findings_kept) undecided_.push_back({number_, std::move(sentence), readings ? chain.listed.last : 0});
}

void ExportCheck::check_shown(const std::string& line, const ReadLine& read, const Record& record) {
  const SealedBytes sealed{read.position, read.previous, read.seal, read.payload, read.rows};
  if (auto field = reader_.difference(verdict_.format, line, export_line(verdict_.format, record, sealed))) {
    std::string sentence = "What can be read does not agree with the sealed record: " + *field + " was changed.";
    if (head_ && !options_.version.empty() && head_->version != options_.version)
      sentence += " (Heliograph " + printable(head_->version.substr(0, 40)) + " wrote the file, this is " +
                  options_.version + ": check it with that release, too.)";
    add(std::move(sentence));
  }
  if (head_ && (!passes(head_->filter, record) || (record.is_readings() && !head_->readings)))
    add("The record at position " + n(read.position) + " is not one that the header asks for.");
}

void ExportCheck::count(Chain& chain, const ReadLine& read, const Record& record) {
  if (chain.listed.records++ == 0) chain.listed.first = read.position;
  chain.listed.last = read.position;
  chain.listed.seal = read.seal;
  (record.is_readings() ? verdict_.batches : verdict_.decisions) += 1;
  if (record.is_readings()) verdict_.readings += record.span();
  else if (const auto* dropped = std::get_if<ReadingsDropped>(&record.event())) dropped_before_ = std::max(dropped_before_, dropped->before);
  taken_ = read.position;
  reached_ = std::max(reached_, record.last());
  std::string position;
  put_be64(position, read.position);
  digest_.add(position);
  digest_.add(bytes_of(read.seal));
}

void ExportCheck::take_proof(const std::string& line, const ReadLine& read) {
  verdict_.proof = true;
  const auto proof = read_proof(read.data);
  if (!proof) return add("The proof cannot be read: it was cut or changed.");
  const std::string expected = export_note(verdict_.format, export_proof_type, id_of(*proof), to_json(*proof));
  if (auto field = reader_.difference(verdict_.format, line, expected)) add("The proof was changed at " + *field + ".");
  const ExportHead& head = proof->claims.head;
  verdict_.complete = head.complete;
  verdict_.origin = head.origin;
  verdict_.version = head.version;
  verdict_.filter = head.filter;
  verdict_.key_id = proof->key_id;
  verdict_.covers = proof->claims.decisions.covers;
  verdict_.covers_seal = proof->claims.decisions.covers_seal;
  check_signatures(*proof);
  check_claims(proof->claims);
}

void ExportCheck::check_claims(const ExportClaims& claims) {
  const ExportHead& head = claims.head;
  if (head.format != verdict_.format) add("The proof belongs to another format.");
  if (head_ && *head_ != head) add("The header says another thing than the proof: one of them was changed.");
  if (head.complete != head.filter.empty())
    add("The proof claims a complete chain and a filter at once: one of them was changed.");
  if (head.complete)
    for (auto& [line, sentence, readings] : undecided_)
      if (readings == 0 || readings >= dropped_before_) verdict_.add(line, std::move(sentence));
  check_chain("decisions", claims.decisions, decisions_.listed, head.complete);
  check_chain("readings", claims.readings, readings_.listed, head.complete);
  if (claims.digest != digest_.finish())
    add("The records of the file are not the ones that the proof was made for: lines were removed, added, moved or "
        "changed.");
}

void ExportCheck::check_chain(const char* name, const ChainClaim& claim, const ChainClaim& listed, bool complete) {
  const std::string of = std::string(" of the ") + name + " chain";
  if (claim.records != listed.records)
    add("The proof counts " + n(claim.records) + " records" + of + ", the file has " + n(listed.records) + ".");
  if (claim.first != listed.first || claim.last != listed.last || claim.seal != listed.seal)
    add("The first or last record" + of + " is not the one that the proof names.");
  if (complete && (claim.covers != claim.last || claim.covers_seal != claim.seal))
    add("The checkpoint" + of + " is not its last record, as it is in a complete export.");
  if (claim.covers < claim.last) add("The checkpoint" + of + " lies before its last record.");
}

void ExportCheck::check_signatures(const ExportProof& proof) {
  if (hex(bytes_of(sha256({proof.public_key})).substr(0, 8)) != proof.key_id)
    add("The key's id does not belong to the public key in the proof.");
  if (!options_.key_id.empty() && proof.key_id != options_.key_id)
    add("Another key signed the proof (" + printable(proof.key_id.substr(0, 40)) + ") than the one expected (" +
        options_.key_id + ").");
  if (!signature_holds(proof.public_key, signed_text(proof.claims), proof.signature))
    add("The signature of the proof does not hold: the proof was changed, or another key signed it.");
  if (!signature_holds(proof.public_key, decisions_checkpoint(proof.claims), proof.decisions_signature))
    add("The signature of the decisions checkpoint does not hold.");
  if (proof.claims.head.readings &&
      !signature_holds(proof.public_key, readings_checkpoint(proof.claims), proof.readings_signature))
    add("The signature of the readings checkpoint does not hold.");
}

void ExportCheck::stop_reading(std::uint64_t number) {
  number_ = number;
  add("The line is longer than 64 MiB, which no export writes: the rest was not read.");
}

ExportVerdict ExportCheck::finish() {
  number_ = 0;
  if (!verdict_.proof)
    add("The proof at the end is missing: the end of the file was cut off, or the export did not finish.");
  std::stable_sort(verdict_.findings.begin(), verdict_.findings.end(), [](const auto& a, const auto& b) {
    return (a.line == 0 ? UINT64_MAX : a.line) < (b.line == 0 ? UINT64_MAX : b.line);
  });
  return std::move(verdict_);
}

}  // namespace

void ExportVerdict::add(std::uint64_t line, std::string sentence) {
  if (++findings_total <= findings_kept) findings.push_back({line, std::move(sentence)});
}

Result<ExportVerdict> verify_export(std::istream& in, const VerifyExportOptions& options,
                                    const VerifyExportProgress& progress) {
  ExportLines lines(in);
  std::optional<ExportCheck> check;
  while (true) {
    const auto got = lines.next();
    if (got == ExportLines::Got::io) return fail(Errc::io, "The export cannot be read: check the file and its rights.");
    if (got == ExportLines::Got::end) break;
    const bool whole = got == ExportLines::Got::line;
    if (whole && lines.text().empty() && !check) continue;
    if (!check) {
      const auto format = whole ? LineReader::format_of(lines.text()) : std::nullopt;
      if (!format)
        return fail(Errc::invalid, "The file does not begin like an export: give one that heliograph export wrote.",
                    "line " + n(lines.number()));
      check.emplace(options, *format);
    }
    if (!whole) {
      check->stop_reading(lines.number());
      break;
    }
    check->take(lines.number(), lines.text());
    if (lines.number() % lines_between_reports == 0 && progress && !progress(lines.number()))
      return fail(Errc::refused, "The check was stopped before the end: nothing is known about the file.");
  }
  if (!check) return fail(Errc::invalid, "The file is empty: give one that heliograph export wrote.");
  return check->finish();
}

std::string to_json(const ExportVerdict& v) {
  JsonWriter json;
  json.begin_object().field("ok", v.ok()).field("format", name(v.format)).field("complete", v.complete);
  json.field("lines", v.lines)
      .field("decisions", v.decisions)
      .field("batches", v.batches)
      .field("readings", v.readings);
  json.field("origin", as_utf8(v.origin)).field("heliograph", as_utf8(v.version)).field("key_id", as_utf8(v.key_id));
  json.key("checkpoint")
      .begin_object()
      .field("position", v.covers)
      .field("seal", hex(bytes_of(v.covers_seal)))
      .end_object();
  json.field("findings_total", v.findings_total).key("findings").begin_array();
  for (const ExportFinding& finding : v.findings) {
    json.begin_object();
    if (finding.line != 0) json.field("line", finding.line);
    json.field("sentence", finding.sentence).end_object();
  }
  json.end_array().end_object();
  return json.take();
}

}  // namespace heliograph
