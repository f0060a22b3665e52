#include "actors/process_log.hpp"

#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <mutex>
#include <thread>

#include "actors/clock.hpp"
#include "actors/mishaps.hpp"
#include "events/json.hpp"

namespace heliograph::process_log {
namespace {

constexpr std::size_t queued_max = 8'192;   // lines that wait for a slow reader; older ones are dropped first
constexpr std::size_t value_bytes_max = 1'024;  // of one value: a record must not become a book

/// Tests take lines from here.
class Into final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit Into(std::function<void(std::string_view)> take) : take_(std::move(take)) {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override { take_({message.payload.data(), message.payload.size()}); }
  void flush_() override {}
  std::function<void(std::string_view)> take_;
};

struct Opened {
  std::shared_ptr<spdlog::details::thread_pool> pool;  // none where lines are taken at once
  std::shared_ptr<spdlog::logger> logger;
  Form form = Form::lines;
};

std::mutex opened_mutex;
std::shared_ptr<const Opened> opened;     // guarded by opened_mutex
std::atomic<int> least{-1};               // of the open log; -1 = there is none
std::atomic<std::uint64_t> dropped_before{0};

std::shared_ptr<const Opened> current() {
  const std::lock_guard lock(opened_mutex);
  return opened;
}

std::shared_ptr<const Opened> exchange_opened(std::shared_ptr<const Opened> with) {
  const std::lock_guard lock(opened_mutex);
  opened.swap(with);
  return with;
}

spdlog::level::level_enum as_spdlog(Level level) {
  static constexpr std::array levels{spdlog::level::debug, spdlog::level::info, spdlog::level::warn, spdlog::level::err, spdlog::level::critical};
  return levels[static_cast<std::size_t>(level)];
}

/// Whole words of a key, so that "token_id" is one and "tokens" is not.
bool names_a_secret(std::string_view key) {
  static constexpr std::array secrets{"password", "secret", "token", "code", "cookie", "authorization", "passphrase", "pin", "credential", "credentials"};
  while (!key.empty()) {
    const auto end = key.find_first_of("_-.");
    if (std::find(secrets.begin(), secrets.end(), key.substr(0, end)) != secrets.end()) return true;
    key = end == std::string_view::npos ? std::string_view() : key.substr(end + 1);
  }
  return false;
}

bool is_of_keys(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.'; }

/// Keys, hook secrets and access tokens begin with a word of their own: wherever one of them got, it is cut short.
std::string without_keys(std::string_view text) {
  std::string out(text.substr(0, value_bytes_max));
  for (const std::string_view mark : {"hg_", "whsec_", "eyJ"})
    for (auto at = out.find(mark); at != std::string::npos; at = out.find(mark, at + mark.size())) {
      auto end = at + mark.size();
      while (end < out.size() && is_of_keys(out[end])) ++end;
      if (end - at >= 16) out.replace(at + mark.size(), end - at - mark.size(), "***");
    }
  return out;
}

/// What a terminal or a reader of lines could take for more than a character. Of valid UTF-8.
bool must_be_escaped(char32_t c) {
  return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x061c || c == 0x200e || c == 0x200f || c == 0x2028 || c == 0x2029 || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) ||
         c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb);
}

/// All of it is in the basic plane, so four digits do. Requires: valid UTF-8.
std::string one_line(std::string_view text) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const auto first = static_cast<unsigned char>(text[i]);
    const std::size_t size = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    char32_t c = size == 1 ? first : first & (0x7fu >> size);
    for (std::size_t k = 1; k < size && i + k < text.size(); ++k) c = (c << 6) | (static_cast<unsigned char>(text[i + k]) & 0x3fu);
    if (must_be_escaped(c)) {
      out += "\\u";
      for (const int shift : {12, 8, 4, 0}) out += digits[(c >> shift) & 15];
    } else {
      out += text.substr(i, size);
    }
    i += size;
  }
  return out;
}

std::string as_json_text(std::string_view value) {
  JsonWriter json;
  json.string(value);
  return json.take();
}

