// The check of exports, two ways: any bytes as a file must give a verdict or a sentence, never a crash; and a true
// export with bytes overwritten must be found out, unless its lines still say exactly the same. The first byte chooses:
// 0 = the rest is the file; else a format, and the rest is triples (offset, two bytes; value).
#include <array>
#include <cstdlib>
#include <sstream>
#include <vector>

#include "api/export/export.hpp"
#include "api/export/read.hpp"
#include "storage/memory_store.hpp"

namespace {

using namespace heliograph;

std::string make_export(ExportFormat format) {
  MemoryLog log;
  const auto append = [&log](std::variant<Event, ReadingsPtr> body) {
    auto turn = log.begin({{"acme"}, {"home"}}, 1'735'689'600'000'000);
    if (!turn) std::abort();
    Draft draft;
    draft.stream = "device-meter-1";
    draft.principal = {PrincipalKind::user, "ada"};
    draft.body = std::move(body);
    if (!turn->add(std::move(draft))) std::abort();
    turn->stage();
    if (!log.commit()) std::abort();
  };
  append(Event{CommandRefused{{"c-1"}, {{"stale", "Too old.", 300, 900, "s", 0}}}});
  ReadingBuilder rows;
  rows.row("meter-1", 1'735'689'600'000'000);
  rows.set(Metric::load_w, 300);
  append(std::make_shared<const ReadingBatch>(rows.take()));
  append(Event{RuleSaved{{"guard"}, 1, true, R"({"when": [1, 2.5]})"}});
  ExportOptions options;
  options.format = format;
  options.readings = true;
  options.origin = "heliograph/fuzz";
  std::ostringstream out;
  if (!export_log(log, options, SigningKey::from_seed(Digest{}), out)) std::abort();
  return out.str();
}

Result<ExportVerdict> check(const std::string& file) {
  std::istringstream in(file);
  auto verdict = verify_export(in);
  if (!verdict && verdict.error().sentence.empty()) std::abort();
  if (verdict && verdict->ok() && !verdict->proof) std::abort();
  if (verdict && to_json(*verdict).empty()) std::abort();
  return verdict;
}

std::vector<std::string> lines_of(const std::string& file) {
  std::vector<std::string> lines;
  std::istringstream in(file);
  ExportLines reader(in);
  while (reader.next() == ExportLines::Got::line)
    if (!reader.text().empty()) lines.push_back(reader.text());
  return lines;
}

void check_edited(ExportFormat format, const std::uint8_t* edits, std::size_t size) {
  static const std::array<std::string, 3> exports{make_export(ExportFormat::cloudevents),
                                                  make_export(ExportFormat::ndjson), make_export(ExportFormat::csv)};
  const std::string& clean = exports[static_cast<std::size_t>(format)];
  std::string file = clean;
  for (std::size_t i = 0; i + 2 < size; i += 3)
    file[(static_cast<std::size_t>(edits[i]) << 8 | edits[i + 1]) % file.size()] = static_cast<char>(edits[i + 2]);
  const auto verdict = check(file);
  if (!verdict || !verdict->ok()) return;
  const auto lines = lines_of(file), before = lines_of(clean);
  if (lines.size() != before.size()) std::abort();
  LineReader reader;
  for (std::size_t i = 0; i < lines.size(); ++i)
    if (reader.difference(format, lines[i], before[i])) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  if (data[0] != 0) {
    check_edited(static_cast<ExportFormat>(data[0] % 3), data + 1, size - 1);
  } else {
    (void)check(std::string(reinterpret_cast<const char*>(data) + 1, size - 1));
  }
  return 0;
}
