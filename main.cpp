// The binary: one verb per job. This is the only file that knows all rooms; it wires them, prints, and decides
// nothing. Results go to standard output, errors and progress to standard error; 0 only on success.
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "api/export/export.hpp"
#include "api/import/into.hpp"
#include "actors/process_log.hpp"
#include "actors/stop_line.hpp"
#include "api/web_server.hpp"
#include "config_verb.hpp"
#include "events/checkpoint.hpp"
#include "events/key_file.hpp"
#include "events/event_json.hpp"
#include "sim/dry_run_store.hpp"
#include "sim/house_adapter.hpp"
#include "stop_verb.hpp"
#include "storage/verify.hpp"
#include "version.hpp"

namespace heliograph {
namespace {

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

int complain(const Error& error) {
  std::cerr << "heliograph: " << error.sentence << (error.pointer.empty() ? "" : " (" + error.pointer + ")") << "\n";
  return 1;
}

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

Result<std::string> read_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return fail(Errc::not_found, "The file " + path + " cannot be read: check its name and rights.");
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

Result<SiteKey> site_named(const std::string& name) {
  auto site = SiteId::parse(name);
  if (!site) return fail(site.error());
  return SiteKey{{"local"}, std::move(*site)};
}

Result<std::optional<Micros>> time_given(const std::string& text) {
  if (text.empty()) return std::optional<Micros>{};
  auto time = parse_time(text);
  if (!time) return fail(time.error());
  return std::optional<Micros>(*time);
}

void print_notes(const Store& store) {
  for (const std::string& note : store.notes()) std::cerr << "heliograph: " << note << "\n";
}

void log_notes(const Store& store) {
  for (const std::string& note : store.notes()) process_log::write(process_log::Level::warn, "store", note);
}

// ---- the engine as a process ----------------------------------------------------------------------------------------

using process_log::Level;

/// What the process says from now on is its log; before, it answered whoever started it. The last lines are written when it ends.
class Speaking {
 public:
  explicit Speaking(const process_log::Options& options) { process_log::open(options); }
  ~Speaking() { process_log::close(); }
  Speaking(const Speaking&) = delete;
  Speaking& operator=(const Speaking&) = delete;
};

/// Ends the process at once: after a failed write nobody knows what is on disk, and the log brings it back.
[[noreturn]] void fail_stop(const Error& error) {
  if (!process_log::says(Level::critical)) complain(error);
  process_log::write(Level::critical, "engine", "The process ends here: start it again.", {{"error", error.sentence}});
  process_log::close();
  std::_Exit(70);
}

std::string key_file(const std::string& data) { return (std::filesystem::path(data) / "checkpoint.key").string(); }

Result<std::unique_ptr<Engine>> start_engine(Store& store, const std::string& data, Clock& clock, EngineOptions options = {}) {
  options.stop_mark = data;
  auto key = SigningKey::open(key_file(data));
  if (!key) return fail(key.error());
  options.key = *key;
  options.version = HELIOGRAPH_VERSION;
  options.commit = HELIOGRAPH_COMMIT;
  options.fatal = [](const Error& error) { fail_stop(error); };
  Bar bar("views");
  options.catching_up = [&bar](std::uint64_t done, std::uint64_t total) { bar.of(done, total); };
  return Engine::start(store, clock, std::move(options));
}

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

EngineOptions engine_options(const HostConfig& config, const HostLimits& limits) {
  EngineOptions options;
  options.limits = limits;
  options.polling = config.features.polling;
  return options;
}

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

/// What was given on the command line wins over everything.
std::map<std::string, std::string> given_for_serve(const Options& o, bool data_given, bool listen_given) {
  std::map<std::string, std::string> given;
  if (data_given) given["data"] = o.data;
  if (listen_given) given["listen"] = o.listen;
  return given;
}

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

int serve(const Options& o, bool data_given, bool listen_given) {
  const sigset_t signals = claim_signals();
  const LoadedConfig loaded = load_config(o.config, given_for_serve(o, data_given, listen_given));
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

// ---- history --------------------------------------------------------------------------------------------------------

int import(const Options& o) {
  auto site = site_named(o.site);
  if (!site) return complain(site.error());
  const LoadedConfig loaded = load_config(o.config, {});  // rules may come due meanwhile: they are judged as the live engine does
  if (!loaded.problems.empty()) return complain(loaded);
  std::optional<ImportMap> map;
  if (!o.map.empty()) {
    auto opened = open_map(o.map);
    if (!opened) return complain(opened.error());
    map = std::move(*opened);
  }
  auto store = open_store(o.data, {.create = true, .condense = true});
  if (!store) return complain(store.error());
  print_notes(**store);
  SystemClock clock;
  auto engine = start_engine(**store, o.data, clock, engine_options(loaded.config, loaded.config.limits));
  if (!engine) return complain(engine.error());
  int result = 0;
  for (const std::string& file : o.files) {
    Bar bar("import");
    auto done = import_into(**engine, *site, file, map, o.time_zone, [&](double share) { bar.at(share); });
    if (!done) {
      result = complain(done.error());
      break;
    }
    std::cout << (o.json ? to_json(done->report) + "\n" : to_text(done->report));
    if (done->repeated) std::cerr << "heliograph: " << file << " had been imported before; nothing was added.\n";
  }
  if (auto done = (*engine)->stop(); !done) return complain(done.error());
  return result;
}

// ---- the time machine -------------------------------------------------------------------------------------------------

int replay(const Options& o) {
  auto site = site_named(o.site);
  if (!site) return complain(site.error());
  const LoadedConfig loaded = load_config(o.config, {});
  if (!loaded.problems.empty()) return complain(loaded);
  DryRunRequest request;
  request.site = *site;
  request.limits = loaded.config.limits;
  const auto from = time_given(o.from), to = time_given(o.to);
  if (!from) return complain(from.error());
  if (!to) return complain(to.error());
  request.from = *from;
  request.to = *to;
  if (!o.rules.empty()) {
    auto text = read_text(o.rules);
    if (!text) return complain(text.error());
    ParsedRules rules = parse_rules(*text);
    for (const RuleProblem& problem : rules.problems) complain({Errc::invalid, o.rules + ": " + problem.sentence, problem.pointer});
    if (!rules.problems.empty()) return 1;
    request.rules = std::move(rules.rules);
  }
  if (!o.scenario.empty()) {
    auto text = read_text(o.scenario);
    if (!text) return complain(text.error());
    ParsedScenario scenario = parse_scenario(*text);
    for (const DocumentProblem& problem : scenario.problems) complain({Errc::invalid, o.scenario + ": " + problem.sentence, problem.pointer});
    if (!scenario.scenario) return 1;
    request.scenario = std::move(*scenario.scenario);
  }
  auto store = open_store(o.data, {.read_only = true});
  if (!store) return complain(store.error());
  print_notes(**store);
  Result<DryRunReport> report = fail(Errc::closed, "");
  {
    Bar bar("dry run");
    report = dry_run_on(**store, request, [&](const DryRunProgress& p) {
      bar.at(p.share);
      return true;
    });
  }
  if (!report) return complain(report.error());
  std::cout << (o.json ? to_json(*report) + "\n" : to_text(*report, 1'000'000));
  return 0;
}

// ---- proof -----------------------------------------------------------------------------------------------------------

Result<ExportOptions> export_options(const Options& o) {
  ExportOptions options;
  auto format = parse_export_format(o.format);
  if (!format) return fail(format.error());
  options.format = *format;
  options.readings = o.readings;
  options.version = HELIOGRAPH_VERSION;
  if (!o.site.empty()) {
    auto site = site_named(o.site);
    if (!site) return fail(site.error());
    options.filter.tenant = site->tenant;
    options.filter.site = site->site;
  }
  const auto from = time_given(o.from), to = time_given(o.to);
  if (!from) return fail(from.error());
  if (!to) return fail(to.error());
  options.filter.from = *from;
  options.filter.to = *to;
  return options;
}

int export_events(const Options& o) {
  auto options = export_options(o);
  if (!options) return complain(options.error());
  auto store = open_store(o.data, {.read_only = true});
  if (!store) return complain(store.error());
  if (!std::filesystem::exists(key_file(o.data)))
    return complain({Errc::not_found, "There is no signing key in " + o.data + ": start the engine on it once, or restore checkpoint.key.", {}});
  auto key = SigningKey::open(key_file(o.data));
  if (!key) return complain(key.error());
  options->origin = "heliograph/" + key->key_id();
  // An export that was cut short has no proof: it never gets the name that was asked for.
  const std::string part = o.out + ".part";
  std::ofstream file;
  if (!o.out.empty()) {
    file.open(part, std::ios::binary | std::ios::trunc);
    if (!file) return complain({Errc::io, "The file " + part + " cannot be written: check the folder and its rights.", {}});
  }
  Bar bar("export");
  auto summary = export_log((*store)->log(), *options, *key, o.out.empty() ? std::cout : file, [&](Position done, Position total) {
    bar.of(done, total);
    return true;
  });
  file.close();
  std::error_code renamed;
  if (summary && !o.out.empty()) std::filesystem::rename(part, o.out, renamed);
  if (!summary || renamed) std::filesystem::remove(part);
  if (!summary) return complain(summary.error());
  if (renamed) return complain({Errc::io, "The file " + o.out + " cannot be written: " + renamed.message() + ".", {}});
  if (o.json) std::cerr << to_json(*summary) << "\n";
  else
    std::cerr << "Exported " << summary->decisions << " decisions and " << summary->readings << " readings up to position " << summary->end
              << ", signed by key " << summary->key_id << ".\n";
  return 0;
}

int verify_file(const Options& o) {
  std::ifstream in(o.export_file, std::ios::binary);
  if (!in) return complain({Errc::not_found, "The file " + o.export_file + " cannot be read: check its name and rights.", {}});
  auto verdict = verify_export(in, {.key_id = o.key, .version = HELIOGRAPH_VERSION});
  if (!verdict) return complain(verdict.error());
  if (o.json) {
    std::cout << to_json(*verdict) << "\n";
    return verdict->ok() ? 0 : 1;
  }
  for (const ExportFinding& finding : verdict->findings)
    std::cout << "FOUND" << (finding.line == 0 ? "" : " at line " + std::to_string(finding.line)) << ": " << finding.sentence << "\n";
  std::cout << (verdict->ok() ? "OK: " : "NOT OK: ") << verdict->decisions << " decisions and " << verdict->readings << " readings"
            << (verdict->ok() ? ", signed by key " + verdict->key_id + " up to position " + std::to_string(verdict->covers) : std::string()) << ".\n";
  return verdict->ok() ? 0 : 1;
}

int verify(const Options& o) {
  if (!o.export_file.empty()) return verify_file(o);
  VerifyReport report;
  {
    Bar bar("verify");
    report = verify_directory(o.data, [&](Position done, Position total) {
      bar.of(done, total);
      return true;
    });
  }
  if (report.ok()) {
    Bar bar("views");
    auto store = open_store(o.data, {.read_only = true});
    if (!store) return complain(store.error());
    if (std::filesystem::exists(key_file(o.data))) {
      auto key = SigningKey::open(key_file(o.data));
      if (!key) return complain(key.error());
      verify_checkpoints((*store)->log(), key->public_key(), report);
    }
    auto differences = compare_views((*store)->views(), (*store)->log(), [&](std::uint64_t done, std::uint64_t total) { bar.of(done, total); });
    if (!differences) return complain(differences.error());
    for (std::string& difference : *differences) report.add(0, std::move(difference));
  }
  std::cout << (o.json ? to_json(report) + "\n" : to_text(report));
  return report.ok() ? 0 : 1;
}

int rebuild_views(const Options& o) {
  auto store = open_store(o.data, {});
  if (!store) return complain(store.error());
  Bar bar("rebuild");
  auto done = rebuild((*store)->views(), (*store)->log(), o.projection, [&](std::uint64_t at, std::uint64_t total) { bar.of(at, total); });
  if (!done) return complain(done.error());
  const std::string what = o.projection.empty() ? "all views" : o.projection;
  if (o.json) std::cout << "{\"rebuilt\":\"" << what << "\",\"position\":" << (*store)->log().durable() << "}\n";
  else std::cout << "Rebuilt " << what << " from " << (*store)->log().durable() << " positions.\n";
  return 0;
}

// ---- the command line -----------------------------------------------------------------------------------------------

int run_verb(int argc, char** argv) {
  Options o;
  CLI::App app{"Heliograph: an energy command center in one binary. Not a safety device."};
  app.set_version_flag("--version", "heliograph " HELIOGRAPH_VERSION " (" HELIOGRAPH_COMMIT ")");
  app.require_subcommand(1);
  const auto add = [&](const char* name, const char* job, const char* example) {
    CLI::App* verb = app.add_subcommand(name, job);
    verb->footer(std::string("Example:\n  ") + example);
    verb->add_flag("--json", o.json, "print JSON");
    return verb;
  };
  const auto data = [&](CLI::App* verb) { verb->add_option("--data", o.data, "the data directory")->capture_default_str()->envname("HELIOGRAPH_DATA"); };
  const auto config = [&](CLI::App* verb) {
    verb->add_option("--config", o.config, "the host's configuration, TOML (docs/CONFIGURATION.md)")->envname("HELIOGRAPH_CONFIG");
  };
  const auto period = [&](CLI::App* verb) {
    verb->add_option("--from", o.from, "first moment, RFC 3339");
    verb->add_option("--to", o.to, "moment after the last, RFC 3339");
  };

  CLI::App* v_demo = add("demo", "The example house with a year of history, live and read-only", "heliograph demo --listen 127.0.0.1:8080");
  CLI::Option* demo_data = v_demo->add_option("--data", o.data, "keep it here; a temporary directory otherwise");
  CLI::Option* demo_listen = v_demo->add_option("--listen", o.listen, "address and port")->capture_default_str();
  v_demo->add_option("--speed", o.speed, "how many times as fast as real time")->capture_default_str();
  v_demo->add_option("--seed", o.seed, "another seed, another house")->capture_default_str();
  v_demo->add_option("--past-days", o.past_days, "days of history")->capture_default_str()->check(CLI::Range(0, 3650));

  CLI::App* v_serve = add("serve", "The engine, its API and status page",
                          "heliograph serve --data /var/lib/heliograph\n  heliograph serve --config /etc/heliograph/heliograph.toml\n  heliograph serve --data try --simulate home");
  config(v_serve);
  v_serve->add_option("--simulate", o.simulate, "this site is a simulated house that takes commands (README.md)");
  v_serve->add_option("--seed", o.seed, "another seed, another simulated house")->capture_default_str();
  CLI::Option* serve_data = v_serve->add_option("--data", o.data, "the data directory")->capture_default_str();
  CLI::Option* serve_listen = v_serve->add_option("--listen", o.listen, "address and port")->capture_default_str();

  CLI::App* v_check = add("check-config", "Is the configuration good? What is in effect, and why", "heliograph check-config --config /etc/heliograph/heliograph.toml");
  config(v_check);
  CLI::Option* check_data = v_check->add_option("--data", o.data, "as serve would be given it");
  CLI::Option* check_listen = v_check->add_option("--listen", o.listen, "as serve would be given it");

  CLI::App* v_stop = add("stop", "Emergency stop of every site, by its own way in: works when nothing else does", "heliograph stop --data /var/lib/heliograph --reason 'smoke in the garage'");
  data(v_stop);
  v_stop->add_option("--reason", o.reason, "why; goes on record");

  CLI::App* v_import = add("import", "History from CSV (plain or gzip) or JSON lines", "heliograph import --data mine --site home --map nl_enphase year.csv.gz");
  data(v_import);
  config(v_import);
  v_import->add_option("--site", o.site, "the site's id")->required();
  v_import->add_option("--map,--preset", o.map, "a preset's name or a mapping document (docs/IMPORT.md)");
  v_import->add_option("--timezone", o.time_zone, "IANA zone of times without an offset");
  v_import->add_option("FILE", o.files, "files to read")->required();

  CLI::App* v_replay = add("replay", "Dry run: the past again under other rules; nothing is sent",
                           "heliograph replay --data mine --site home --rules miner-guard.json --scenario battery.json");
  data(v_replay);
  v_replay->add_option("--site", o.site, "the site's id")->required();
  period(v_replay);
  config(v_replay);
  v_replay->add_option("--rules", o.rules, "rules as JSON or YAML; the site's own otherwise");
  v_replay->add_option("--scenario", o.scenario, "battery, devices and tariff to suppose (docs/DRY_RUN.md)");

  CLI::App* v_export = add("export", "Audit export with proof", "heliograph export --data mine --format cloudevents --out audit.jsonl");
  data(v_export);
  v_export->add_option("--site", o.site, "only this site");
  v_export->add_option("--format", o.format, "cloudevents, ndjson or csv")->capture_default_str();
  period(v_export);
  v_export->add_option("--out", o.out, "a file; standard output otherwise");
  v_export->add_flag("--readings", o.readings, "readings, too");

  CLI::App* v_verify = add("verify", "Are log, chains and views what was written?", "heliograph verify --data mine\n  heliograph verify --export audit.jsonl");
  data(v_verify);
  v_verify->add_option("--export", o.export_file, "check an exported file, offline");
  v_verify->add_option("--key", o.key, "id of the key that must have signed it");

  CLI::App* v_rebuild = add("rebuild", "Views from the log", "heliograph rebuild --data mine --projection series");
  data(v_rebuild);
  v_rebuild->add_option("--projection", o.projection, "only this one");

  app.failure_message([](const CLI::App* asked, const CLI::Error& error) {
    const auto verb = asked->get_subcommands();
    return std::string("heliograph: ") + error.what() + ". See heliograph " + (verb.empty() ? "" : verb.front()->get_name() + " ") + "--help.\n";
  });
  if (argc > 1 && argv[1][0] != '-') {
    const auto verbs = app.get_subcommands([](const CLI::App*) { return true; });
    if (std::none_of(verbs.begin(), verbs.end(), [&](const CLI::App* verb) { return verb->get_name() == argv[1]; }))
      return complain({Errc::invalid, "There is no verb \"" + std::string(argv[1]) + "\": use demo, serve, check-config, stop, import, replay, export, verify or rebuild.", {}});
  }
  CLI11_PARSE(app, argc, argv);
  if (*v_demo) return demo(o, demo_data->count() > 0, demo_listen->count() > 0);
  if (*v_serve) return serve(o, serve_data->count() > 0, serve_listen->count() > 0);
  if (*v_check) return check_config(o.config, given_for_serve(o, check_data->count() > 0, check_listen->count() > 0), o.json);
  if (*v_stop) return stop_verb(o.data, o.reason, o.json);
  if (*v_import) return import(o);
  if (*v_replay) return replay(o);
  if (*v_export) return export_events(o);
  if (*v_verify) return verify(o);
  return rebuild_views(o);
}

}  // namespace
}  // namespace heliograph

int main(int argc, char** argv) {
  ::umask(077);  // what we make is ours
  const rlimit none{};
  ::setrlimit(RLIMIT_CORE, &none);  // a dump of the memory would hold keys
  return heliograph::run_verb(argc, argv);
}
