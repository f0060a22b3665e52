// The check of exports: whatever is done to a file afterwards is found and named with its line, and what changes
// nothing that is said is not.
#include <sstream>

#include "api/export/line.hpp"
#include "api/export/read.hpp"
#include "events/base64.hpp"
#include "tests/api/export_fixture.hpp"

using namespace heliograph;
using namespace heliograph::testing;

TEST_CASE("A changed readable field is found and named") {
  MemoryLog log;
  fill(log);
  for (const ExportFormat format : formats) {
    INFO(name(format));
    const auto clean = lines_of(exported(log, options_of(format)));
    const bool csv = format == ExportFormat::csv, cloud = format == ExportFormat::cloudevents;
    const auto change = [&](const std::string& from, const std::string& to, const std::string& words) {
      auto lines = clean;
      const std::size_t at = line_with(lines, from);
      lines[at] = replaced(lines[at], from, to);
      require_found(joined(lines), at + 1, words);
    };
    change("peak price", "peak_price", csv ? "data was" : "data.reason was");
    change("user:ada", "user:eve", csv || !cloud ? "principal was" : "authid was");
    change("2025-01-01T06:00:00.000Z", "2025-01-01T06:00:01.000Z", cloud ? "time was" : "occurred_at was");
    change(in_format(format, "\"limit\":200"), in_format(format, "\"limit\":210"),
           csv ? "data was" : "refusals[0].limit was");
    change("site-things", "site-other", cloud ? "subject was" : "stream was");
    change("=HYPERLINK", "=HYPERLINX", csv || !cloud ? "correlation was" : "correlationid was");
    if (!csv) change("\"reason\":\"smoke\"", "\"reason\":\"fire\",\"reason\":\"smoke\"", "data.reason was");
    if (!csv) change("\"reason\":\"smoke\"", "\"reason\":\"smoke\",\"reason\":\"fire\"", "data was");
    if (!csv) change("\"reason\":\"smoke\"", "\"reason\":\"smoke\",\"by\":\"eve\"", "data.by was");
    if (!csv) change("\"data\":{\"reason\":\"smoke\"}", "\"data\":{}", "data.reason was");
    if (csv) change(",barn,", ",home,", "site was");
  }
}

TEST_CASE("A changed record, seal or position is found") {
  MemoryLog log;
  fill(log);
  for (const ExportFormat format : formats) {
    INFO(name(format));
    const auto clean = lines_of(exported(log, options_of(format)));
    const std::size_t at = line_with(clean, "command.requested");
    auto cells = LineReader().read(format, clean[at].substr(0, clean[at].find('\r')));
    REQUIRE(cells.kind == LineKind::record);
    const auto change = [&](const std::string& from, const std::string& to, const std::string& words) {
      auto lines = clean;
      lines[at] = replaced(lines[at], from, to);
      require_found(joined(lines), at + 1, words);
    };
    std::string payload = cells.payload;
    payload[payload.find("peak")] = 'P';
    change(base64(cells.payload), base64(payload), "seal does not fit");
    change(base64(cells.payload), base64(payload.substr(0, 5)), "seal does not fit");
    change(base64(cells.payload), "", "carries no record");
    change(hex(bytes_of(cells.seal)), std::string(64, 'a'), "seal does not fit");
    change(hex(bytes_of(cells.previous)), std::string(64, 'a'), "chain is broken");
    // Record, readable text and seal changed together: the record after it no longer follows.
    const std::string seal = hex(bytes_of(seal_of(cells.previous, cells.position, payload)));
    auto lines = clean;
    lines[at] = replaced(lines[at], base64(cells.payload), base64(payload));
    lines[at] = replaced(lines[at], hex(bytes_of(cells.seal)), seal);
    lines[at] = replaced(lines[at], "peak price", "Peak price");
    const auto verdict = verdict_of(joined(lines));
    REQUIRE(std::none_of(verdict.findings.begin(), verdict.findings.end(),
                         [&](const auto& f) { return f.line == at + 1; }));
    require_found(joined(lines), 0, "chain is broken");
  }
}

