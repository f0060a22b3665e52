// The engine as a process: `serve`, and `demo` over an invented house.
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <iostream>

#include "actors/process_log.hpp"
#include "actors/stop_line.hpp"
#include "api/web_server.hpp"
#include "config_verb.hpp"
#include "events/key_file.hpp"
#include "sim/dry_run_store.hpp"
#include "sim/house_adapter.hpp"
#include "verbs.hpp"
#include "version.hpp"

namespace heliograph {
namespace {

using process_log::Level;

void log_notes(const Store& store) {
  for (const std::string& note : store.notes()) process_log::write(process_log::Level::warn, "store", note);
}

/// What the process says from now on is its log; before, it answered whoever started it. The last lines are written when it ends.
class Speaking {
 public:
  explicit Speaking(const process_log::Options& options) { process_log::open(options); }
  ~Speaking() { process_log::close(); }
  Speaking(const Speaking&) = delete;
  Speaking& operator=(const Speaking&) = delete;
};

/// SIGINT and SIGTERM reach whoever waits for them, and no other thread. Before the first thread starts.
sigset_t claim_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return set;
}

api::DryRun dry_runs_on(Store& store, const HostLimits& limits) {
  return [&store, limits](const api::DryRunOrder& order) -> Result<api::DryRunAnswer> {
    auto request = parse_dry_run_request(order.site, order.body);
    if (!request) return fail(request.error());
    request->limits = limits;
    auto report = dry_run_on(store, *request, [&](const DryRunProgress& p) {
      order.progress(static_cast<std::uint64_t>(p.share * 100), 100);
      return !*order.cancelled;
    });
    if (!report) return fail(report.error());
    return api::DryRunAnswer{to_json(*report), report->readings};
  };
}

/// Who sets this waits for data that nobody would send (docs/adr/0015).
void answer_for_otlp() {
  if (const char* endpoint = std::getenv("OTEL_EXPORTER_OTLP_ENDPOINT"); endpoint != nullptr && *endpoint != '\0')
    process_log::write(Level::info, "engine", "OTEL_EXPORTER_OTLP_ENDPOINT is set, but OTLP is not served: take /metrics, and the trace ids in this log and in the record (docs/OBSERVABILITY.md).");
}

using Greeting = std::function<void(const std::string& url)>;

/// As many files as the system lets us have: connections must not run out of them before the server's own limit.
void take_files() {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur >= files.rlim_max) return;
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
}

/// Runs engine and door until a signal comes.
int run(Store& store, Engine& engine, const HostConfig& config, bool read_only, const sigset_t& signals, const Greeting& greet) {
  take_files();
  answer_for_otlp();
  api::Service service{engine, HELIOGRAPH_VERSION, HELIOGRAPH_COMMIT, read_only, dry_runs_on(store, engine.limits())};
  auto people_key = open_key_file((std::filesystem::path(config.data) / "people.key").string(), "key of people's secrets");
  if (!people_key) return complain(people_key.error());
  service.people_key = *people_key;
  service.budget_file = (std::filesystem::path(config.data) / "budgets").string();
  service.config = config.server;
  std::unique_ptr<Notifier> notifier;  // outlives the engine's last word
  if (config.notify) {
    auto key = open_key_file((std::filesystem::path(config.data) / "approval.key").string(), "approval key");
    if (!key) return complain(key.error());
    auto started = Notifier::start(engine, {*config.notify, *key});
    if (!started) return complain(started.error());
    notifier = std::move(*started);
    service.notifier = notifier.get();
  }
  const std::string& listen = config.server.listen;
  auto web = api::WebServer::start(engine, listen, std::move(service));
  if (!web) return complain(web.error());
  // The demo has nothing to stop and takes nothing from outside.
  Result<std::unique_ptr<StopLine>> stop_line = read_only ? Result<std::unique_ptr<StopLine>>(nullptr) : StopLine::open(engine, config.data);
  if (!stop_line) {
    (*web)->stop();
    if (notifier) notifier->stop();
    (void)engine.stop();
    return complain(stop_line.error());
  }
  const bool needs_owner = !read_only && !engine.people().read([](const People& all) { return all.has_owner(); });
  const bool reachable_at_home = listen.find("0.0.0.0") == std::string::npos && !listen.starts_with("[::]");
  const std::string host = reachable_at_home ? listen.substr(0, listen.rfind(':')) : "localhost";
  greet((config.server.tls ? "https://" : "http://") + host + ":" + std::to_string((*web)->port()));
  if (needs_owner)
    std::cout << "Nobody can log in yet: open the page on this machine and make the owner. From another machine it asks for this code: " << (*web)->setup_code() << std::endl;
  int signal = 0;
  // SIGHUP: the certificate files have changed.
  for (sigwait(&signals, &signal); signal == SIGHUP; sigwait(&signals, &signal)) {
    if (!config.server.tls) continue;
    if (auto done = (*web)->reload_certificate(); !done) process_log::write(Level::error, "tls", "The certificate could not be read again; the one before stays.", {{"error", done.error().sentence}});
    else process_log::write(Level::info, "tls", "The certificate was read again.");
  }
  process_log::write(Level::info, "engine", "Stopping in order.");
  (*web)->stop();
  if (notifier) notifier->stop();
  stop_line->reset();
  if (auto done = engine.stop(); !done) return complain(done.error());
  return 0;
}

