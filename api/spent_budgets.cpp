#include "api/spent_budgets.hpp"

#include <cstdio>

#include "actors/process_log.hpp"
#include "storage/background.hpp"
#include "storage/file.hpp"

namespace heliograph::api {
namespace {

constexpr std::size_t file_limit = 64 << 20;  // all callers that there can be

}  // namespace

SpentBudgets::SpentBudgets(std::string path, RateLimits& limits, const Clock& clock, std::chrono::milliseconds interval)
    : path_(std::move(path)), limits_(limits), clock_(clock) {
  take_over();
  thread_ = std::jthread([this, interval](const std::stop_token& stopped) {
    while (wait_unless_stopped(stopped, interval)) write();
  });
}

SpentBudgets::~SpentBudgets() {
  thread_.request_stop();
  thread_.join();
  write();
}

void SpentBudgets::take_over() {
  const auto text = read_file(path_, file_limit);
  if (!text && text.error().code == Errc::not_found) return;
  const Status done = text ? limits_.take_over(*text, clock_.now()) : Status(fail(text.error()));
  if (!done) process_log::write(process_log::Level::warn, "budgets", done.error().sentence, {{"file", path_}});
}

void SpentBudgets::write() {
  std::string text = limits_.owed(clock_.now());
  if (text == written_) return;  // nobody owes anything, as before
  const std::string fresh = path_ + ".new";
  Status done = write_file(fresh, text);
  if (done && std::rename(fresh.c_str(), path_.c_str()) != 0) done = fail(system_error("replace", path_));
  if (!done) return process_log::write(process_log::Level::warn, "budgets", done.error().sentence);
  written_ = std::move(text);
}

}  // namespace heliograph::api
