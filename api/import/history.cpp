#include "api/import/history.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>

#include "api/decimal.hpp"
#include "api/import/emit.hpp"
#include "api/import/table.hpp"
#include "api/import/time.hpp"

namespace heliograph {
namespace {

constexpr std::size_t cells_max = 40'000'000;     // 640 MB of table: years of minutes, months of seconds
constexpr std::size_t suspects_max = 1'000'000;
constexpr std::uint64_t rows_between_progress = 4'096;

double as_double(Decimal d) {
  const double m = static_cast<double>(d.mantissa);
  if (d.exponent >= -22 && d.exponent < 0) return m / std::pow(10.0, -d.exponent);  // both exact: rounded once
  return m * std::pow(10.0, d.exponent);
}

std::string quoted(std::string_view text) { return "\"" + std::string(text.substr(0, 60)) + "\""; }

/// Reads the rows of one mapped CSV into a table.
class TableReader {
 public:
  TableReader(std::istream& in, const ImportMap& map, const ImportOptions& options, const ImportProgress& progress)
      : map_(map), options_(options), progress_(progress), source_(in, map.encoding), csv_(source_, map.shape) {}

  Status read(ImportTable& table, ImportReport& report) {
    table_ = &table;
    report_ = &report;
    if (auto ok = read_header(); !ok) return ok;
    for (;;) {
      if (!pending_) {
        auto more = csv_.next(cells_);
        if (!more) return fail(more.error());
        if (!*more) break;
      }
      pending_ = false;
      if (auto ok = read_row(); !ok) return ok;
      if (progress_ && report.rows_read % rows_between_progress == 0) progress_({source_.bytes_read(), report.rows_read, 0});
    }
    return finish();
  }

 private:
  Error at_cell(std::string sentence, std::string_view column) const {
    return {Errc::invalid, std::move(sentence), "line " + std::to_string(csv_.line()) + ", column " + std::string(column)};
  }

  Status read_header() {
    auto first = csv_.next(cells_);
    if (!first) return fail(first.error());
    if (!*first) return fail(Errc::invalid, quoted(options_.file) + " is empty: there is no header and no row to import.", "line 1");
    for (std::size_t i = 0; i < cells_.size(); ++i)
      header_.push_back(map_.header ? std::string(trimmed(cells_[i])) : std::to_string(i + 1));
    pending_ = !map_.header;
    std::vector<bool> used(header_.size(), false);
    const auto bind = [&](const std::string& name, std::optional<std::size_t>& place) -> Status {
      if (name.empty()) return {};
      const auto found = std::find(header_.begin(), header_.end(), name);
      if (found == header_.end()) return fail(no_column(name));
      if (std::find(found + 1, header_.end(), name) != header_.end())
        return fail(at_cell("The header has the column " + quoted(name) + " twice: rename one of them.", name));
      place = static_cast<std::size_t>(found - header_.begin());
      used[*place] = true;
      return {};
    };
    for (const auto& [name, place] : {std::pair{&map_.time.column, &time_}, std::pair{&map_.time.until, &until_},
                                      std::pair{&map_.time.running, &running_}})
      if (auto ok = bind(*name, *place); !ok) return ok;
    for (const auto& column : map_.columns) {
      std::optional<std::size_t> place;
      if (auto ok = bind(column.column, place); !ok) return ok;
      places_.push_back(*place);
      ColumnReport about;
      about.column = column.column;
      about.device = column.device.text;
      about.metric = info(column.metric).name;
      about.unit = column.unit;
      report_->columns.push_back(std::move(about));
    }
    for (std::size_t i = 0; i < header_.size(); ++i)
      if (!used[i] && report_->ignored.size() < 100) report_->ignored.push_back(header_[i].substr(0, 100));
    table_->columns.resize(map_.columns.size());
    first_bad_.resize(map_.columns.size());
    good_.resize(map_.columns.size());
    return {};
  }

  Error no_column(const std::string& name) const {
    std::string list;
    for (const auto& h : header_)
      if (list.size() < 300) list.append(list.empty() ? "" : ", ").append(h.substr(0, 60));
    std::string sentence = "The file has no column " + quoted(name) + "; its header says: " + list + ".";
    if (const auto preset = suggest_preset(header_); !preset.empty())
      sentence.append(" It looks like the preset \"").append(preset).append("\".");
    else
      sentence += " Name its columns in a map (docs/IMPORT.md).";
    return at_cell(std::move(sentence), name);
  }