/// A directory that goes when the process does.
class Scratch {
 public:
  Scratch() {
    std::string pattern = (std::filesystem::temp_directory_path() / "heliograph-demo-XXXXXX").string();
    if (mkdtemp(pattern.data()) != nullptr) path_ = pattern;
  }
  ~Scratch() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

void greet_demo(const std::string& url) {
  std::cout << "Heliograph demo: a simulated house with a year behind it, living on. Read-only; nothing leaves this machine.\n\n"
            << "  " << url << "/   what it produces, uses and decides, live\n\n"
            << "Try:\n"
            << "  curl -N " << url << "/api/v1/stream\n"
            << "  curl '" << url << "/api/v1/sites/home/series?device=pv&metric=pv_w&step=month'\n"
            << "  curl -X POST -H 'Content-Type: application/json' -d '{\"scenario\":{\"tariff\":\"retail_dynamic\"}}' " << url
            << "/api/v1/sites/home/dry-runs\n\n"
            << "Your own history:\n"
            << "  heliograph import --data mine --site home --map PRESET FILE.csv     (docs/IMPORT.md lists the presets)\n"
            << "  heliograph replay --data mine --site home --rules rule.json\n\n"
            << "Stop with Ctrl-C." << std::endl;
}

}  // namespace

int demo(const Options& o, bool data_given, bool listen_given) {
  if (o.speed < 1 || o.speed > 100'000) return complain({Errc::invalid, "--speed takes 1 to 100000.", {}});
  const sigset_t signals = claim_signals();
  // Never the data directory of the environment: invented history has no place in it.
  LoadedConfig loaded = load_config("", listen_given ? std::map<std::string, std::string>{{"listen", o.listen}} : std::map<std::string, std::string>{});
  if (!loaded.problems.empty()) return complain(loaded);
  HostConfig& config = loaded.config;
  std::optional<Scratch> scratch;
  if (!data_given) scratch.emplace();
  if (scratch && scratch->path().empty()) return complain({Errc::io, "No temporary directory could be made: name one with --data.", {}});
  config.data = scratch ? scratch->path() : o.data;
  auto store = open_store(config.data, {.create = true, .condense = true});
  if (!store) return complain(store.error());
  const Speaking speaking(config.log);
  log_notes(**store);
  FastClock clock(o.speed);
  auto engine = start_engine(**store, config.data, clock, engine_options(config, limits_for_simulated(config)));
  if (!engine) return complain(engine.error());
  if (auto done = settle_house(**engine, {{"local"}, {"home"}}, o.seed, o.past_days * day_us); !done) return complain(done.error());
  config.notify.reset();  // nobody is told of what is invented
  return run(**store, **engine, config, true, signals, greet_demo);
}

std::map<std::string, std::string> given_for_serve(const Options& o, bool data_given, bool listen_given) {
  std::map<std::string, std::string> given;
  if (data_given) given["data"] = o.data;
  if (listen_given) given["listen"] = o.listen;
  return given;
}

namespace {

void greet_served(const Options& o, const HostConfig& config, const std::string& url) {
  std::cout << "Heliograph serves " << config.data << " at " << url << "/  (Ctrl-C stops it)" << std::endl;
  if (!o.simulate.empty()) std::cout << "The site \"" << o.simulate << "\" is a simulated house: none of its devices is real." << std::endl;
  if (!config.limits.control) std::cout << "No real device is commanded: control = true under [features] of the configuration turns it on." << std::endl;
}

/// Whoever breaks in gets what the process may do: a hub that commands a house needs nothing of root's.
Status refuse_root(const HostConfig& config) {
  if (::geteuid() != 0 || config.server.allow_root) return {};
  return fail(Errc::refused, "Heliograph does not serve as root: start it as a user of its own (useradd --system heliograph), or write allow_root = true under [server] "
                             "(HELIOGRAPH_SERVER_ALLOW_ROOT=true) where root is nobody special, as in a container.");
}

}  // namespace

int serve(const Options& o, bool data_given, bool listen_given) {
  const sigset_t signals = claim_signals();
  const LoadedConfig loaded = load_config_to_serve(o.config, given_for_serve(o, data_given, listen_given));
  if (!loaded.problems.empty()) return complain(loaded);
  const HostConfig& config = loaded.config;
  if (auto allowed = refuse_root(config); !allowed) return complain(allowed.error());
  std::optional<SiteKey> simulated;
  EngineOptions options = engine_options(config, config.limits);
  if (!o.simulate.empty()) {
    auto site = site_named(o.simulate);
    if (!site) return complain(site.error());
    simulated = std::move(*site);
    options.limits_of[*simulated] = limits_for_simulated(config);
  }
  auto store = open_store(config.data, {.create = true, .condense = true});
  if (!store) return complain(store.error());
  const Speaking speaking(config.log);
  log_notes(**store);
  SystemClock clock;
  auto engine = start_engine(**store, config.data, clock, std::move(options));
  if (!engine) return complain(engine.error());
  if ((*engine)->safe_mode())
    process_log::write(Level::error, "engine", "Safe mode: it has ended five times within ten minutes without an ordered stop. Views and STOP work, commands are refused; "
                                               "stop it with Ctrl-C or SIGTERM and start it again when the cause is found.");
  if (simulated)
    if (auto done = simulate_house(**engine, *simulated, o.seed); !done) return complain(done.error());
  return run(**store, **engine, config, false, signals, [&](const std::string& url) { greet_served(o, config, url); });
}

}  // namespace heliograph
