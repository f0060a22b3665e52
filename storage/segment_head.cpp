#include "storage/segment_head.hpp"

#include <algorithm>
#include <functional>

#include "events/codec.hpp"
#include "events/columns.hpp"

namespace heliograph {
namespace {

constexpr std::size_t head_bytes_limit = 256u << 20;
constexpr int level = 3;

using Numbers = std::vector<std::int64_t>;

tl::unexpected<Error> damaged() {
  return fail(Errc::corrupt, "The head of a segment of readings is damaged: run heliograph verify, and restore a backup.");
}

/// Texts, each told once.
class Dictionary {
 public:
  std::int64_t number(const std::string& text) {
    const auto [found, added] = numbers_.emplace(text, static_cast<std::int64_t>(texts_.size()));
    if (added) texts_.push_back(text);
    return found->second;
  }
  void put(std::string& out) const {
    put_varint(texts_.size(), out);
    for (const std::string& text : texts_) put_text(text, out);
  }

 private:
  TextMap<std::int64_t> numbers_;
  std::vector<std::string> texts_;
};

// One line a column of the head: what of an envelope it keeps. Positions are kept as distances to the batch's own.
constexpr std::size_t column_count = 14;
struct Columns {
  std::array<Numbers, column_count> all{};
  Numbers &position = all[0], &rows = all[1], &version = all[2], &occurred = all[3], &recorded = all[4], &cause = all[5], &tenant = all[6],
          &site = all[7], &stream = all[8], &kind = all[9], &principal = all[10], &correlation = all[11], &key = all[12], &more = all[13];
};

/// "p17" of a batch at 20 is 4; 0 = it is another text.
std::int64_t correlation_distance(const Envelope& e) {
  const std::string& text = e.correlation;
  if (text.size() < 2 || text.size() > 20 || text[0] != 'p' || text[1] == '0') return 0;
  Position named = 0;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] < '0' || text[i] > '9') return 0;
    named = named * 10 + static_cast<Position>(text[i] - '0');
  }
  return named <= e.position && "p" + std::to_string(named) == text ? static_cast<std::int64_t>(e.position - named) + 1 : 0;
}

void put_suspects(const std::vector<Suspect>& suspects, std::string& out) {
  for (const Suspect& suspect : suspects) {
    put_varint(suspect.row, out);
    out.push_back(static_cast<char>(suspect.metric));
    out.push_back(static_cast<char>(suspect.quality));
    put_text(suspect.raw, out);
  }
}

bool take_suspects(std::string_view& left, BatchShell& batch, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const auto row = take_varint(left);
    if (!row || *row >= batch.rows || left.size() < 2) return false;
    const auto metric = static_cast<std::uint8_t>(left[0]), quality = static_cast<std::uint8_t>(left[1]);
    left.remove_prefix(2);
    const auto raw = take_text(left);
    if (!raw || raw->size() > raw_bytes_max || metric == 0 || metric >= metric_slots || quality > static_cast<std::uint8_t>(Quality::unreadable)) return false;
    batch.suspects.push_back({static_cast<std::uint32_t>(*row), static_cast<Metric>(metric), static_cast<Quality>(quality), std::string(*raw)});
  }
  return true;
}

}  // namespace

struct HeadMaker::State {
  Position from, next;
  Columns columns;
  Dictionary words;
  std::string suspects;
  Hasher taken;  // what was added
};

namespace {

void add(Hasher& hasher, const Envelope& envelope, std::size_t rows, bool historic, const std::vector<Suspect>& suspects) {
  Record bare{envelope, ReadingsPtr()};
  std::string text = encode_record(bare, Digest{});
  put_varint(rows * 2 + (historic ? 1 : 0), text);
  put_suspects(suspects, text);
  put_varint(text.size(), text);
  hasher.add(text);
}

}  // namespace

HeadMaker::HeadMaker(Position from) : state_(new State{from, from, {}, {}, {}, {}}) {}
HeadMaker::~HeadMaker() = default;

