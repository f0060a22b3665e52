// Replay of a year of ten nodes (performance.md W4a): the real rule engine and safety over the real series, the plain
// hysteresis rule. Reads the csv of ../shared/peers/gen.cpp, checks the number of transitions, then prints speeds.
//   gen csv 10 262800 120 > year.csv; replay_bench year.csv
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "sim/dry_run.hpp"
#include "storage/store.hpp"

namespace {

using namespace heliograph;

constexpr std::uint64_t year_readings = 2'628'000, year_transitions = 3'688;
const SiteKey site{{"local"}, {"fleet"}};

constexpr std::string_view hysteresis = R"({"id": "hysteresis",
  "triggers": [{"id": "low", "metric": "soc_percent", "device": "*", "below": 50, "rearm": 80},
               {"id": "high", "metric": "soc_percent", "device": "*", "above": 80, "rearm": 50}],
  "actions": [{"when": ["low"], "do": "pause", "device": "trigger"}, {"when": ["high"], "do": "resume", "device": "trigger"}]})";

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "replay_bench: %s\n", why.c_str());
  std::exit(1);
}

struct Year {
  std::unique_ptr<Store> store;
  std::unique_ptr<SeriesProjection> series;
  Position last = 0;
  std::vector<RecordPtr> decisions;
  Micros from = 0, to = 0;
};

std::int64_t scaled(const std::string& text, double scale) {
  return std::llround(std::strtod(text.c_str(), nullptr) * scale);
}

void add_row(ReadingBuilder& out, const std::vector<std::string>& f, Micros at) {
  out.row(f[0], at);
  out.set(Metric::soc_permille, scaled(f[2], 10));
  out.set(Metric::battery_mv, scaled(f[3], 1000));
  out.set(Metric::pv_w, scaled(f[4], 1));
  out.set(Metric::import_price_micro, scaled(f[5], 1e6));
  out.set_text(Metric::mode, f[6]);
  out.set_text(Metric::state, f[7]);
  out.set(Metric::target_soc_permille, scaled(f[8], 10));
  out.set(Metric::power_w, scaled(f[9], 1));
  out.set(Metric::savings_micro, scaled(f[10], 1e6));
}

void hand_over(Year& year, ReadingBuilder& builder) {
  EventLog& log = year.store->log();
  auto turn = log.begin(site, year.to);
  Draft draft;
  draft.stream = "readings-fleet";
  draft.body = std::make_shared<const ReadingBatch>(builder.take());
  auto record = turn ? turn->add(std::move(draft)) : fail(turn.error());
  if (!record) give_up(record.error().sentence);
  turn->stage();
  if (auto done = log.commit(); !done) give_up(done.error().sentence);
  year.last = (*record)->last();
  year.series->apply(**record);
  if (auto done = log.plan(year.series->take_closed()); !done) give_up(done.error().sentence);
  while (log.planned() > 0)
    if (auto done = log.condense_next(); !done) give_up(done.error().sentence);
}

void save(Year& year) {
  ViewBatch changes;
  year.series->save(changes);
  if (auto done = year.store->views().save(year.series->name(), changes, year.series->settled(year.last)); !done)
    give_up(done.error().sentence);
}

RecordPtr fact(Position position, Event event) {
  auto record = std::make_shared<Record>();
  record->envelope.site = site;
  record->envelope.position = position;
  record->body = std::move(event);
  return record;
}

Year load(const char* path) {
  Year year;
  year.store = open_memory_store();
  year.series = make_series(year.store->views(), year.store->log());
  if (auto done = year.series->load(year.store->views()); !done) give_up(done.error().sentence);
  std::ifstream file(path);
  if (!file) give_up(std::string("cannot read ") + path + ": make it with gen csv 10 262800 120");
  ReadingBuilder builder;
  std::vector<std::string> nodes, fields;
  std::string line;
  while (std::getline(file, line)) {
    fields.clear();
    for (std::size_t start = 0; start <= line.size();) {
      const std::size_t end = std::min(line.find(',', start), line.size());
      fields.push_back(line.substr(start, end - start));
      start = end + 1;
    }
    const auto at = fields.size() == 11 ? parse_time(fields[1]) : Result<Micros>(fail(Errc::invalid, ""));
    if (!at) give_up("a line is not one of gen's: " + line);
    if (year.from == 0) year.from = *at;
    year.to = *at + 1;
    if (std::find(nodes.begin(), nodes.end(), fields[0]) == nodes.end()) nodes.push_back(fields[0]);
    add_row(builder, fields, *at);
    if (builder.size() == 1000) hand_over(year, builder);
  }
  if (builder.size() > 0) hand_over(year, builder);
  save(year);
  SiteConfigured settings;
  year.decisions.push_back(fact(year.last + 1, settings));
  for (const std::string& node : nodes) {
    DeviceRegistered about;
    about.device = DeviceId{node};
    about.kind = DeviceKind::node;
    about.can_switch = true;
    about.nominal_w = 3'200;
    year.decisions.push_back(fact(year.last + 1 + year.decisions.size(), about));
  }
  return year;
}

struct Timing {
  std::vector<double> seconds;
  std::string digest;
};

Timing measure(const Year& year, DryRunPath path, bool known_year) {
  DryRunInput input;
  input.site = site;
  input.series = year.series.get();
  input.decisions = year.decisions;
  input.log_end = year.last + 100;
  input.rules = parse_rules("[" + std::string(hysteresis) + "]").rules;
  input.from = year.from;
  input.to = year.to;
  input.path = path;
  Timing timing;
  for (int i = 0; i < 3; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    const auto report = dry_run(input);
    timing.seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    if (!report) give_up(report.error().sentence);
    if (report->readings != year.last)
      give_up("the run saw " + std::to_string(report->readings) + " of " + std::to_string(year.last) + " readings");
    if (known_year && report->would_send != year_transitions)
      give_up("wrong answer: " + std::to_string(report->would_send) + " transitions instead of " +
              std::to_string(year_transitions));
    timing.digest = report->digest;
    if (i == 0)
      std::printf("%s: %llu transitions, digest %.16s\n", path == DryRunPath::ordinary ? "ordinary" : "fast",
                  static_cast<unsigned long long>(report->would_send), report->digest.c_str());
  }
  std::sort(timing.seconds.begin(), timing.seconds.end());
  return timing;
}

void print(const char* name, const Timing& timing, std::uint64_t readings) {
  const double events = static_cast<double>(readings);
  std::printf("%-9s best %7.2f M events/s (%.1f ms), median %7.2f M events/s\n", name, events / timing.seconds[0] / 1e6,
              timing.seconds[0] * 1e3, events / timing.seconds[1] / 1e6);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) give_up("usage: replay_bench YEAR.csv");
  const Year year = load(argv[1]);
  const bool known_year = year.last == year_readings;
  if (!known_year)
    std::printf("note: %llu readings, not the year of 2,628,000: transitions are not checked\n",
                static_cast<unsigned long long>(year.last));
  const Timing fast = measure(year, DryRunPath::automatic, known_year);
  const Timing ordinary = measure(year, DryRunPath::ordinary, known_year);
  if (fast.digest != ordinary.digest) give_up("fast and ordinary way differ");
  print("ordinary", ordinary, year.last);
  print("fast", fast, year.last);
  std::printf("ratio to DuckDB's 15 M events/s (performance.md): %.2f, gate 1.0\n",
              static_cast<double>(year.last) / fast.seconds[0] / 15e6);
  return 0;
}
