#include "api/exposition.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "events/result.hpp"

namespace heliograph::api {
namespace {

/// Microseconds as seconds, exactly: "0.0005", "12".
std::string as_seconds(std::uint64_t micros) {
  std::string out = std::to_string(micros / 1'000'000);
  std::string digits = std::to_string(micros % 1'000'000);
  digits.insert(0, 6 - digits.size(), '0');
  while (!digits.empty() && digits.back() == '0') digits.pop_back();
  return digits.empty() ? out : out + "." + digits;
}

std::string escaped(std::string_view text, bool quotes) {
  std::string out;
  for (const char c : text) {
    if (c == '\n') out += "\\n";
    else if (c == '\\' || (quotes && c == '"')) out += '\\', out += c;
    else out += c;
  }
  return out;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::string_view cut(std::string_view& rest, char at) {
  const auto end = rest.find(at);
  const std::string_view part = trimmed(rest.substr(0, end));
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  return part;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return out;
}

/// Thousandths; nothing when it is none from 0 to 1 with at most three digits.
std::optional<int> weight(std::string_view q) {
  double value = 0;
  const auto [end, wrong] = std::from_chars(q.data(), q.data() + q.size(), value, std::chars_format::fixed);
  if (wrong != std::errc{} || end != q.data() + q.size() || q.size() > 5 || !(value >= 0 && value <= 1)) return std::nullopt;
  return static_cast<int>(value * 1000 + 0.5);
}

}  // namespace

std::string_view content_type(Exposition form) {
  return form == Exposition::open_metrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8" : "text/plain; version=0.0.4; charset=utf-8";
}

/// A range that names the type counts more than text/* or */*; one for another version is none.
Exposition chosen_by(std::string_view accept) {
  int plain = -1, open = -1, plain_named = -1, open_named = -1;
  while (!accept.empty()) {
    std::string_view range = cut(accept, ',');
    const std::string type = lower(cut(range, ';'));
    int q = 1000;
    std::string version;
    bool valid = true;
    while (!range.empty()) {
      std::string_view parameter = cut(range, ';');
      const std::string key = lower(cut(parameter, '='));
      std::string_view value = trimmed(parameter);
      if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
      if (key == "version") version = value;
      if (key != "q") continue;
      const auto said = weight(value);
      valid = valid && said;
      q = said.value_or(0);
    }
    if (!valid) continue;
    if (type == "application/openmetrics-text" && (version.empty() || version == "1.0.0")) open_named = std::max(open_named, q);
    else if (type == "text/plain" && (version.empty() || version == "0.0.4")) plain_named = std::max(plain_named, q);
    else if (type == "text/*") plain = std::max(plain, q);
    else if (type == "application/*") open = std::max(open, q);
    else if (type == "*/*") plain = std::max(plain, q), open = std::max(open, q);
  }
  if (open_named >= 0) open = open_named;
  if (plain_named >= 0) plain = plain_named;
  return open > 0 && open > plain ? Exposition::open_metrics : Exposition::prometheus;
}

/// OpenMetrics names a family without the suffix that its samples have, the older format with it.
void Page::begin(std::string_view name, std::string_view suffix, std::string_view type, std::string_view help) {
  name_ = prefix_ + std::string(name);
  ensure(written_.insert(name_).second, "a family of figures is written once", name_.c_str());
  const bool open = form_ == Exposition::open_metrics;
  const std::string family = open ? name_ : name_ + std::string(suffix);
  text_ += "# HELP " + family + " " + escaped(help, open) + "\n# TYPE " + family + " " + std::string(type) + "\n";
  if (!open) return;
  for (const std::string_view unit : {"seconds", "bytes", "ratio", "celsius"})
    if (name_.ends_with("_" + std::string(unit))) text_ += "# UNIT " + family + " " + std::string(unit) + "\n";
}

void Page::line(std::string_view suffix, const Labels& labels, std::string_view value) {
  text_ += name_;
  text_ += suffix;
  if (!labels.empty()) {
    char before = '{';
    for (const auto& [key, text] : labels) {
      text_ += before;
      text_ += std::string(key) + "=\"" + escaped(text, true) + "\"";
      before = ',';
    }
    text_ += '}';
  }
  text_ += " ";
  text_ += value;
  text_ += "\n";
}

void Page::samples(std::string_view suffix, const std::vector<Sample>& all, bool time) {
  for (const Sample& each : all) line(suffix, each.labels, time ? as_seconds(each.value) : std::to_string(each.value));
}

void Page::gauges(std::string_view name, std::string_view help, const std::vector<Sample>& all) {
  begin(name, "", "gauge", help);
  samples("", all, false);
}

void Page::gauges_of_time(std::string_view name, std::string_view help, const std::vector<Sample>& micros) {
  begin(name, "", "gauge", help);
  samples("", micros, true);
}

void Page::counters(std::string_view name, std::string_view help, const std::vector<Sample>& all) {
  begin(name, "_total", "counter", help);
  samples("_total", all, false);
}

void Page::counters_of_time(std::string_view name, std::string_view help, const std::vector<Sample>& micros) {
  begin(name, "_total", "counter", help);
  samples("_total", micros, true);
}

void Page::histograms(std::string_view name, std::string_view help, std::span<const std::int64_t> bounds, const std::vector<Histogram>& all) {
  begin(name, "", "histogram", help);
  for (const Histogram& each : all) {
    ensure(each.counts.size() == bounds.size() + 1, "a histogram has a count for each bound and one above", name_.c_str());
    Labels labels = each.labels;
    labels.emplace_back("le", "");
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < each.counts.size(); ++i) {
      labels.back().second = i < bounds.size() ? as_seconds(static_cast<std::uint64_t>(bounds[i])) : "+Inf";
      line("_bucket", labels, std::to_string(total += each.counts[i]));
    }
    line("_sum", each.labels, as_seconds(each.micros));
    line("_count", each.labels, std::to_string(total));
  }
}

void Page::info(std::string_view name, std::string_view help, const Labels& labels) {
  begin(name, "_info", form_ == Exposition::open_metrics ? "info" : "gauge", help);
  line("_info", labels, "1");
}

std::string Page::take() {
  if (form_ == Exposition::open_metrics) text_ += "# EOF\n";
  return std::move(text_);
}

}  // namespace heliograph::api