TEST_CASE("Removed, moved, repeated and added lines are found") {
  MemoryLog log;
  fill(log);
  for (const ExportFormat format : formats) {
    INFO(name(format));
    const auto clean = lines_of(exported(log, options_of(format)));
    const std::size_t at = line_with(clean, "command.refused"), end = clean.size() - 1;

    auto lines = clean;
    lines.erase(lines.begin() + static_cast<long>(at));
    require_found(joined(lines), 0, "chain is broken");
    require_found(joined(lines), end, "The proof counts 53 records of the decisions chain, the file has 52.");

    lines = clean;
    std::swap(lines[at], lines[at + 1]);
    require_found(joined(lines), at + 2, "lines were moved");

    lines = clean;
    lines.insert(lines.begin() + static_cast<long>(at), clean[at]);
    require_found(joined(lines), at + 2, "a second time");

    lines = clean;
    lines.push_back(clean[at]);
    require_found(joined(lines), lines.size(), "after the proof");
    lines = clean;
    lines.push_back(clean.back());
    require_found(joined(lines), lines.size(), "after the proof");

    lines = clean;
    lines.erase(lines.begin() + 1);
    require_found(joined(lines), 0, "first decisions are missing");

    lines = clean;
    lines.insert(lines.begin() + static_cast<long>(at), format == ExportFormat::csv ? "a,b" : "{\"a\":1}");
    require_found(joined(lines), at + 1, format == ExportFormat::csv ? "columns" : "carries no record");

    lines = clean;
    lines.erase(lines.begin());
    require_found(joined(lines), 1, "header is missing");
    lines = clean;
    lines.insert(lines.begin() + static_cast<long>(at), clean[0]);
    require_found(joined(lines), at + 1, "second header");
  }
}

TEST_CASE("A cut file is found, wherever it is cut") {
  MemoryLog log;
  fill(log);
  for (const ExportFormat format : formats) {
    INFO(name(format));
    const std::string file = exported(log, options_of(format));
    const auto clean = lines_of(file);
    auto lines = clean;
    lines.pop_back();
    require_found(joined(lines), 0, "proof at the end is missing");
    lines.resize(5);
    require_found(joined(lines), 0, "proof at the end is missing");
    REQUIRE_FALSE(verdict_of(file.substr(0, file.size() / 2)).ok());
    REQUIRE_FALSE(verdict_of(file.substr(0, file.size() - 8)).ok());
    // The last records cut and the proof kept.
    lines = clean;
    lines.erase(lines.end() - 4, lines.end() - 1);
    require_found(joined(lines), lines.size(), "not the one that the proof names");
  }
}

TEST_CASE("An edited proof or header is found") {
  MemoryLog log;
  fill(log);
  for (const ExportFormat format : formats) {
    INFO(name(format));
    const auto clean = lines_of(exported(log, options_of(format)));
    const std::size_t end = clean.size();
    const auto change = [&](const std::string& from, const std::string& to, const std::string& words) {
      auto lines = clean;
      lines.back() = replaced(lines.back(), in_format(format, from), in_format(format, to));
      require_found(joined(lines), end, words);
    };
    change("\"records\":53", "\"records\":52", "signature of the proof does not hold");
    change("\"records\":53", "\"records\":52", "The proof counts 52");
    change("\"origin\":\"heliograph/acme\"", "\"origin\":\"heliograph/evil\"", "decisions checkpoint does not hold");
    change("\"readings\":true", "\"readings\":false", "signature of the proof does not hold");
    change("\"site\":null", "\"site\":\"home\"", "complete chain and a filter");
    change("\"key_id\":\"", "\"key_id\":\"00", "key's id does not belong");
    change("\"claims\":{", "\"claims\":{\"x\":1,",
           format == ExportFormat::csv ? "proof was changed at data" : "proof was changed at data.claims.x");
    change("\"claims\"", "\"claim\"", "proof cannot be read");
    if (format == ExportFormat::csv) continue;
    auto lines = clean;
    lines[0] = replaced(lines[0], "\"heliograph\":\"0.1.0\"", "\"heliograph\":\"0.2.0\"");
    require_found(joined(lines), end, "header says another thing");
    lines[0] = replaced(clean[0], "\"data\":{", "\"data\":{\"x\":1,");
    require_found(joined(lines), 1, "header was changed");
    lines[0] = replaced(clean[0], "\"complete\":true", "\"complete\":1");
    require_found(joined(lines), 1, "header cannot be read");
  }
}

TEST_CASE("Another key's signature is found") {
  MemoryLog log;
  fill(log);
  for (const ExportFormat format : formats) {
    const auto clean = lines_of(exported(log, options_of(format)));
    const std::string other = exported(log, options_of(format), 2);
    // Signed anew by somebody else: sound in itself, so only the expected key tells.
    require_clean(other);
    require_found(other, clean.size(), "Another key signed the proof", {key_of(1).key_id(), "0.1.0"});
    // The other's signature under the right key.
    const auto signature = [&](const std::string& line) {
      const std::string mark = in_format(format, ",\"signature\":\"");
      return line.substr(line.rfind(mark) + mark.size(), 128);
    };
    auto lines = clean;
    lines.back() = replaced(lines.back(), signature(clean.back()), signature(lines_of(other).back()));
    require_found(joined(lines), clean.size(), "signature of the proof does not hold");
  }
}

