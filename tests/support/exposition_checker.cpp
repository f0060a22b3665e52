#include "tests/support/exposition_checker.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <set>

namespace heliograph::test {
namespace {

using Labels = std::vector<std::pair<std::string, std::string>>;

bool is_name(std::string_view text, bool colons) {
  if (text.empty() || (text[0] >= '0' && text[0] <= '9')) return false;
  return std::all_of(text.begin(), text.end(), [colons](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || (colons && c == ':'); });
}

std::optional<double> number(std::string_view text) {
  if (text == "+Inf") return std::numeric_limits<double>::infinity();
  if (text == "-Inf") return -std::numeric_limits<double>::infinity();
  if (text == "NaN") return std::nan("");
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  double value = 0;
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (wrong != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

class Reader {
 public:
  explicit Reader(bool open) : open_(open) {}

  Exposed read(std::string_view text) {
    if (text.empty() || text.back() != '\n') fault("the last line does not end");
    bool ended = false;
    while (!text.empty()) {
      const auto end = text.find('\n');
      const std::string_view line = text.substr(0, end);
      text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
      ++line_;
      if (ended) fault("something follows # EOF");
      if (line.find('\r') != std::string_view::npos) fault("a carriage return");
      if (line.empty()) fault("an empty line");
      else if (open_ && line == "# EOF") ended = true;
      else if (line[0] == '#') comment(line);
      else sample(line);
    }
    if (open_ && !ended) fault("no # EOF at the end");
    close();
    return std::move(out_);
  }

 private:
  void fault(const std::string& what) { out_.faults.push_back("line " + std::to_string(line_) + ": " + what); }

  /// A family begins, or goes on.
  void enter(const std::string& family) {
    if (family == family_) return;
    close();
    family_ = family;
    if (!seen_.insert(family).second) fault("the family " + family + " is torn apart");
  }

  void comment(std::string_view line) {
    std::vector<std::string> words;
    std::string_view rest = line;
    for (int i = 0; i < 3 && !rest.empty(); ++i) {
      const auto space = rest.find(' ');
      words.emplace_back(rest.substr(0, space));
      rest = space == std::string_view::npos ? std::string_view() : rest.substr(space + 1);
    }
    const bool known = words.size() == 3 && words[0] == "#" && (words[1] == "HELP" || words[1] == "TYPE" || (open_ && words[1] == "UNIT"));
    if (!known) {
      if (open_) fault("a comment that is neither HELP, TYPE nor UNIT");
      return;
    }
    const std::string& family = words[2];
    if (!is_name(family, true)) fault("\"" + family + "\" is no name");
    enter(family);
    if (!said_.insert(words[1]).second) fault(words[1] + " of " + family + " twice");
    if (has_samples_) fault(words[1] + " of " + family + " after its samples");
    if (words[1] == "TYPE") type(family, std::string(rest));
    if (words[1] == "UNIT" && !rest.empty() && !family.ends_with("_" + std::string(rest))) fault("the unit " + std::string(rest) + " is not the end of " + family);
    if (words[1] == "HELP")
      for (std::size_t i = 0; i < rest.size(); ++i) {
        if (open_ && rest[i] == '"') fault("a quote in HELP");
        if (rest[i] != '\\') continue;
        const char next = i + 1 < rest.size() ? rest[i + 1] : ' ';
        if (next != '\\' && next != 'n' && !(open_ && next == '"')) fault("a backslash in HELP that escapes nothing");
        ++i;
      }
  }

  void type(const std::string& family, const std::string& word) {
    static const std::set<std::string> old{"counter", "gauge", "histogram", "summary", "untyped"};
    static const std::set<std::string> fresh{"counter", "gauge", "histogram", "gaugehistogram", "summary", "info", "stateset", "unknown"};
    if (!(open_ ? fresh : old).contains(word)) fault("\"" + word + "\" is no type");
    if (word == "counter" && open_ && family.ends_with("_total")) fault("the family of a counter ends with _total");
    if (word == "counter" && !open_ && !family.ends_with("_total")) fault("a counter does not end with _total");
    if (word == "info" && family.ends_with("_info")) fault("the family of an info ends with _info");
    out_.types[family] = type_ = word;
  }

  /// What stands after the family's name, where it may stand.
  bool belongs(std::string_view name) const {
    if (!name.starts_with(family_) || family_.empty()) return false;
    const std::string_view suffix = name.substr(family_.size());
    if (type_ == "histogram") return suffix == "_bucket" || suffix == "_sum" || suffix == "_count" || (open_ && suffix == "_created");
    if (type_ == "summary") return suffix.empty() || suffix == "_sum" || suffix == "_count" || (open_ && suffix == "_created");
    if (open_ && type_ == "counter") return suffix == "_total" || suffix == "_created";
    if (open_ && type_ == "info") return suffix == "_info";
    return suffix.empty();
  }

  void sample(std::string_view line) {
    const auto name_end = line.find_first_of("{ ");
    const std::string name(line.substr(0, name_end));
    if (!is_name(name, true)) return fault("\"" + name + "\" is no name");
    std::string_view rest = name_end == std::string_view::npos ? std::string_view() : line.substr(name_end);
    Labels labels;
    if (rest.starts_with('{') && !read_labels(rest, labels)) return;
    if (!rest.starts_with(' ')) return fault("no space before the value");
    rest.remove_prefix(1);
    const auto exemplar = rest.find(" # ");
    if (exemplar != std::string_view::npos) {
      if (!open_) fault("an exemplar");
      else if (!name.ends_with("_total") && !name.ends_with("_bucket")) fault("an exemplar where none may be");
      rest = rest.substr(0, exemplar);
    }
    const auto space = rest.find(' ');
    const auto value = number(rest.substr(0, space));
    if (!value) return fault("\"" + std::string(rest.substr(0, space)) + "\" is no number");
    if (space != std::string_view::npos && !number(rest.substr(space + 1))) fault("the timestamp is no number");
    if (!belongs(name)) return misplaced(name);
    has_samples_ = true;
    if (type_ == "counter" && !(*value >= 0)) fault("a counter below zero");
    if (type_ == "info" && *value != 1) fault("an info that is not 1");
    std::string key = name + "{";
    for (const auto& [label, text] : labels) key += label + "=\"" + text + "\",";
    key = labels.empty() ? name : key.substr(0, key.size() - 1) + "}";
    if (!out_.samples.emplace(key, *value).second) fault(key + " twice");
    if (type_ == "histogram") bucket(name.substr(family_.size()), labels, *value);
  }

  /// It does not fit the family that is being read: it is of another one, or of none.
  void misplaced(const std::string& name) {
    if (name == family_) return fault(name + " does not fit the type of its family");
    for (const std::string_view suffix : {"", "_total", "_created", "_bucket", "_sum", "_count", "_info"})
      if (name.ends_with(suffix) && seen_.contains(name.substr(0, name.size() - suffix.size()))) return fault("a family is torn apart by " + name);
    fault(name + " has no TYPE");
  }

  bool read_labels(std::string_view& rest, Labels& labels) {
    rest.remove_prefix(1);
    std::set<std::string> names;
    while (!rest.starts_with('}')) {
      const auto equals = rest.find("=\"");
      if (equals == std::string_view::npos) return fault("labels that are not closed"), false;
      const std::string name(rest.substr(0, equals));
      if (!is_name(name, false) || name.starts_with("__")) fault("\"" + name + "\" is no name of a label");
      if (!names.insert(name).second) fault("the label " + name + " twice");
      rest.remove_prefix(equals + 2);
      std::string value;
      for (; !rest.empty() && rest[0] != '"'; rest.remove_prefix(1)) {
        value += rest[0];
        if (rest[0] != '\\') continue;
        rest.remove_prefix(1);
        if (rest.empty() || (rest[0] != '\\' && rest[0] != '"' && rest[0] != 'n')) return fault("a backslash in a label that escapes nothing"), false;
        value += rest[0];
      }
      if (rest.empty()) return fault("a label that is not closed"), false;
      rest.remove_prefix(1);
      if (rest.starts_with(',')) rest.remove_prefix(1);
      else if (!rest.starts_with('}')) return fault("no comma between labels"), false;
      labels.emplace_back(name, value);
    }
    rest.remove_prefix(1);
    return true;
  }

  // ---- histograms

  struct Series {
    std::vector<std::pair<double, double>> buckets;  // le, count
    std::optional<double> sum, count;
  };

  void bucket(std::string_view suffix, Labels labels, double value) {
    const auto le = std::find_if(labels.begin(), labels.end(), [](const auto& each) { return each.first == "le"; });
    std::optional<double> bound;
    if (suffix == "_bucket") {
      if (le == labels.end()) return fault("a bucket without le");
      bound = number(le->second);
      if (!bound) return fault("le is no number");
      labels.erase(le);
    } else if (le != labels.end()) {
      return fault("le where no bucket is");
    }
    std::sort(labels.begin(), labels.end());
    Series& series = series_[labels];
    if (bound) series.buckets.emplace_back(*bound, value);
    else if (suffix == "_sum") series.sum = value;
    else if (suffix == "_count") series.count = value;
  }

  void close() {
    for (const auto& [labels, series] : series_) {
      if (series.buckets.empty() || !std::isinf(series.buckets.back().first)) fault(family_ + " has no last bucket +Inf");
      for (std::size_t i = 1; i < series.buckets.size(); ++i) {
        if (!(series.buckets[i].first > series.buckets[i - 1].first)) fault(family_ + ": its bounds do not rise");
        if (series.buckets[i].second < series.buckets[i - 1].second) fault(family_ + " is not cumulative");
      }
      if (!series.sum || !series.count) fault(family_ + " has no _sum or no _count");
      else if (!series.buckets.empty() && series.buckets.back().second != *series.count) fault(family_ + ": +Inf is not its _count");
    }
    series_.clear();
    if (!family_.empty() && type_.empty() && !said_.empty()) fault(family_ + " has no TYPE");
    said_.clear(), type_.clear(), family_.clear();
    has_samples_ = false;
  }

  const bool open_;
  Exposed out_;
  int line_ = 0;
  std::string family_, type_;
  std::set<std::string> said_, seen_;
  bool has_samples_ = false;
  std::map<Labels, Series> series_;
};

}  // namespace

Exposed read_prometheus(std::string_view text) { return Reader(false).read(text); }
Exposed read_open_metrics(std::string_view text) { return Reader(true).read(text); }

}  // namespace heliograph::test
