// The audit export: what is written in each format, what is refused, and that a file as it was written verifies.
// What is done to a file afterwards is in export_tamper_test.cpp.
#include <simdjson.h>

#include <set>
#include <sstream>

#include "api/export/line.hpp"
#include "api/export/read.hpp"
#include "events/base64.hpp"
#include "events/event_json.hpp"
#include "tests/api/export_fixture.hpp"

using namespace heliograph;
using namespace heliograph::testing;

namespace {

/// A stored byte is other than it was sealed.
class DamagedLog : public MemoryLog {
 public:
  Status scan_stored(Position from, Position to, Part part, const VisitStored& visit) const override {
    return MemoryLog::scan_stored(from, to, part, [&](const Stored& stored) {
      Stored other = stored;
      if (stored.position == 6) other.payload.back() = static_cast<char>(other.payload.back() ^ 1);
      return visit(other);
    });
  }
};

}  // namespace

TEST_CASE("An export of every event and of readings verifies, in every format") {
  MemoryLog log;
  fill(log);
  std::set<std::string_view> types;
  for (const Fact& fact : one_of_each()) types.insert(type_name(fact.event));
  REQUIRE(types.size() == std::variant_size_v<EventKinds>);
  for (const ExportFormat format : formats)
    for (const bool readings : {false, true}) {
      INFO(name(format) << " readings " << readings);
      std::ostringstream out;
      Position told = 0;
      const auto summary = export_log(log, options_of(format, readings), key_of(1), out, [&](Position done, Position) {
        told = done;
        return true;
      });
      REQUIRE(summary);
      REQUIRE(told == log.durable());
      REQUIRE(summary->decisions == types.size());
      REQUIRE(summary->batches == (readings ? 12u : 0u));
      REQUIRE(summary->readings == (readings ? 48u : 0u));
      REQUIRE(summary->complete);
      const auto verdict = verdict_of(out.str(), {key_of(1).key_id(), "0.1.0"});
      INFO(all_of(verdict));
      REQUIRE(verdict.ok());
      REQUIRE(verdict.format == format);
      REQUIRE(verdict.complete);
      REQUIRE(verdict.decisions == summary->decisions);
      REQUIRE(verdict.batches == summary->batches);
      REQUIRE(verdict.readings == summary->readings);
      REQUIRE(verdict.covers == summary->decision);
      REQUIRE(verdict.covers_seal == *log.seal_at(summary->decision));
      REQUIRE(verdict.origin == "heliograph/acme");
      REQUIRE(out.str() == exported(log, options_of(format, readings)));  // the same log gives the same bytes
      REQUIRE(simdjson::validate_utf8(out.str()));
    }
}

TEST_CASE("The export of an empty log verifies") {
  MemoryLog log;
  for (const ExportFormat format : formats) require_clean(exported(log, options_of(format)));
}

TEST_CASE("Every line of a CloudEvents export is a CloudEvent") {
  MemoryLog log;
  fill(log);
  simdjson::dom::parser parser;
  std::string sequence_before;
  std::set<std::string> ids;
  for (const std::string& line : lines_of(exported(log, options_of(ExportFormat::cloudevents)))) {
    INFO(line);
    simdjson::dom::object event;
    REQUIRE(parser.parse(line).get(event) == simdjson::SUCCESS);
    for (const auto& field : event) {
      REQUIRE(field.key.size() <= 20);
      REQUIRE(field.key.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789") == std::string_view::npos);
      if (field.key != "data") REQUIRE(field.value.is_string());  // no attribute is null or needs more than 32 bits
    }
    const auto text = [&](const char* key) {
      std::string_view out;
      REQUIRE(event[key].get(out) == simdjson::SUCCESS);
      return std::string(out);
    };
    REQUIRE(text("specversion") == "1.0");
    REQUIRE(text("source").starts_with("urn:heliograph:"));
    REQUIRE(text("type").starts_with("io.heliograph."));
    REQUIRE(text("type").find(".v") != std::string::npos);
    REQUIRE(ids.insert(text("source") + " " + text("id")).second);
    if (text("type").starts_with("io.heliograph.export.")) continue;
    REQUIRE(parse_time(text("time")));
    REQUIRE(parse_time(text("recordedtime")));
    REQUIRE_FALSE(text("subject").empty());
    REQUIRE(text("sequence").size() == 20);
    REQUIRE(text("sequence") > sequence_before);
    REQUIRE(std::stoull(text("sequence")) == std::stoull(text("id")));
    sequence_before = text("sequence");
  }
}

TEST_CASE("A CloudEvent says who, where, why and what") {
  MemoryLog log;
  fill(log);
  const auto lines = lines_of(exported(log, options_of(ExportFormat::cloudevents)));
  const std::string refused = lines[line_with(lines, "command.refused.v2")];
  for (const char* part : {R"("source":"urn:heliograph:acme:home")", R"("type":"io.heliograph.command.refused.v2")",
                           R"("subject":"site-things")", R"("time":"2025-01-01T07:00:00.000Z")", R"("causationid":)",
                           R"("authtype":"system","authid":"system")", R"("correlationid":"p)",
                           R"("data":{"command":"c-1","refusals":[{"rule":"soc-floor")"})
    CHECK(refused.find(part) != std::string::npos);
  CHECK(lines[line_with(lines, "engine.started.v2")].find(R"("source":"urn:heliograph:acme","type")") !=
        std::string::npos);
}

