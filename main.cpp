// The binary: one verb per job. The files of this folder are the only ones that know all rooms; they wire them, print, and decide
// nothing. Results go to standard output, errors and progress to standard error; 0 only on success.
#include <sys/resource.h>
#include <sys/stat.h>

#include <CLI/CLI.hpp>

#include "config_verb.hpp"
#include "stop_verb.hpp"
#include "verbs.hpp"
#include "version.hpp"

namespace heliograph {
namespace {

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
