// Figures as text for Prometheus: the text format 0.0.4, or OpenMetrics 1.0 (docs/OBSERVABILITY.md). One call writes one family whole,
// so a family cannot be torn apart; names, types and units are checked when they are written.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace heliograph::api {

enum class Exposition : std::uint8_t { prometheus, open_metrics };
std::string_view content_type(Exposition form);
/// What an Accept header prefers; 0.0.4 where it has no preference.
Exposition chosen_by(std::string_view accept);

using Labels = std::vector<std::pair<std::string_view, std::string>>;

class Page {
 public:
  explicit Page(Exposition form) : form_(form) {}

  /// A number of something, which may go up and down.
  struct Sample {
    Labels labels;
    std::uint64_t value = 0;
  };
  /// `name` without the prefix; its last word is its unit where it has one: seconds, bytes.
  void gauge(std::string_view name, std::string_view help, std::uint64_t value) { gauges(name, help, {{{}, value}}); }
  void gauges(std::string_view name, std::string_view help, const std::vector<Sample>& samples);
  /// In microseconds, written in seconds.
  void gauges_of_time(std::string_view name, std::string_view help, const std::vector<Sample>& micros);
  /// `name` without "_total", which each sample ends with.
  void counter(std::string_view name, std::string_view help, std::uint64_t value) { counters(name, help, {{{}, value}}); }
  void counters(std::string_view name, std::string_view help, const std::vector<Sample>& samples);
  void counters_of_time(std::string_view name, std::string_view help, const std::vector<Sample>& micros);
  /// `counts` is one longer than `bounds`: the last is everything above. Times in microseconds, written in seconds.
  struct Histogram {
    Labels labels;
    std::vector<std::uint64_t> counts;
    std::uint64_t micros = 0;
  };
  void histograms(std::string_view name, std::string_view help, std::span<const std::int64_t> bounds, const std::vector<Histogram>& all);
  /// What does not change while the process lives, as labels of 1. `name` without "_info".
  void info(std::string_view name, std::string_view help, const Labels& labels);

  /// The whole text. Nothing can be added afterwards.
  std::string take();

  /// From now on names get this before them.
  void prefix(std::string_view text) { prefix_ = text; }

 private:
  void begin(std::string_view name, std::string_view suffix, std::string_view type, std::string_view help);
  void line(std::string_view suffix, const Labels& labels, std::string_view value);
  void samples(std::string_view suffix, const std::vector<Sample>& all, bool time);

  Exposition form_;
  std::string text_, name_, prefix_ = "heliograph_";
  std::set<std::string> written_;
};

}  // namespace heliograph::api