void HeadMaker::add(const Record& record) {
  const Envelope& e = record.envelope;
  const ReadingBatch& batch = record.readings();
  Columns& columns = state_->columns;
  Dictionary& words = state_->words;
  columns.position.push_back(static_cast<std::int64_t>(e.position - state_->next));  // decisions that lie between
  state_->next = record.last() + 1;
  columns.rows.push_back(static_cast<std::int64_t>(batch.size()));
  columns.version.push_back(static_cast<std::int64_t>(e.version));
  columns.occurred.push_back(e.occurred_at);
  columns.recorded.push_back(e.recorded_at);
  columns.cause.push_back(e.cause == 0 ? 0 : static_cast<std::int64_t>(e.position - e.cause));
  columns.tenant.push_back(words.number(e.site.tenant.text));
  columns.site.push_back(words.number(e.site.site.text));
  columns.stream.push_back(words.number(e.stream));
  columns.kind.push_back(static_cast<std::int64_t>(e.principal.kind));
  columns.principal.push_back(words.number(e.principal.name));
  const std::int64_t distance = correlation_distance(e);
  columns.correlation.push_back(distance > 0 ? distance : -words.number(e.correlation));
  columns.key.push_back(words.number(e.idempotency_key));
  columns.more.push_back(static_cast<std::int64_t>(batch.suspects.size() * 2 + (batch.historic ? 1 : 0)));
  put_suspects(batch.suspects, state_->suspects);
  heliograph::add(state_->taken, e, batch.size(), batch.historic, batch.suspects);
}

namespace {

void put_dropped(std::span<const DroppedRun> dropped, Position from, std::string& out) {
  if (dropped.empty()) return;
  put_varint(dropped.size(), out);
  for (const DroppedRun& run : dropped) {
    put_varint(run.from - from, out);
    put_varint(run.end - run.from, out);
    put_varint(run.batches, out);
    put_varint(run.rows, out);
    out.append(bytes_of(run.before)).append(bytes_of(run.seal));
    put_varint(run.sites.size(), out);
    for (const SiteKey& site : run.sites) {
      put_text(site.tenant.text, out);
      put_text(site.site.text, out);
    }
    from = run.end;
  }
}

bool take_dropped(std::string_view& left, SegmentHead& head) {
  if (left.empty()) return true;
  constexpr std::size_t seals = 2 * std::tuple_size_v<Digest>;
  const auto count = take_varint(left);
  if (!count || *count == 0 || *count > head.end - head.from) return false;
  Position from = head.from;
  auto batch = head.batches.begin();
  for (std::uint64_t i = 0; i < *count; ++i) {
    const auto skipped = take_varint(left), span = skipped ? take_varint(left) : skipped, batches = span ? take_varint(left) : span,
               rows = batches ? take_varint(left) : batches;
    if (!rows || left.size() < seals || *skipped > head.end - from || *span == 0 || *span > head.end - from - *skipped) return false;
    DroppedRun run{from + *skipped, from + *skipped + *span, *batches, *rows, {}, {}, {}};
    if (run.batches == 0 || run.rows < run.batches || run.rows > *span) return false;
    std::copy_n(left.begin(), run.before.size(), run.before.begin());
    std::copy_n(left.begin() + run.before.size(), run.seal.size(), run.seal.begin());
    left.remove_prefix(seals);
    const auto sites = take_varint(left);
    if (!sites || *sites == 0 || *sites > run.batches) return false;
    for (std::uint64_t k = 0; k < *sites; ++k) {
      const auto tenant = take_text(left), site = tenant ? take_text(left) : tenant;
      if (!site) return false;
      run.sites.push_back({{std::string(*tenant)}, {std::string(*site)}});
      if (k > 0 && run.sites[k] <= run.sites[k - 1]) return false;
    }
    while (batch != head.batches.end() && batch->envelope.position < run.from) ++batch;
    if (batch != head.batches.end() && batch->envelope.position < run.end) return false;
    if (batch != head.batches.begin() && std::prev(batch)->envelope.position + std::prev(batch)->rows > run.from) return false;
    head.dropped.push_back(run);
    from = run.end;
  }
  return true;
}

}  // namespace

