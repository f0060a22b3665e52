#include "storage/verify.hpp"

#include "events/checkpoint.hpp"
#include "events/json.hpp"

#include <algorithm>
#include <map>
#include <unordered_map>

#include "events/codec.hpp"
#include "storage/store_opening.hpp"

namespace heliograph {
namespace {

std::string n(std::uint64_t number) { return std::to_string(number); }

/// Walks the records in order and holds each against what the ones before it say.
class Walk {
 public:
  Walk(EventLog& log, VerifyReport& report) : log_(log), report_(report) {}

  void take(const EventLog::Stored& stored);
  /// After the last record: the log must reach `end`, and the index must say the same as the log.
  void finish(Position end);
  Position taken() const { return taken_; }
  Position reached() const { return expected_ - 1; }

 private:
  void take_dropped(const EventLog::Stored& stored);
  void take_fact(const SiteKey& site, const ReadingsDropped& fact) { gone_[site].on_record = std::max(gone_[site].on_record, fact.before); }
  void check_place(const EventLog::Stored& stored);
  void check_seal(const EventLog::Stored& stored);
  void check_envelope(const Envelope& envelope);
  void check_version(const Envelope& envelope);

  EventLog& log_;
  VerifyReport& report_;
  Position taken_ = 0;      // start of the last record
  Position expected_ = 1;   // where the next record must start
  bool span_unknown_ = false;          // the last batch did not decode: the next may start anywhere
  bool lost_link_[2] = {false, false};  // the record before may be among those that are missing
  bool gap_ = false;
  Digest seal_[2]{};
  Micros recorded_at_ = 0;
  DroppedRun dropped_;              // the last: positions in it may be missing
  struct Gone {
    std::uint64_t runs = 0;  // with readings of the site
    Position end = 0;        // of the last of them
    Position on_record = 0;  // before it they may be gone
  };
  std::map<SiteKey, Gone> gone_;
  struct Stream {
    SiteKey site;
    std::string name;
    Version version = 0;
    std::uint64_t runs_dropped = 0;  // of the site, when its last record came
  };
  std::unordered_map<std::string, Stream> streams_;
};

void Walk::take(const EventLog::Stored& stored) {
  if (dropped_.from <= expected_ && expected_ < dropped_.end) expected_ = std::min(stored.position, dropped_.end);
  check_place(stored);
  if (stored.dropped) return take_dropped(stored);
  check_seal(stored);
  taken_ = stored.position;
  (stored.readings ? report_.batches : report_.decisions) += 1;
  auto decoded = stored.record();
  const Record* record = decoded ? decoded->get() : nullptr;
  if (record && record->is_readings() != stored.readings)
    report_.add(stored.position, "The record lies in the wrong part of the log.");
  if (!record) {
    report_.add(stored.position, "The record cannot be decoded: " + decoded.error().sentence);
    expected_ = stored.position + 1;
    span_unknown_ = stored.readings;
    return;
  }
  if (auto sealed = stored.check(*record); !sealed) report_.add(stored.position, sealed.error().sentence);
  if (record->is_readings()) report_.readings += record->span();
  else if (const auto* dropped = std::get_if<ReadingsDropped>(&record->event())) take_fact(record->envelope.site, *dropped);
  expected_ = record->last() + 1;
  check_envelope(record->envelope);
}

/// What is no longer kept carries the chain over, and says how much it was.
void Walk::take_dropped(const EventLog::Stored& stored) {
  if (!lost_link_[1] && stored.dropped->before != Digest{} && stored.dropped->before != seal_[1])
    report_.add(stored.position, "The seal does not fit: what lies in front of readings that were dropped is not what was written.");
  lost_link_[1] = false;
  seal_[1] = stored.seal;
  taken_ = stored.position;
  expected_ = stored.position;
  dropped_ = *stored.dropped;
  for (const SiteKey& site : dropped_.sites) {
    ++gone_[site].runs;
    gone_[site].end = dropped_.end;
  }
  report_.dropped += stored.dropped->rows;
}

void Walk::check_place(const EventLog::Stored& stored) {
  if (stored.position > expected_ && !span_unknown_) {
    report_.add(expected_, "Positions " + n(expected_) + " to " + n(stored.position - 1) +
                               " are missing: what was recorded there is lost. Restore a backup.");
    lost_link_[0] = lost_link_[1] = gap_ = true;
  } else if (stored.position < expected_) {
    report_.add(stored.position, "The record begins inside the one before it: two histories are mixed.");
  }
  span_unknown_ = false;
}

void Walk::check_seal(const EventLog::Stored& stored) {
  const std::size_t chain = stored.readings ? 1 : 0;
  const Digest seal = seal_of(seal_[chain], stored.position, stored.payload);
  if (seal != stored.seal && !lost_link_[chain])
    report_.add(stored.position, "The seal does not fit: this record, or the one before it in its chain, is not what was "
                                 "written.");
  lost_link_[chain] = false;
  seal_[chain] = stored.seal;
  (stored.readings ? report_.readings_seal : report_.decisions_seal) = seal;
}

void Walk::check_envelope(const Envelope& e) {
  if (e.recorded_at < recorded_at_)
    report_.add(e.position, "The record was recorded before the one in front of it: time ran backwards.");
  recorded_at_ = std::max(recorded_at_, e.recorded_at);
  if (e.cause >= e.position) report_.add(e.position, "Its cause, " + n(e.cause) + ", is not before it.");
  check_version(e);
  if (e.idempotency_key.empty()) return;
  auto use = log_.find_key(e.site.tenant, e.idempotency_key);
  if (!use || !*use || (*use)->position != e.position)
    report_.add(e.position, "The index does not know this record's idempotency key: a repeated request could act twice.");
}

void Walk::check_version(const Envelope& e) {
  Stream& stream = streams_[e.site.tenant.text + '\0' + e.site.site.text + '\0' + e.stream];
  const auto gone = gone_.find(e.site);
  const std::uint64_t runs = gone == gone_.end() ? 0 : gone->second.runs;
  const bool may_skip = gap_ || (e.type == readings_type && stream.runs_dropped != runs);
  const bool follows = may_skip ? e.version > stream.version : e.version == stream.version + 1;
  if (!follows)
    report_.add(e.position, "Version " + n(e.version) + " of stream " + e.stream + " follows version " +
                                n(stream.version) + ".");
  stream = {e.site, e.stream, e.version, runs};
}

void Walk::finish(Position end) {
  for (const auto& [site, gone] : gone_)
    if (gone.end > gone.on_record)
      report_.add(0, "Readings of site " + site.site.text + " of tenant " + site.tenant.text + " are gone that nothing on record says were dropped. Restore a backup.");
  if (expected_ <= end && !span_unknown_)
    report_.add(expected_, "Positions " + n(expected_) + " to " + n(end) +
                               " are missing at the end: they were durable and are lost. Restore a backup.");
  for (const auto& [key, stream] : streams_) {
    auto version = log_.version_of(stream.site, stream.name);
    if (!version || *version != stream.version)
      report_.add(0, "The index has another version of stream " + stream.name + " than the log, which ends at " +
                         n(stream.version) + ".");
  }
  report_.last = reached();
}

void check_mark(EventLog& log, const Mark& mark, VerifyReport& report) {
  const struct {
    const char* chain;
    Position position;
    const Digest& seal;
  } ends[] = {{"decisions", mark.decision, mark.decisions_seal}, {"readings", mark.reading, mark.readings_seal}};
  for (const auto& end : ends) {
    if (end.position == 0) continue;
    auto seal = log.seal_at(end.position);
    const auto gone = log.is_dropped(end.position);
    if (!seal && gone && *gone && std::string_view(end.chain) == "readings") continue;  // an older mark may name a batch that is no longer kept
    if (!seal || *seal != end.seal)
      report.add(end.position, std::string("The watermark promises a record here, the last of the ") + end.chain +
                                   " when it was written, and the log has none or another.");
  }
}

void take_log(EventLog& log, Position end, const VerifyProgress& progress, VerifyReport& report) {
  Walk walk(log, report);
  std::uint64_t seen = 0;
  bool stopped = false;
  Position from = 1, step = 1;
  while (true) {
    const Position before = walk.taken();
    auto scanned = log.scan_stored(from, end, Part::all, [&](const EventLog::Stored& stored) {
      if (stored.position <= walk.taken()) return true;  // seen before the damage that we jumped over
      walk.take(stored);
      if (++seen % 1024 == 0 && progress && !progress(walk.reached(), end)) stopped = true;
      return !stopped;
    });
    if (scanned || stopped) break;
    // Damaged bytes end a scan. What lies behind them is looked for in growing steps, so that all damage is listed.
    if (step == 1 || walk.taken() != before) report.add(walk.reached() + 1, scanned.error().sentence);
    step = walk.taken() != before ? 2 : step * 2;
    from = walk.reached() + step;
    if (from > end) break;
  }
  if (!stopped) walk.finish(end);
  report.last = walk.reached();
  report.complete = !stopped;
  if (!stopped && progress) progress(end, end);
}

}  // namespace

void VerifyReport::add(Position position, std::string sentence) {
  if (++findings_total <= findings_kept) findings.push_back({position, std::move(sentence)});
}

VerifyReport verify_log(EventLog& log, Position end, const VerifyProgress& progress) {
  VerifyReport report;
  take_log(log, end, progress, report);
  return report;
}

VerifyReport verify_store(Store& store, const VerifyProgress& progress) {
  VerifyReport report;
  report.notes = store.notes();
  if (auto files = store.check_files(); !files) report.add(0, files.error().sentence);
  const auto mark = store.mark();
  const Position end = std::max(store.log().durable(), mark ? mark->position : 0);
  take_log(store.log(), end, progress, report);
  if (mark && report.complete) check_mark(store.log(), *mark, report);
  return report;
}

VerifyReport verify_directory(const std::string& directory, const VerifyProgress& progress) {
  Salvage salvage = open_damaged(directory);
  VerifyReport report;
  if (salvage.store) {
    report = verify_store(*salvage.store, progress);
  } else {
    report.complete = true;  // there is nothing more to read
  }
  std::vector<Finding> opening;
  for (Error& error : salvage.damage) opening.push_back({0, std::move(error.sentence)});
  report.findings_total += opening.size();
  report.findings.insert(report.findings.begin(), opening.begin(), opening.end());
  return report;
}

void verify_checkpoints(const EventLog& log, std::string_view public_key, VerifyReport& report) {
  const std::string key_id = hex(bytes_of(sha256({public_key})).substr(0, 8));
  auto done = log.scan(1, log.durable(), Part::decisions, [&](const RecordPtr& record) {
    const auto* checkpoint = std::get_if<CheckpointSigned>(&record->event());
    if (checkpoint == nullptr) return true;
    const Position at = record->envelope.position;
    const std::string of = " at position " + std::to_string(checkpoint->covers);
    const auto seal = log.seal_at(checkpoint->covers);
    if (!seal || bytes_of(*seal) != checkpoint->seal)
      report.add(at, "A signed checkpoint says that the chain stood otherwise" + of + ": the log was rewritten after it was signed.");
    else if (checkpoint->key_id != key_id)
      report.add(at, "A checkpoint was signed by another key (" + checkpoint->key_id + "): compare checkpoint.key with its backup.");
    else if (!signature_holds(public_key, checkpoint_text("heliograph/" + key_id, checkpoint->covers, checkpoint->seal), checkpoint->signature))
      report.add(at, "The signature of a checkpoint does not hold" + of + ".");
    return true;
  });
  if (!done) report.add(0, done.error().sentence);
}

std::string to_json(const VerifyReport& report) {
  JsonWriter json;
  json.begin_object().field("ok", report.ok()).field("decisions", report.decisions).field("batches", report.batches);
  json.field("readings", report.readings).field("dropped", report.dropped).field("last_position", report.last);
  json.field("decisions_seal", hex(bytes_of(report.decisions_seal))).field("readings_seal", hex(bytes_of(report.readings_seal)));
  json.field("findings_total", report.findings_total).key("findings").begin_array();
  for (const Finding& finding : report.findings)
    json.begin_object().field("position", finding.position).field("sentence", finding.sentence).end_object();
  json.end_array().key("notes").begin_array();
  for (const std::string& note : report.notes) json.string(note);
  json.end_array().end_object();
  return json.take();
}

std::string to_text(const VerifyReport& report) {
  std::string out;
  for (const std::string& note : report.notes) out += "note: " + note + "\n";
  for (const Finding& finding : report.findings)
    out += "FOUND" + (finding.position == 0 ? std::string() : " at position " + std::to_string(finding.position)) + ": " + finding.sentence + "\n";
  out += (report.ok() ? "OK: " : "NOT OK: ") + std::to_string(report.decisions) + " decisions and " + std::to_string(report.readings) +
         " readings" + (report.dropped > 0 ? " (and " + std::to_string(report.dropped) + " that were dropped)" : "") + " up to position " + std::to_string(report.last) + (report.ok() ? "; both chains hold.\n" : ".\n");
  return out;
}

}  // namespace heliograph
