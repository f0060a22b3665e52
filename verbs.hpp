// What the verbs of the command line share: what was given, how they say what is wrong, how they start the engine. And the verbs
// themselves, each answering what the process exits with: 0 only on success.
#pragma once

#include <unistd.h>

#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "actors/engine.hpp"
#include "actors/host_config.hpp"

namespace heliograph {

struct Options {
  bool json = false;
  std::string data = "data", listen = "127.0.0.1:8080", config, site, map, time_zone, from, to, rules, scenario, format = "cloudevents", out,
              export_file, key, projection, reason, simulate;
  std::vector<std::string> files;
  std::int64_t speed = 1;
  std::uint64_t seed = 1;
  int past_days = 365;
  bool readings = false;
};

/// One line on standard error.
int complain(const Error& error);

/// A line that is drawn again and again on a terminal, and not at all elsewhere.
class Bar {
 public:
  explicit Bar(std::string what) : what_(std::move(what)), shown_(isatty(STDERR_FILENO) != 0) {}
  ~Bar() {
    if (shown_ && last_ >= 0) std::fprintf(stderr, "\r\033[K");
  }
  Bar(const Bar&) = delete;
  Bar& operator=(const Bar&) = delete;
  void at(double share) {
    const int percent = static_cast<int>(share * 100);
    if (!shown_ || percent == last_) return;
    last_ = percent;
    const std::string done(static_cast<std::size_t>(percent / 4), '#'), open(static_cast<std::size_t>(25 - percent / 4), '.');
    std::fprintf(stderr, "\r%s [%s%s] %3d %%", what_.c_str(), done.c_str(), open.c_str(), percent);
  }
  void of(std::uint64_t done, std::uint64_t total) { at(total == 0 ? 1 : static_cast<double>(done) / static_cast<double>(total)); }

 private:
  std::string what_;
  bool shown_;
  int last_ = -1;
};

/// Of the home tenant, by the id that --site gives.
Result<SiteKey> site_named(const std::string& name);
/// Where the key of checkpoints and exports lies.
std::string checkpoint_key_file(const std::string& data);
EngineOptions engine_options(const HostConfig& config, const HostLimits& limits);
/// Shows on a terminal how the views catch up. After a failed write the process ends at once.
Result<std::unique_ptr<Engine>> start_engine(Store& store, const std::string& data, Clock& clock, EngineOptions options);

// serve_verbs.cpp
int demo(const Options& o, bool data_given, bool listen_given);
int serve(const Options& o, bool data_given, bool listen_given);
/// What was given on the command line wins over everything.
std::map<std::string, std::string> given_for_serve(const Options& o, bool data_given, bool listen_given);

// history_verbs.cpp
int import(const Options& o);
int replay(const Options& o);
int export_events(const Options& o);
int verify(const Options& o);
int rebuild_views(const Options& o);

}  // namespace heliograph
