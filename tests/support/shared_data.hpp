// Real data is read in place, never copied: $HELIOGRAPH_SHARED or ../shared beside the checkout. A test that needs it
// says so and is skipped where it is absent.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace heliograph::tests {

/// The file's text (gunzipped when its name ends in .gz), or nothing after a WARN.
std::optional<std::string> shared_text(const std::string& path);

/// A comma-separated file with a header; no quotes.
struct Table {
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;
  std::size_t column(std::string_view name) const;
};
std::optional<Table> shared_table(const std::string& path);

}  // namespace heliograph::tests
