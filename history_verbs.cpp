// What is done to a data directory while nobody serves it: history in, the past again under other rules, proof out, views anew.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "api/export/export.hpp"
#include "api/import/into.hpp"
#include "config_verb.hpp"
#include "events/checkpoint.hpp"
#include "events/event_json.hpp"
#include "sim/dry_run_store.hpp"
#include "storage/verify.hpp"
#include "verbs.hpp"
#include "version.hpp"

namespace heliograph {
namespace {

Result<std::string> read_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return fail(Errc::not_found, "The file " + path + " cannot be read: check its name and rights.");
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
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

}  // namespace

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

namespace {

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

}  // namespace

int export_events(const Options& o) {
  auto options = export_options(o);
  if (!options) return complain(options.error());
  auto store = open_store(o.data, {.read_only = true});
  if (!store) return complain(store.error());
  if (!std::filesystem::exists(checkpoint_key_file(o.data)))
    return complain({Errc::not_found, "There is no signing key in " + o.data + ": start the engine on it once, or restore checkpoint.key.", {}});
  auto key = SigningKey::open(checkpoint_key_file(o.data));
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

namespace {

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

}  // namespace

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
    if (std::filesystem::exists(checkpoint_key_file(o.data))) {
      auto key = SigningKey::open(checkpoint_key_file(o.data));
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

}  // namespace heliograph
