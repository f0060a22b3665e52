// A strict reader of what Prometheus is given, for tests: the text format 0.0.4 and OpenMetrics 1.0, by their specifications and by
// nothing of ours.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace heliograph::test {

struct Exposed {
  std::vector<std::string> faults;           // a sentence each, with its line
  std::map<std::string, double> samples;     // "name{label="value"}" as it stands
  std::map<std::string, std::string> types;  // by family
};

Exposed read_prometheus(std::string_view text);
Exposed read_open_metrics(std::string_view text);

}  // namespace heliograph::test
