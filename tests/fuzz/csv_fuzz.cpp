// Any bytes as an uploaded file: imported or refused with a sentence, never a crash; what is kept adds up.
// The first byte chooses the map, the rest is the file.
#include <cstdlib>
#include <sstream>

#include "api/import/history.hpp"

namespace {

using namespace heliograph;

const ImportMap& map_for(std::uint8_t choice) {
  static const std::vector<ImportMap> maps = [] {
    std::vector<ImportMap> all;
    for (const char* document : {
             R"({"time":{"column":"t","interval":"PT1H"},"columns":[{"column":"x","device":"a","metric":"load_w","unit":"kWh","as":"energy"}]})",
             R"({"numbers":{"decimal":",","thousands":"."},"time":{"column":"t","format":"%d.%m.%Y %H:%M","zone":"Europe/Warsaw","interval":"PT15M"},
                 "columns":[{"column":"x","device":"a","metric":"grid_w","unit":"kW","split":true}]})",
             R"({"file":{"header":false,"encoding":"windows-1250"},"time":{"column":"1","format":"epoch_s","interval":"PT1M"},
                 "columns":[{"column":"2","device":"a","metric":"grid_import_wh","unit":"kWh","as":"register","at":"end","digits":5}]})",
             R"({"time":{"column":"t","format":"%Y-%m-%d","running":"n","zone":"America/New_York","interval":"PT1H"},
                 "columns":[{"column":"x","device":"a","metric":"soc_percent","unit":"percent","min":0,"max":100}]})"}) {
      auto map = parse_map(document);
      if (!map) std::abort();
      all.push_back(*map);
    }
    return all;
  }();
  return maps[choice % maps.size()];
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::uint64_t readings = 0;
  const auto count = [&](ReadingBatch batch) -> Status {
    readings += batch.size();
    if (batch.size() > 64) std::abort();
    return {};
  };
  ImportOptions options;
  options.file = "fuzz.csv";
  options.batch_rows = 64;
  std::istringstream csv(bytes);
  const auto report = read_history(csv, map_for(data[0]), options, count);
  if (report && (report->readings != readings || report->rows_kept + report->rows_dropped() != report->rows_read)) std::abort();
  if (!report && (readings != 0 || report.error().sentence.empty())) std::abort();
  if (report) (void)to_json(*report);
  (void)parse_map(bytes);
  return 0;
}