Result<std::string> HeadMaker::finish(Position end, std::span<const DroppedRun> dropped) {
  std::string raw;
  put_varint(state_->columns.rows.size(), raw);
  for (const Numbers& column : state_->columns.all) encode_column(column, raw);
  state_->words.put(raw);
  std::string out;
  put_varint(state_->from, out);
  put_varint(end, out);
  raw += state_->suspects;
  put_dropped(dropped, state_->from, raw);
  out += compress(raw, level);
  const auto head = decode_head(out);
  if (!head) return fail(head.error());
  Hasher said;
  for (const BatchShell& batch : head->batches) heliograph::add(said, batch.envelope, batch.rows, batch.historic, batch.suspects);
  if (said.finish() != state_->taken.finish() || !std::ranges::equal(head->dropped, dropped)) return damaged();
  return out;
}

std::size_t SegmentHead::rows() const {
  std::size_t rows = 0;
  for (const BatchShell& batch : batches) rows += batch.rows;
  return rows;
}

bool SegmentHead::has_dropped(Position position) const {
  return std::any_of(dropped.begin(), dropped.end(), [position](const DroppedRun& run) { return run.from <= position && position < run.end; });
}

Result<Position> end_of_segment(std::string_view head) {
  const auto from = take_varint(head);
  if (!from) return damaged();
  const auto end = take_varint(head);
  if (!end || *end <= *from) return damaged();
  return *end;
}

Result<SegmentHead> decode_head(std::string_view bytes) {
  SegmentHead head;
  const auto from = take_varint(bytes), end = from ? take_varint(bytes) : from;
  if (!end || *end <= *from) return damaged();
  head.from = *from;
  head.end = *end;
  const auto raw = decompress(bytes, head_bytes_limit);
  if (!raw) return damaged();
  std::string_view left = *raw;
  const auto count = take_varint(left);
  if (!count || *count > *end - *from) return damaged();
  Columns columns;
  for (Numbers& column : columns.all)
    if (!decode_column(left, *count, column)) return damaged();
  std::vector<std::string> words;
  const auto known = take_varint(left);
  for (std::uint64_t i = 0; known && i < *known; ++i) {
    const auto word = take_text(left);
    if (!word) return damaged();
    words.emplace_back(*word);
  }
  bool good = known.has_value();
  const auto word = [&](std::int64_t number) -> const std::string& {
    static const std::string none;
    good = good && number >= 0 && number < static_cast<std::int64_t>(words.size());
    return good ? words[static_cast<std::size_t>(number)] : none;
  };
  Position next = *from;
  for (std::size_t i = 0; i < *count && good; ++i) {
    BatchShell& batch = head.batches.emplace_back();
    Envelope& e = batch.envelope;
    const std::int64_t rows = columns.rows[i], more = columns.more[i], skipped = columns.position[i], distance = columns.correlation[i];
    if (rows <= 0 || rows > static_cast<std::int64_t>(batch_rows_max) || skipped < 0 || more < 0) return damaged();
    e.position = next + static_cast<Position>(skipped);
    batch.rows = static_cast<std::size_t>(rows);
    next = e.position + batch.rows;
    if (e.position < head.from || next > head.end || next < e.position) return damaged();
    e.version = static_cast<Version>(columns.version[i]);
    e.occurred_at = columns.occurred[i];
    e.recorded_at = columns.recorded[i];
    e.cause = columns.cause[i] == 0 ? 0 : e.position - static_cast<Position>(columns.cause[i]);
    e.site = {{word(columns.tenant[i])}, {word(columns.site[i])}};
    e.stream = word(columns.stream[i]);
    if (columns.kind[i] < 0 || columns.kind[i] > static_cast<std::int64_t>(PrincipalKind::device)) return damaged();
    e.principal = {static_cast<PrincipalKind>(columns.kind[i]), word(columns.principal[i])};
    e.correlation = distance > 0 ? "p" + std::to_string(e.position + 1 - static_cast<Position>(distance)) : word(wrapping_difference(0, distance));
    e.idempotency_key = word(columns.key[i]);
    e.type = readings_type;
    e.schema = readings_schema;
    batch.historic = (more & 1) != 0;
    if (static_cast<std::uint64_t>(more) / 2 > left.size() || !take_suspects(left, batch, static_cast<std::size_t>(more) / 2)) return damaged();
  }
  if (!good || !take_dropped(left, head) || !left.empty()) return damaged();
  return head;
}

}  // namespace heliograph
