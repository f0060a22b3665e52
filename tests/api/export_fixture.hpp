// What the tests of the audit export share: a log with every kind of event, exports of it, and ways to edit a file and
// to ask the check about it. Times and keys are the tests' own.
#pragma once

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "api/export/export.hpp"
#include "storage/memory_store.hpp"

namespace heliograph::testing {

inline constexpr Micros start = 1'735'689'600'000'000;  // 2025-01-01
inline const SiteKey home{{"acme"}, {"home"}}, barn{{"acme"}, {"barn"}}, tenant{{"acme"}, {}};
inline const std::vector<ExportFormat> formats{ExportFormat::cloudevents, ExportFormat::ndjson, ExportFormat::csv};

struct Fact {
  SiteKey site;
  Event event;
  Principal principal{PrincipalKind::user, "ada"};
};
std::vector<Fact> one_of_each();

SigningKey key_of(std::uint8_t seed);
Draft draft_of(Event event, Micros at = start);
/// One reading a minute, the second with a value that is no number and no UTF-8.
Draft batch_of(std::size_t rows, Micros at = start);
void append(EventLog& log, const SiteKey& site, Draft draft);
/// Every event once, an hour apart, with a batch of readings after every third.
void fill(EventLog& log);

ExportOptions options_of(ExportFormat format, bool readings = true);
std::string exported(EventLog& log, const ExportOptions& options, std::uint8_t seed = 1);
ExportVerdict verdict_of(const std::string& file, const VerifyExportOptions& options = {});
std::string all_of(const ExportVerdict& verdict);
void require_clean(const std::string& file, const VerifyExportOptions& options = {});
/// Some finding at `line` (0 = anywhere) contains `words`.
void require_found(const std::string& file, std::uint64_t line, const std::string& words,
                   const VerifyExportOptions& options = {});

/// Lines keep their carriage return.
std::vector<std::string> lines_of(const std::string& file);
std::string joined(const std::vector<std::string>& lines);
/// The first `from` replaced. Requires that there is one.
std::string replaced(std::string text, const std::string& from, const std::string& to);
/// Index of the line that holds `words`.
std::size_t line_with(const std::vector<std::string>& lines, const std::string& words);
/// JSON as it stands in a file of the format: in CSV every quote is doubled.
std::string in_format(ExportFormat format, std::string json);

}  // namespace heliograph::testing
