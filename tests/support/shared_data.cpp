#include "tests/support/shared_data.hpp"

#include <zlib.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <memory>

namespace heliograph::tests {

std::optional<std::string> shared_text(const std::string& path) {
  const char* set = std::getenv("HELIOGRAPH_SHARED");
  const std::string full = (set ? std::string(set) : std::string(HELIOGRAPH_SOURCE_DIR) + "/../shared") + "/" + path;
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> file(gzopen(full.c_str(), "rb"),
                                                        &gzclose);  // reads plain files, too
  if (!file) {
    WARN("skipped: " << full << " is not here (set HELIOGRAPH_SHARED to its folder)");
    return std::nullopt;
  }
  std::string text;
  char buffer[65536];
  for (int n; (n = gzread(file.get(), buffer, sizeof buffer)) > 0;) text.append(buffer, static_cast<std::size_t>(n));
  return text;
}

std::size_t Table::column(std::string_view name) const {
  const auto found = std::find(header.begin(), header.end(), name);
  REQUIRE(found != header.end());
  return static_cast<std::size_t>(found - header.begin());
}

std::optional<Table> shared_table(const std::string& path) {
  const auto text = shared_text(path);
  if (!text) return std::nullopt;
  Table table;
  std::size_t at = 0;
  while (at < text->size()) {
    const std::size_t end = std::min(text->find('\n', at), text->size());
    std::vector<std::string> fields;
    std::size_t start = at;
    for (std::size_t i = at; i <= end; ++i) {
      if (i != end && (*text)[i] != ',') continue;
      fields.push_back(text->substr(start, i - start));
      start = i + 1;
    }
    if (table.header.empty())
      table.header = std::move(fields);
    else
      table.rows.push_back(std::move(fields));
    at = end + 1;
  }
  return table;
}

}  // namespace heliograph::tests