  /// Lines that are no data: repeated headers, totals, rows of another width. True when the row was dropped.
  bool not_data() {
    const auto drop = [&](const char* reason) { return report_->drop(reason, csv_.line()), true; };
    const auto same = [&] {
      for (std::size_t i = 0; i < header_.size(); ++i)
        if (trimmed(cells_[i]) != header_[i]) return false;
      return true;
    };
    if (map_.header && cells_.size() == header_.size() && same()) return drop("repeats the header");
    for (const auto cell : cells_) {  // the first cell with text
      const auto text = trimmed(cell);
      if (text.empty()) continue;
      if (std::find(map_.totals.begin(), map_.totals.end(), text) != map_.totals.end()) return drop("is a line of totals");
      break;
    }
    if (cells_.size() < header_.size()) return drop("has fewer fields than the header");
    const auto extra = [](std::string_view cell) { return !trimmed(cell).empty(); };
    if (std::any_of(cells_.begin() + static_cast<std::ptrdiff_t>(header_.size()), cells_.end(), extra))
      return drop("has more fields than the header");
    return false;
  }

  Status read_row() {
    ++report_->rows_read;
    if (not_data()) return {};
    Micros at = 0;
    std::int32_t running = 0;
    auto usable = read_time(at, running);
    if (!usable) return fail(usable.error());
    if (!*usable) return {};
    const std::size_t row = table_->at.size();
    if ((row + 1) * (map_.columns.size() + 1) > cells_max)
      return fail(Errc::invalid, "The file has more than 40 million values: split it by year and import the parts.");
    table_->at.push_back(at);
    table_->line.push_back(static_cast<std::uint32_t>(csv_.line()));
    if (running_) table_->running.push_back(running);
    for (std::size_t c = 0; c < places_.size(); ++c) read_value(row, c, trimmed(cells_[places_[c]]));
    if (table_->suspects.size() > suspects_max)
      return fail(Errc::invalid, "More than a million values are unusable: check the units and columns of the map.");
    return {};
  }

  Error mixed(std::string_view cell) const {
    const bool lacks = is_explicit(map_.time);
    return at_cell("Time zones are mixed: " + quoted(cell) + (lacks ? " has no offset, but this column's times must have one."
                                                                    : " carries an offset, but this column is declared local.") +
                       " Declare the column's real format, or split the file.",
                   map_.time.column);
  }