TEST_CASE("A filtered export that claims to be complete is found") {
  MemoryLog log;
  fill(log);
  for (const ExportFormat format : formats) {
    INFO(name(format));
    ExportOptions options = options_of(format);
    options.filter.site = SiteId{"home"};
    std::string file = exported(log, options);
    for (const auto& [from, to] : {std::pair<std::string, std::string>{"\"complete\":false", "\"complete\":true"},
                                   {"\"site\":\"home\"", "\"site\":null"}}) {
      const std::string a = in_format(format, from), b = in_format(format, to);
      for (std::size_t at = file.find(a); at != std::string::npos; at = file.find(a, at + b.size())) {
        const std::size_t line_start = file.rfind('\n', at) + 1;  // only header and proof, not the records
        if (file.substr(line_start, file.find('\n', at) - line_start).find("export.") != std::string::npos)
          file.replace(at, a.size(), b);
      }
    }
    require_found(file, 0, "signature of the proof does not hold");
    require_found(file, 0, "first decisions are missing");  // the engine's start belongs to no site
    require_found(file, 0, "is not its last record");
  }
}

TEST_CASE("Any single changed byte is found, or changes nothing that is said") {
  MemoryLog log;
  append(log, home, draft_of(CommandRefused{{"c-1"}, {{"stale", "Too old.", 300, 900, "s", 0}}}));
  append(log, home, batch_of(2));
  append(log, home, draft_of(StopEngaged{"smoke, \"much\""}));
  LineReader reader;
  for (const ExportFormat format : formats) {
    const std::string clean = exported(log, options_of(format));
    for (std::size_t at = 0; at < clean.size(); at += 4) {
      std::string file = clean;
      file[at] = static_cast<char>(file[at] ^ (1 << at % 7));
      std::istringstream in(file);
      const auto verdict = verify_export(in);
      if (!verdict || !verdict->ok()) continue;
      const auto lines = lines_of(file), before = lines_of(clean);
      INFO(name(format) << " byte " << at);
      REQUIRE(lines.size() == before.size());
      for (std::size_t i = 0; i < lines.size(); ++i) REQUIRE_FALSE(reader.difference(format, lines[i], before[i]));
    }
  }
}

TEST_CASE("Other line ends, and spaces in JSON, are no manipulation") {
  MemoryLog log;
  fill(log);
  for (const ExportFormat format : formats) {
    std::string other;
    for (const std::string& line : lines_of(exported(log, options_of(format))))
      other += format == ExportFormat::csv ? line.substr(0, line.size() - 1) + "\n" : "{ " + line.substr(1) + " \r\n";
    require_clean(other + "\n");
  }
}

TEST_CASE("What is no export is refused, and a line without end is not read into memory") {
  for (const char* text : {"", "\n\n", "hello\n", "{\"a\":1}\n", "a,b,c\n1,2,3\n"}) {
    std::istringstream in(text);
    REQUIRE(verify_export(in).error().code == Errc::invalid);
  }
  MemoryLog log;
  const auto lines = lines_of(exported(log, options_of(ExportFormat::ndjson)));
  require_found(lines[0] + "\n" + std::string(export_line_bytes_max + 2, 'x') + "\n" + lines[1], 2,
                "longer than 64 MiB");
}

TEST_CASE("The findings of a file made by another release say so") {
  MemoryLog log;
  append(log, home, draft_of(StopEngaged{"smoke"}));
  const std::string file = replaced(exported(log, options_of(ExportFormat::ndjson)), "smoke", "smoko");
  require_found(file, 2, "Heliograph 0.1.0 wrote the file, this is 0.9.0", {"", "0.9.0"});
}

TEST_CASE("What a verdict says may not command a terminal") {
  MemoryLog log;
  append(log, home, draft_of(StopEngaged{"smoke"}));
  const std::string file = replaced(exported(log, options_of(ExportFormat::ndjson)), "\"data\":{\"reason\"",
                                    "\"data\":{\"\\u001b[2J\":1,\"reason\"");
  for (const auto& finding : verdict_of(file).findings) REQUIRE(finding.sentence.find('\x1b') == std::string::npos);
}

TEST_CASE("In a filtered export, too, a removed or an added line is found") {
  MemoryLog log;
  fill(log);
  for (const ExportFormat format : formats) {
    INFO(name(format));
    ExportOptions options = options_of(format);
    options.filter.site = SiteId{"home"};
    const auto clean = lines_of(exported(log, options));
    const auto whole = lines_of(exported(log, options_of(format)));
    const std::size_t at = line_with(clean, "command.refused");

    auto lines = clean;
    lines.erase(lines.begin() + static_cast<long>(at));
    require_found(joined(lines), lines.size(), "not the ones that the proof was made for");

    // A true line of the same log that the filter leaves out.
    lines = clean;
    lines.insert(lines.begin() + 1, whole[1]);
    REQUIRE(whole[1].find("engine.started") != std::string::npos);
    require_found(joined(lines), lines.size(), "not the ones that the proof was made for");
    if (format != ExportFormat::csv) require_found(joined(lines), 2, "not one that the header asks for");
  }
}
