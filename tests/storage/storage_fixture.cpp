#include "tests/storage/storage_fixture.hpp"

#include <cstdlib>

namespace heliograph::testing {

StoreOptions small_options(bool create) {
  StoreOptions o;
  o.create = create;
  o.reserve_bytes = 1 << 16;
  o.free_bytes_min = 1 << 20;
  return o;
}

Draft event_draft(std::string stream, std::string reason) {
  Draft d;
  d.stream = std::move(stream);
  d.occurred_at = start_of_2025;
  d.principal = {PrincipalKind::user, "ada"};
  d.body = Event{StopEngaged{std::move(reason)}};
  return d;
}

Draft readings_draft(std::string device, std::size_t rows, std::int64_t seed) {
  ReadingBuilder builder;
  for (std::size_t i = 0; i < rows; ++i) {
    const auto minute = static_cast<std::int64_t>(i);
    builder.row(device, start_of_2025 + minute * minute_us);
    builder.set(Metric::load_w, 100 + seed + minute);
  }
  Draft d;
  d.stream = "device-" + device;
  d.occurred_at = start_of_2025;
  d.principal = {PrincipalKind::device, device};
  d.body = std::make_shared<const ReadingBatch>(builder.take());
  return d;
}

Result<std::vector<RecordPtr>> stage(EventLog& log, std::vector<Draft> drafts, Micros now) {
  auto turn = log.begin(home, now);
  if (!turn) return fail(turn.error());
  std::vector<RecordPtr> out;
  for (Draft& draft : drafts) {
    auto record = turn->add(std::move(draft));
    if (!record) return fail(record.error());
    out.push_back(*record);
  }
  turn->stage();
  return out;
}

Result<std::vector<RecordPtr>> append(EventLog& log, std::vector<Draft> drafts, Micros now) {
  auto staged = stage(log, std::move(drafts), now);
  if (!staged) return staged;
  return log.commit();
}

Position fill(EventLog& log, int count) {
  for (int i = 0; i < count; ++i) {
    std::vector<Draft> drafts;
    if (i % 2 == 0) {
      drafts.push_back(event_draft("site-home", "event " + std::to_string(i)));
    } else {
      drafts.push_back(readings_draft("meter-1", static_cast<std::size_t>(1 + i % 5), i));
    }
    ensure(stage(log, std::move(drafts)).has_value(), "fill could not append");
    if (i % 10 == 9) ensure(log.commit().has_value(), "fill could not commit");
  }
  ensure(log.commit().has_value(), "fill could not commit");
  return log.durable();
}

std::vector<RecordPtr> records(const EventLog& log, Position from, Position to, Part part) {
  std::vector<RecordPtr> out;
  auto scanned = log.scan(from, to, part, [&](const RecordPtr& r) {
    out.push_back(r);
    return true;
  });
  ensure(scanned.has_value(), "the scan failed");
  return out;
}

bool same(const Record& a, const Record& b) {
  if (a.envelope != b.envelope || a.is_readings() != b.is_readings()) return false;
  return a.is_readings() ? a.readings() == b.readings() : a.event() == b.event();
}

Rocks::Rocks() {
  auto opened = open_store(dir_ / "data", small_options());
  ensure(opened.has_value(), opened ? "" : opened.error().sentence.c_str());
  store_ = std::move(*opened);
}

bool Rocks::reopen() {
  store_.reset();
  auto opened = open_store(dir_ / "data", small_options(false));
  ensure(opened.has_value(), opened ? "" : opened.error().sentence.c_str());
  store_ = std::move(*opened);
  return true;
}

}  // namespace heliograph::testing
