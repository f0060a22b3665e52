// What both logs share: turns, positions, versions, stamps, seals and the open group. The lock is held for a turn
// and for the swap of a group, never across a write to disk.
#include "storage/event_log.hpp"

#include <algorithm>

#include "events/codec.hpp"
#include "storage/view_store.hpp"

namespace heliograph {
namespace {

// Enough for every stream of a large fleet; a miss costs one point read.
constexpr std::size_t streams_cached = 65'536;
constexpr std::size_t key_bytes_max = 255;
constexpr std::size_t stream_bytes_max = 160;  // a category, a dash and the longest id

bool is_stream(std::string_view text) {
  if (text.empty() || text.size() > stream_bytes_max || text.front() == '-') return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

Status check_batch(const ReadingsPtr& batch) {
  if (!batch || batch->size() == 0)
    return fail(Errc::invalid, "The batch has no readings: leave it out, an empty batch is no fact.");
  if (batch->size() > batch_rows_max)
    return fail(Errc::invalid, "The batch has more than " + std::to_string(batch_rows_max) + " readings: split it.");
  bool even = batch->device_of.size() == batch->size();
  for (const Column& column : batch->columns) even = even && column.values.size() == batch->size();
  if (!even) return fail(Errc::invalid, "The columns of the batch differ in length: build it with ReadingBuilder.");
  return {};
}

}  // namespace

Digest seal_of(const Digest& previous, Position position, std::string_view payload) {
  std::string at;
  put_be64(at, position);
  return sha256({bytes_of(previous), at, payload});
}

// ---- a turn ------------------------------------------------------------------------------------------------

EventLog::Turn::Turn(EventLog& log, SiteKey site, Micros recorded_at, std::unique_lock<std::mutex> lock)
    : log_(&log),
      lock_(std::move(lock)),
      site_(std::move(site)),
      first_(log.heads_.next),
      next_(log.heads_.next),
      recorded_at_(recorded_at) {}

Status EventLog::Turn::check(const Draft& draft) const {
  if (!is_id(site_.tenant.text) || (!site_.site.empty() && !is_id(site_.site.text)))
    return fail(Errc::invalid, "The turn's tenant or site is no id: parse it with TenantId::parse and SiteId::parse.");
  if (!is_stream(draft.stream))
    return fail(Errc::invalid, "\"" + draft.stream.substr(0, 80) +
                                   "\" is no stream: use a category, a dash and an id, such as \"device-meter-1\".");
  if (draft.cause >= next_)
    return fail(Errc::invalid, "The cause " + std::to_string(draft.cause) + " is not before position " +
                                   std::to_string(next_) + ": a cause is always on record first.");
  if (draft.body.index() == 1) {
    if (auto even = check_batch(std::get<ReadingsPtr>(draft.body)); !even) return even;
  }
  return check_key(draft);
}

Status EventLog::Turn::check_key(const Draft& draft) const {
  const std::string& key = draft.idempotency_key;
  if (key.empty()) return {};
  if (key.size() > key_bytes_max) return fail(Errc::invalid, "The idempotency key is longer than 255 bytes.");
  std::string use_key = key_of_use(site_.tenant, key);
  for (const Pending& p : pending_)
    if (p.record->envelope.idempotency_key == key)
      return fail(Errc::conflict, "The turn uses the idempotency key \"" + key + "\" twice.");
  auto use = log_->use_locked(use_key);
  if (!use) return fail(use.error());
  if (*use)
    return fail(Errc::conflict, "The idempotency key \"" + key + "\" was used before, at position " +
                                    std::to_string((*use)->position) + ": answer with what it did then.");
  return {};
}

Result<RecordPtr> EventLog::Turn::add(Draft draft) {
  ensure(lock_.owns_lock(), "add to a turn that is spent", "EventLog::Turn::add");
  if (auto fit = check(draft); !fit) return fail(fit.error());

  std::string stream_key = key_of_stream(site_, draft.stream);
  Version version = 0;
  if (auto known = versions_.find(stream_key); known != versions_.end()) {
    version = known->second;
  } else {
    auto stored = log_->version_locked(stream_key);
    if (!stored) return fail(stored.error());
    version = *stored;
  }
  if (draft.expected_version && *draft.expected_version != version)
    return fail(Errc::conflict, "Stream " + draft.stream + " is at version " + std::to_string(version) + ", not " +
                                    std::to_string(*draft.expected_version) + ": read it again and decide again.");

  auto record = std::make_shared<Record>();
  Envelope& e = record->envelope;
  e.position = next_;
  e.site = site_;
  e.stream = std::move(draft.stream);
  e.version = version + 1;
  e.occurred_at = draft.occurred_at;
  e.recorded_at = recorded_at_;
  e.principal = std::move(draft.principal);
  e.cause = draft.cause;
  // A chain that starts here is named by where it starts: no two turns start at one position.
  e.correlation = draft.correlation.empty() ? "p" + std::to_string(first_) : std::move(draft.correlation);
  e.idempotency_key = std::move(draft.idempotency_key);
  record->body = std::move(draft.body);
  e.type = record->is_readings() ? std::string(readings_type) : std::string(type_name(record->event()));
  e.schema = record->is_readings() ? readings_schema : schema_version(record->event());

  if (record->is_readings() && draft.packed.bytes.empty()) draft.packed = pack_readings(record->readings());
  std::string payload = record->is_readings() ? encode_record(*record, draft.packed.content) : encode_record(*record);
  next_ += record->span();
  versions_[stream_key] = e.version;
  pending_.push_back({record, std::move(payload), std::move(draft.packed.bytes), std::move(stream_key), draft.fingerprint});
  return RecordPtr(record);
}

void EventLog::Turn::stage() {
  ensure(lock_.owns_lock(), "stage of a turn that is spent", "EventLog::Turn::stage");
  for (Pending& p : pending_) {
    const Envelope& e = p.record->envelope;
    const bool readings = p.record->is_readings();
    Digest& chain = readings ? log_->heads_.readings_seal : log_->heads_.decisions_seal;
    chain = seal_of(chain, e.position, p.payload);
    (readings ? log_->heads_.reading : log_->heads_.decision) = e.position;
    if (!e.idempotency_key.empty())
      log_->keys_staged_[key_of_use(site_.tenant, e.idempotency_key)] = {e.position, p.fingerprint};
    log_->remember(p.stream_key, e.version, e.position);
    log_->open_group_.push_back(
        {std::move(p.record), std::move(p.payload), std::move(p.rows), std::move(p.stream_key), chain, p.fingerprint});
  }
  if (!pending_.empty()) {
    log_->heads_.next = next_;
    log_->heads_.recorded_at = recorded_at_;
    log_->staged_.store(next_ - 1, std::memory_order_release);
  }
  pending_.clear();
  lock_.unlock();
}

// ---- the log -----------------------------------------------------------------------------------------------

EventLog::EventLog() : streams_sweep_(streams_cached) {}
EventLog::~EventLog() = default;

Error EventLog::closed_error() const {
  return {Errc::closed, "The log takes no more writes until it is opened again, because one failed: " +
                            closed_->sentence + " Restart Heliograph.",
          {}};
}

bool EventLog::failed() const {
  std::lock_guard lock(mutex_);
  return closed_.has_value();
}

void EventLog::recovered(const Heads& heads, std::vector<Range> plan, std::vector<Drop> drops) {
  std::scoped_lock lock(mutex_, plan_mutex_);
  last_batch_.store(heads.reading, std::memory_order_release);
  plan_ = std::move(plan);
  drops_ = std::move(drops);
  heads_ = heads;
  durable_.store(heads.next - 1, std::memory_order_release);
  staged_.store(heads.next - 1, std::memory_order_release);
}

Status EventLog::writable() {
  const std::lock_guard lock(mutex_);
  if (closed_) return fail(closed_error());
  return room(Reserve::keep);
}

Result<EventLog::Turn> EventLog::begin(SiteKey site, Micros now, Reserve reserve) {
  std::unique_lock lock(mutex_);
  if (closed_) return fail(closed_error());
  if (auto fits = room(reserve); !fits) return fail(fits.error());
  const Micros stamp = std::max(now, heads_.recorded_at + 1);
  return Turn(*this, std::move(site), stamp, std::move(lock));
}

Result<std::vector<RecordPtr>> EventLog::commit() {
  std::vector<Write> group;
  Heads after;
  {
    std::lock_guard lock(mutex_);
    if (closed_) return fail(closed_error());
    if (open_group_.empty()) return std::vector<RecordPtr>{};
    group.swap(open_group_);
    after = heads_;
  }
  if (auto written = write_group(group, after); !written) {
    std::lock_guard lock(mutex_);
    closed_ = written.error();
    return fail(written.error());
  }
  last_batch_.store(after.reading, std::memory_order_release);
  publish(group);
  std::vector<RecordPtr> records;
  records.reserve(group.size());
  for (Write& w : group) records.push_back(std::move(w.record));
  return records;
}

void EventLog::publish(const std::vector<Write>& group) {
  std::lock_guard lock(mutex_);
  for (const Write& w : group)
    if (const Envelope& e = w.record->envelope; !e.idempotency_key.empty())
      keys_staged_.erase(key_of_use(e.site.tenant, e.idempotency_key));
  durable_.store(group.back().record->last(), std::memory_order_release);
}

// ---- reading -------------------------------------------------------------------------------------------------

Result<RecordPtr> EventLog::Stored::record() const {
  if (woven) return woven;
  auto decoded = decode_record(payload, position, rows);
  if (!decoded) return fail(decoded.error());
  return std::make_shared<const Record>(std::move(*decoded));
}

Status EventLog::Stored::check(const Record& record) const {
  if (woven) return {};  // the payload was made from what it says: the seal tells
  return says_what_was_sealed(record, payload);
}

Result<std::optional<KeyUse>> EventLog::find_key(const TenantId& tenant, std::string_view key) {
  std::lock_guard lock(mutex_);
  return use_locked(key_of_use(tenant, key));
}

Result<Version> EventLog::version_of(const SiteKey& site, std::string_view stream) {
  std::lock_guard lock(mutex_);
  return version_locked(key_of_stream(site, stream));
}

Result<std::optional<KeyUse>> EventLog::use_locked(const std::string& use_key) const {
  if (auto staged = keys_staged_.find(use_key); staged != keys_staged_.end())
    return std::optional<KeyUse>(staged->second);
  return stored_key(use_key);
}

Result<Version> EventLog::version_locked(const std::string& stream_key) {
  if (auto cached = streams_.find(stream_key); cached != streams_.end()) return cached->second.version;
  auto stored = stored_version(stream_key);
  if (stored) remember(stream_key, *stored, 0);
  return stored;
}

void EventLog::remember(const std::string& stream_key, Version version, Position at) {
  streams_[stream_key] = {version, at};
  if (streams_.size() <= streams_sweep_) return;
  // Durable heads can be read again; staged ones exist nowhere else and stay.
  std::erase_if(streams_, [limit = durable()](const auto& entry) { return entry.second.at <= limit; });
  streams_sweep_ = std::max(streams_cached, streams_.size() * 2);
}

std::string EventLog::key_of_use(const TenantId& tenant, std::string_view key) {
  std::string out = "k" + tenant.text;
  out.push_back('\0');
  return out.append(key);
}

std::string EventLog::key_of_stream(const SiteKey& site, std::string_view stream) {
  std::string out = "s" + site.tenant.text;
  out.push_back('\0');
  out.append(site.site.text).push_back('\0');
  return out.append(stream);
}

}  // namespace heliograph
