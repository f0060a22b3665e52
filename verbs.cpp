#include "verbs.hpp"

#include <filesystem>
#include <iostream>

#include "actors/process_log.hpp"
#include "events/checkpoint.hpp"
#include "version.hpp"

namespace heliograph {

int complain(const Error& error) {
  std::cerr << "heliograph: " << error.sentence << (error.pointer.empty() ? "" : " (" + error.pointer + ")") << "\n";
  return 1;
}

Result<SiteKey> site_named(const std::string& name) {
  auto site = SiteId::parse(name);
  if (!site) return fail(site.error());
  return SiteKey{{"local"}, std::move(*site)};
}

std::string checkpoint_key_file(const std::string& data) { return (std::filesystem::path(data) / "checkpoint.key").string(); }

EngineOptions engine_options(const HostConfig& config, const HostLimits& limits) {
  EngineOptions options;
  options.limits = limits;
  options.polling = config.features.polling;
  return options;
}

namespace {

/// Ends the process at once: after a failed write nobody knows what is on disk, and the log brings it back.
[[noreturn]] void fail_stop(const Error& error) {
  if (!process_log::says(process_log::Level::critical)) complain(error);
  process_log::write(process_log::Level::critical, "engine", "The process ends here: start it again.", {{"error", error.sentence}});
  process_log::close();
  std::_Exit(70);
}

}  // namespace

Result<std::unique_ptr<Engine>> start_engine(Store& store, const std::string& data, Clock& clock, EngineOptions options) {
  options.stop_mark = data;
  auto key = SigningKey::open(checkpoint_key_file(data));
  if (!key) return fail(key.error());
  options.key = *key;
  options.version = HELIOGRAPH_VERSION;
  options.commit = HELIOGRAPH_COMMIT;
  options.fatal = [](const Error& error) { fail_stop(error); };
  Bar bar("views");
  options.catching_up = [&bar](std::uint64_t done, std::uint64_t total) { bar.of(done, total); };
  return Engine::start(store, clock, std::move(options));
}

}  // namespace heliograph
