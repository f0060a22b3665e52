// History from JSON lines: the same shapes as POST /readings, a mebibyte of whole lines at a time.
#include <algorithm>
#include <unordered_map>

#include "api/import/history.hpp"
#include "api/readings_json.hpp"

namespace heliograph {
namespace {

constexpr std::size_t piece_bytes = 1 << 20;
constexpr std::size_t line_bytes_max = 1 << 20;

class LinesReader {
 public:
  LinesReader(std::istream& in, const ImportOptions& options, const BatchSink& sink, const ImportProgress& progress)
      : source_(in, Encoding::utf8), sink_(sink), progress_(progress) {
    report_.file = options.file;
    report_.preset = "json-lines";
  }

  Result<ImportReport> read() {
    for (bool more = true; more;) {
      auto piece = source_.next();
      if (!piece) return fail(piece.error().code, piece.error().sentence, "line " + std::to_string(first_line_));
      more = !piece->empty();
      text_.append(*piece);
      if (more && text_.size() < piece_bytes) continue;
      const auto end = more ? text_.rfind('\n') : text_.size();
      if (end == std::string::npos) {
        if (text_.size() > line_bytes_max) return fail(Errc::invalid, "A line is longer than 1 MiB: these are no JSON lines.", "line " + std::to_string(first_line_));
        continue;
      }
      if (auto ok = hand_over(std::string_view(text_).substr(0, end)); !ok) return fail(ok.error());
      first_line_ += static_cast<std::uint64_t>(std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(end), '\n')) + 1;
      text_.erase(0, std::min(text_.size(), end + 1));
    }
    return finish();
  }

 private:
  Status hand_over(std::string_view text) {
    auto parsed = parser_.parse(text, true);
    if (!parsed) return whole_piece_is_bad(text, parsed.error());
    for (const auto& error : parsed->errors) note(first_line_ + error.line - 1, error.sentence);
    for (const auto& name : parsed->ignored)
      if (std::find(report_.ignored.begin(), report_.ignored.end(), name) == report_.ignored.end()) report_.ignored.push_back(name);
    report_.rows_read += parsed->lines;
    rejected_ += parsed->rejected;
    watch_times(parsed->batch);
    report_.readings += parsed->batch.size();
    parsed->batch.historic = true;
    if (auto ok = sink_(std::move(parsed->batch)); !ok) return ok;
    if (progress_) progress_({source_.bytes_read(), report_.rows_read, report_.readings});
    return {};
  }

  /// Not one good line in this mebibyte; others may follow.
  Status whole_piece_is_bad(std::string_view text, const Error& error) {
    std::uint64_t lines = 0;
    bool blank = true;
    for (const char c : text) {
      if (c == '\n') lines += blank ? 0 : 1, blank = true;
      else if (c != ' ' && c != '\t' && c != '\r') blank = false;
    }
    lines += blank ? 0 : 1;
    report_.rows_read += lines;
    rejected_ += lines;
    if (lines != 0) note(first_line_, error.sentence);
    return {};
  }

  void note(std::uint64_t line, const std::string& sentence) {
    if (first_error_.empty()) first_error_ = sentence, first_error_line_ = line;
    if (noted_++ < line_errors_max) report_.drop(sentence, line);
  }

  void watch_times(const ReadingBatch& batch) {
    for (std::size_t row = 0; row < batch.size(); ++row) {
      const Micros at = batch.at[row];
      report_.first = report_.first ? std::min(*report_.first, at) : at;
      report_.last = report_.last ? std::max(*report_.last, at) : at;
      auto [last, is_new] = last_.try_emplace(batch.devices[batch.device_of[row]].text, at);
      if (!is_new) {
        if (at == last->second) ++same_time_;
        else if (at < last->second) ++report_.out_of_order;
        last->second = std::max(last->second, at);
      }
    }
  }

  Result<ImportReport> finish() {
    if (report_.rows_read == 0) return fail(Errc::invalid, "\"" + report_.file + "\" has no lines: there is nothing to import.", "line 1");
    if (report_.readings == 0) return fail(Errc::invalid, first_error_, "line " + std::to_string(first_error_line_));
    report_.sha256 = hex(bytes_of(source_.digest()));
    report_.encoding = name(source_.encoding());
    report_.packed = source_.packed();
    report_.rows_kept = report_.rows_read - rejected_;
    if (const auto named = report_.rows_dropped(); rejected_ > named)
      report_.dropped.push_back({"more lines that cannot be used", rejected_ - named, {}});
    if (same_time_ != 0)
      report_.warnings.push_back(std::to_string(same_time_) + " reading(s) have the time of the one before of their device; of such, the first counts.");
    if (report_.out_of_order != 0)
      report_.warnings.push_back(std::to_string(report_.out_of_order) + " reading(s) go back in time; JSON lines are not sorted.");
    for (const auto& [device, at] : last_) report_.devices.push_back(node(device));
    std::sort(report_.devices.begin(), report_.devices.end(), [](const auto& a, const auto& b) { return a.device < b.device; });
    return std::move(report_);
  }

  static DeviceRegistered node(const std::string& id) {
    DeviceRegistered device;
    device.device = DeviceId{id};
    device.kind = DeviceKind::node;
    device.name = id;
    return device;
  }

  TextSource source_;
  const BatchSink& sink_;
  const ImportProgress& progress_;
  ReadingsParser parser_;
  ImportReport report_;
  std::string text_, first_error_;
  std::uint64_t first_line_ = 1, first_error_line_ = 0, rejected_ = 0, noted_ = 0, same_time_ = 0;
  std::unordered_map<std::string, Micros> last_;
};

}  // namespace

Result<ImportReport> read_json_lines(std::istream& in, const ImportOptions& options, const BatchSink& sink,
                                     const ImportProgress& progress) {
  return LinesReader{in, options, sink, progress}.read();
}

}  // namespace heliograph