  Result<bool> read_time(Micros& at, std::int32_t& running) {
    if (!time_) {
      at = map_.time.start + (static_cast<std::int64_t>(report_->rows_read) - 1) * map_.time.interval;
      return true;
    }
    const auto cell = trimmed(cells_[*time_]);
    const Stamp stamp = read_stamp(map_.time, cell);
    if (stamp.verdict == TimeVerdict::mixed_zone) return fail(mixed(cell));
    if (stamp.verdict == TimeVerdict::unreadable) {
      if (bad_time_.empty()) bad_time_ = cell.substr(0, 60), bad_time_line_ = csv_.line();
      return report_->drop("the time cannot be read", csv_.line()), false;
    }
    at = stamp.at;
    if (running_) {
      const auto number = parse_number(trimmed(cells_[*running_]), {});
      const auto n = number ? scaled(*number, 0) : std::nullopt;
      if (!n || *n < 0 || *n > 100'000) return report_->drop("the interval's number cannot be read", csv_.line()), false;
      running = static_cast<std::int32_t>(*n);
    }
    return until_ ? check_until(at) : Result<bool>{true};
  }

  /// The interval's end must lie one interval after its start; a clock change may bend a local step by its hour.
  Result<bool> check_until(Micros at) {
    const auto cell = trimmed(cells_[*until_]);
    const Stamp end = read_stamp(map_.time, cell);
    if (end.verdict == TimeVerdict::mixed_zone) return fail(mixed(cell));
    if (end.verdict == TimeVerdict::unreadable) return report_->drop("the interval's end cannot be read", csv_.line()), false;
    const Micros slack = is_explicit(map_.time) ? 0 : hour_us;
    const Micros step = end.at - at;
    if (step + slack <= 0)
      return fail(at_cell("The interval ends at " + quoted(cell) + ", not after its start (a negative step): are the columns swapped?",
                          map_.time.until));
    if (std::abs(step - map_.time.interval) > slack) return report_->drop("the interval has another length than declared", csv_.line()), false;
    return true;
  }

  void read_value(std::size_t row, std::size_t c, std::string_view cell) {
    ImportColumn& column = table_->columns[c];
    column.stored.push_back(missing);
    column.original.push_back(0);
    const ColumnMap& spec = map_.columns[c];
    const auto number = parse_number(cell, {map_.decimal, map_.thousands});
    if (!number) {
      if (std::find(map_.missing.begin(), map_.missing.end(), cell) != map_.missing.end()) return;
      if (first_bad_[c].empty()) first_bad_[c] = "line " + std::to_string(csv_.line()) + ", column " + spec.column + ": " + quoted(cell);
      return suspect(row, c, Quality::unreadable, cell);
    }
    good_[c] = true;
    const double value = as_double(*number);
    bool exact = true;
    const std::int64_t seconds = map_.time.interval / second_us;
    auto stored = spec.as == ReadAs::energy ? scaled(*number, spec.power, 3600, seconds, &exact) : scaled(*number, spec.power, 1, 1, &exact);
    if (stored && spec.negate) stored = -*stored;
    const auto& range = info(spec.metric);
    if (!stored || *stored < range.min || *stored > range.max || (spec.min && value < *spec.min) || (spec.max && value > *spec.max))
      return suspect(row, c, Quality::implausible, cell);
    if (!exact) ++report_->columns[c].rounded;
    column.stored.back() = *stored;
    column.original.back() = value;
  }

  void suspect(std::size_t row, std::size_t c, Quality quality, std::string_view cell) {
    table_->suspects.emplace(table_->cell(row, c), Suspect{0, map_.columns[c].metric, quality, std::string(cell.substr(0, raw_bytes_max))});
  }

  Status finish() {
    report_->sha256 = hex(bytes_of(source_.digest()));
    report_->encoding = name(source_.encoding());
    report_->packed = source_.packed();
    const char separator = csv_.separator();
    report_->separator = separator == '\t' ? "tab" : std::string(1, separator);
    if (report_->rows_read == 0)
      return fail(Errc::invalid, quoted(options_.file) + " has a header but no rows: there is nothing to import.", "line 1");
    if (table_->at.empty() && !bad_time_.empty())
      return fail(Errc::invalid, "No row's time could be read; the first is " + quoted(bad_time_) + ": check the map's time column and format.",
                  "line " + std::to_string(bad_time_line_) + ", column " + map_.time.column);
    if (table_->at.empty()) return fail(Errc::invalid, "No row of the file could be used: " + report_->dropped.front().reason + ".");
    for (std::size_t c = 0; c < first_bad_.size(); ++c)
      if (!good_[c] && !first_bad_[c].empty()) {
        const auto colon = first_bad_[c].rfind(": \"");
        return fail(Errc::invalid, "The column " + quoted(map_.columns[c].column) + " holds no number at all (the first is " +
                                       first_bad_[c].substr(colon + 2) + "): is it the wrong column, or another decimal sign?",
                    first_bad_[c].substr(0, colon));
      }
    return {};
  }

  const ImportMap& map_;
  const ImportOptions& options_;
  const ImportProgress& progress_;
  TextSource source_;
  CsvReader csv_;
  ImportTable* table_ = nullptr;
  ImportReport* report_ = nullptr;
  std::vector<std::string> header_, first_bad_;
  std::vector<bool> good_;
  std::vector<std::string_view> cells_;
  std::optional<std::size_t> time_, until_, running_;
  std::vector<std::size_t> places_;
  bool pending_ = false;
  std::string bad_time_;
  std::uint64_t bad_time_line_ = 0;
};

/// The zone that local stamps are in, or null when stamps say their own.
Result<std::optional<Zone>> zone_of(const ImportMap& map, const ImportOptions& options, ImportReport& report) {
  if (is_explicit(map.time)) {
    if (!options.time_zone.empty()) report.warnings.push_back("The time zone was not used: every time in this file says its own.");
    return std::optional<Zone>{};
  }
  const std::string& wanted = options.time_zone.empty() ? map.time.zone : options.time_zone;
  if (wanted.empty())
    return fail(Errc::invalid, "Times in " + quoted(map.time.column) + " are local: declare their zone (\"zone\" in the map, or "
                               "--timezone Europe/Amsterdam).", "/time/zone");
  auto zone = Zone::find(wanted);
  if (!zone) return fail(zone.error());
  return std::optional<Zone>{*zone};
}

}  // namespace

Result<ImportReport> read_history(std::istream& in, const ImportMap& map, const ImportOptions& options,
                                  const BatchSink& sink, const ImportProgress& progress) {
  ImportReport report;
  report.file = options.file;
  report.preset = map.name;
  report.devices = map.devices;
  auto zone = zone_of(map, options, report);
  if (!zone) return fail(zone.error());
  ImportTable table;
  if (auto ok = TableReader{in, map, options, progress}.read(table, report); !ok) return fail(ok.error());
  if (auto ok = resolve_times(table, map, zone->has_value() ? &**zone : nullptr, report); !ok) return fail(ok.error());
  drop_duplicates(table, report);
  sum_up(table, map, report);
  follow_registers(table, map, report);
  const auto handed_over = [&](std::uint64_t readings) {
    report.readings = readings;
    if (progress) progress({0, report.rows_read, readings});
  };
  if (auto ok = emit(table, map, options.batch_rows, sink, handed_over); !ok) return fail(ok.error());
  return report;
}

Result<ImportMap> open_map(const std::string& word) {
  if (std::any_of(presets().begin(), presets().end(), [&](const Preset& p) { return p.name == word; })) return find_preset(word);
  std::ifstream in(word, std::ios::binary);
  if (!in) {
    auto preset = find_preset(word);
    return fail(Errc::not_found, "There is no mapping file " + quoted(word) + ". " + preset.error().sentence);
  }
  std::ostringstream text;
  text << in.rdbuf();
  auto map = parse_map(text.str());
  if (!map) return fail(map.error().code, quoted(word) + ": " + map.error().sentence, map.error().pointer);
  return map;
}

namespace {

/// What the file seems to be, from its first text: JSON lines, or a CSV with this header.
Result<std::vector<std::string>> peek_header(std::istream& in, bool& json) {
  TextSource source(in, Encoding::utf8);
  auto piece = source.next();
  if (!piece) return fail(piece.error());
  const auto first = piece->find_first_not_of(" \t\r\n");
  json = first != std::string_view::npos && ((*piece)[first] == '{' || (*piece)[first] == '[');
  std::vector<std::string> header;
  if (json) return header;
  std::istringstream text{std::string(*piece)};
  TextSource again(text, Encoding::utf8);
  CsvReader csv(again, {});
  std::vector<std::string_view> cells;
  auto row = csv.next(cells);
  if (row && *row)
    for (const auto cell : cells) header.emplace_back(trimmed(cell));
  return header;
}

Error needs_map(const std::string& file, const std::vector<std::string>& header) {
  const auto preset = suggest_preset(header);
  std::string sentence = quoted(file) + " is a CSV, and what its columns mean must be declared: ";
  if (!preset.empty()) return {Errc::invalid, sentence.append("it looks like --map ").append(preset).append(".")};
  return {Errc::invalid, sentence + "write a map (docs/IMPORT.md) and pass it with --map FILE."};
}

}  // namespace

Result<ImportReport> import_file(const std::string& path, const std::optional<ImportMap>& map, ImportOptions options,
                                 const BatchSink& sink, const ImportProgress& progress) {
  const auto slash = path.rfind('/');
  if (options.file.empty()) options.file = slash == std::string::npos ? path : path.substr(slash + 1);
  std::ifstream in(path, std::ios::binary);
  if (!in || in.peek() == std::ifstream::traits_type::eof()) {
    if (in.eof() && !in.bad()) return fail(Errc::invalid, quoted(path) + " is empty: there is no header and no row to import.", "line 1");
    return fail(Errc::not_found, quoted(path) + " cannot be read: check that the file exists and that you may read it.");
  }
  if (map) return read_history(in, *map, options, sink, progress);
  bool json = false;
  auto header = peek_header(in, json);
  if (!header) return fail(header.error());
  if (!json) return fail(needs_map(options.file, *header));
  in.clear();
  in.seekg(0);
  return read_json_lines(in, options, sink, progress);
}

}  // namespace heliograph