std::string shown(const Field& field) {
  if (names_a_secret(field.key())) return "\"***\"";
  return field.is_number() ? field.text() : as_json_text(without_keys(field.text()));
}

/// key="value" key=7
std::string as_text(const Fields& fields) {
  std::string out;
  for (const Field& field : fields) out += (out.empty() ? "" : " ") + std::string(field.key()) + "=" + shown(field);
  return out;
}

}  // namespace

std::string_view name(Level level) {
  static constexpr std::array<std::string_view, 5> names{"debug", "info", "warn", "error", "critical"};
  return names[static_cast<std::size_t>(level)];
}

std::optional<Level> parse_level(std::string_view word) {
  for (const Level each : {Level::debug, Level::info, Level::warn, Level::error})
    if (name(each) == word) return each;
  return std::nullopt;
}

std::string render(Form form, std::int64_t at, Level level, std::string_view component, std::string_view message, const Fields& fields) {
  const std::string sentence = as_json_text(without_keys(message));
  std::string out;
  if (form == Form::text) {
    out = format_time(at) + " " + std::string(name(level)) + " " + std::string(component) + ": " + sentence.substr(1, sentence.size() - 2);
    return one_line(fields.empty() ? out : out + " " + as_text(fields));
  }
  out = "{\"time\":\"" + format_time(at) + "\",\"level\":\"" + std::string(name(level)) + "\",\"component\":" + as_json_text(component) + ",\"message\":" + sentence;
  for (const Field& field : fields) out += "," + as_json_text(field.key()) + ":" + shown(field);
  return one_line(out + "}");
}

void open(const Options& options) {
  auto fresh = std::make_shared<Opened>();
  const bool terminal = !options.into && ::isatty(STDERR_FILENO) != 0;
  fresh->form = options.form != Form::by_terminal ? options.form : terminal ? Form::text : Form::lines;
  if (options.into) {
    fresh->logger = std::make_shared<spdlog::logger>("heliograph", std::make_shared<Into>(options.into));
  } else {
    fresh->pool = std::make_shared<spdlog::details::thread_pool>(queued_max, 1);
    fresh->logger = std::make_shared<spdlog::async_logger>("heliograph", std::make_shared<spdlog::sinks::stderr_sink_mt>(), fresh->pool, spdlog::async_overflow_policy::overrun_oldest);
  }
  fresh->logger->set_pattern("%v");
  fresh->logger->set_level(as_spdlog(options.level));
  exchange_opened(std::move(fresh));
  least = static_cast<int>(options.level);
}

void close() {
  least = -1;
  auto before = exchange_opened(nullptr);
  if (!before || !before->pool) return;
  dropped_before += before->pool->overrun_counter();
  // The last one to let go of the pool waits for what is queued; a reader who has stopped reading must not keep the process alive.
  const auto done = std::make_shared<std::promise<void>>();
  std::thread([before = std::move(before), done]() mutable {
    before.reset();
    done->set_value();
  }).detach();
  done->get_future().wait_for(std::chrono::seconds(1));
}

bool says(Level level) { return least >= 0 && static_cast<int>(level) >= least; }

void write(Level level, std::string_view component, std::string_view message, const Fields& fields) { write(level, component, message, fields, fields); }

void write(Level level, std::string_view component, std::string_view message, const Fields& fields, const Fields& of_mishap) {
  const bool line = says(level), mishap = level >= Level::warn;
  if (!line && !mishap) return;
  const Micros now = SystemClock().now();
  if (mishap) recent_mishaps().add(now, level, std::string(component), without_keys(message), one_line(as_text(of_mishap)));
  if (!line) return;
  if (const auto open = current()) open->logger->log(as_spdlog(level), spdlog::string_view_t(render(open->form, now, level, component, message, fields)));
}

std::uint64_t dropped() {
  const auto open = current();
  return dropped_before + (open && open->pool ? open->pool->overrun_counter() : 0);
}

}  // namespace heliograph::process_log