TEST_CASE("A line of NDJSON is our event JSON with seals and record") {
  MemoryLog log;
  append(log, home, draft_of(StopEngaged{"smoke"}));
  const auto lines = lines_of(exported(log, options_of(ExportFormat::ndjson)));
  REQUIRE(lines.size() == 3);
  std::string json = to_json(**log.at(1));
  json.pop_back();
  REQUIRE(lines[1].starts_with(json + ",\"previous\":\"" + std::string(64, '0') + "\",\"seal\":\"" +
                               hex(bytes_of(*log.seal_at(1))) + "\",\"record\":\""));
}

TEST_CASE("No cell of a CSV is a formula, and the file still verifies") {
  REQUIRE(csv_safe("=1+1") == "'=1+1");
  REQUIRE(csv_safe("+1") == "'+1");
  REQUIRE(csv_safe("-1") == "'-1");
  REQUIRE(csv_safe("@SUM(A1)") == "'@SUM(A1)");
  REQUIRE(csv_safe("\t=1") == "' =1");
  REQUIRE(csv_safe("'=1") == "''=1");
  REQUIRE(csv_safe("a=1") == "a=1");
  REQUIRE(csv_row({"a,b", "say \"x\"", "", "c"}) == R"("a,b","say ""x""",,c)");
  MemoryLog log;
  fill(log);
  const std::string file = exported(log, options_of(ExportFormat::csv));
  REQUIRE(file.find("'=HYPERLINK") != std::string::npos);
  const auto lines = lines_of(file);
  REQUIRE(lines[0] == csv_header() + "\r");
  for (std::size_t i = 1; i < lines.size(); ++i) {
    REQUIRE(lines[i].back() == '\r');
    const auto cells = csv_cells(std::string_view(lines[i]).substr(0, lines[i].size() - 1));
    REQUIRE(cells);
    REQUIRE(cells->size() == csv_columns().size());
    for (const std::string& cell : *cells)
      REQUIRE((cell.empty() || std::string("=+-@").find(cell[0]) == std::string::npos));
  }
}

TEST_CASE("A filtered export lists what was asked for, says so and verifies") {
  MemoryLog log;
  fill(log);
  for (const ExportFormat format : formats) {
    ExportOptions options = options_of(format);
    options.filter.site = SiteId{"barn"};
    auto verdict = verdict_of(exported(log, options));
    INFO(all_of(verdict));
    REQUIRE(verdict.ok());
    REQUIRE_FALSE(verdict.complete);
    REQUIRE(verdict.filter == options.filter);
    REQUIRE(verdict.decisions == 2);
    REQUIRE(verdict.batches == 0);

    options.filter = {};
    options.filter.from = start + 4 * hour_us;
    options.filter.to = start + 8 * hour_us;
    verdict = verdict_of(exported(log, options));
    INFO(all_of(verdict));
    REQUIRE(verdict.ok());
    REQUIRE(verdict.decisions == 4);
    REQUIRE(verdict.batches == 2);  // at 04:00 and 07:00
    REQUIRE(verdict.covers == log.durable());

    options.filter = {};
    options.filter.tenant = TenantId{"other"};
    require_clean(exported(log, options));
  }
}

TEST_CASE("A batch is in a period when one of its rows is") {
  MemoryLog log;
  append(log, home, batch_of(10, start));
  ExportOptions options = options_of(ExportFormat::ndjson);
  options.filter.from = start + 9 * minute_us;
  options.filter.to = start + 20 * minute_us;
  REQUIRE(verdict_of(exported(log, options)).readings == 10);
  options.filter.from = start + 10 * minute_us;
  REQUIRE(verdict_of(exported(log, options)).readings == 0);
}

TEST_CASE("A stored document that is no JSON, or has line ends, stays one readable line") {
  MemoryLog log;
  append(log, home, draft_of(RuleSaved{{"a"}, 1, true, "{\n\"x\": 1,\r\n\"y\": [2]}"}));
  append(log, home, draft_of(RuleSaved{{"b"}, 1, true, "not json \xff"}));
  append(log, home, draft_of(RuleSaved{{"c"}, 1, true, ""}));
  append(log, home, draft_of(HistoryImported{"a.csv", "", "", 1, 1, 0, "{\"open\":"}));
  append(log, home, draft_of(HistoryImported{"b.csv", "", "", 1, 1, 0, ""}));
  append(log, home, draft_of(StopEngaged{"bytes \xc3\x28 and \xed\xa0\x80, then \xf0\x9f\x94\xa5"}));
  for (const ExportFormat format : formats) {
    const std::string file = exported(log, options_of(format));
    REQUIRE(lines_of(file).size() == 8);
    REQUIRE(simdjson::validate_utf8(file));
    require_clean(file);
  }
}

TEST_CASE("A batch too large to be shown keeps its record and verifies") {
  MemoryLog log;
  append(log, home, batch_of(350'000));
  const auto lines = lines_of(exported(log, options_of(ExportFormat::ndjson)));
  REQUIRE(lines.size() == 3);
  REQUIRE(lines[1].find("\"data\":{}") != std::string::npos);
  REQUIRE(verdict_of(joined(lines)).readings == 350'000);
  require_clean(joined(lines));
}

TEST_CASE("An export refuses what it cannot keep") {
  MemoryLog log;
  fill(log);
  std::ostringstream out;
  ExportOptions options = options_of(ExportFormat::ndjson);
  options.origin = "two\nlines";
  REQUIRE(export_log(log, options, key_of(1), out).error().code == Errc::invalid);
  options.origin.clear();
  REQUIRE(export_log(log, options, key_of(1), out).error().code == Errc::invalid);
  options = options_of(ExportFormat::ndjson);
  options.filter.from = options.filter.to = start;
  REQUIRE(export_log(log, options, key_of(1), out).error().code == Errc::invalid);
  options.filter = {};
  std::ostringstream full;
  full.setstate(std::ios::badbit);
  REQUIRE(export_log(log, options, key_of(1), full).error().code == Errc::io);
  REQUIRE(parse_export_format("xml").error().code == Errc::invalid);
  REQUIRE(*parse_export_format("csv") == ExportFormat::csv);
}

TEST_CASE("A damaged log is not exported as if it were sound") {
  DamagedLog log;
  fill(log);
  std::ostringstream out;
  const auto summary = export_log(log, options_of(ExportFormat::csv), key_of(1), out);
  REQUIRE_FALSE(summary);
  REQUIRE(summary.error().code == Errc::corrupt);
  require_found(out.str(), 0, "proof at the end is missing");
}

TEST_CASE("An export that is stopped has no proof, and a stopped check no verdict") {
  MemoryLog log;
  for (int i = 0; i < 1100; ++i) append(log, home, draft_of(StopEngaged{"again"}));
  std::ostringstream out;
  const auto stopped =
      export_log(log, options_of(ExportFormat::ndjson), key_of(1), out, [](Position, Position) { return false; });
  REQUIRE_FALSE(stopped);
  REQUIRE(stopped.error().code == Errc::refused);
  require_found(out.str(), 0, "proof at the end is missing");
  std::istringstream in(exported(log, options_of(ExportFormat::ndjson)));
  const auto verdict = verify_export(in, {}, [](std::uint64_t) { return false; });
  REQUIRE_FALSE(verdict);
  REQUIRE(verdict.error().code == Errc::refused);
}

TEST_CASE("Base64 has one text for every byte string") {
  REQUIRE(base64("") == "");
  REQUIRE(base64("f") == "Zg==");
  REQUIRE(base64("fo") == "Zm8=");
  REQUIRE(base64("foo") == "Zm9v");
  REQUIRE(base64("foobar") == "Zm9vYmFy");
  for (std::size_t size = 0; size < 70; ++size) {
    std::string bytes;
    for (std::size_t i = 0; i < size; ++i) bytes.push_back(static_cast<char>(i * 37 + size));
    REQUIRE(from_base64(base64(bytes)) == bytes);
    REQUIRE(from_hex(hex(bytes)) == bytes);
  }
  for (const char* text : {"Zh==", "Zm9=", "Zg=", "Zg", "Z===", "====", "Zg==Zg==", "Zm 9", "Zm9\n", "-_-_"})
    CHECK_FALSE(from_base64(text));
  for (const char* text : {"0", "0g", "AB", "0x"}) CHECK_FALSE(from_hex(text));
}
