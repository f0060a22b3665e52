#include "api/import/into.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace heliograph {
namespace {

/// What makes a file the same file: importing it twice adds nothing.
struct Identity {
  std::string short_digest;
  double bytes = 1;
};

Result<Identity> identify(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return fail(Errc::not_found, "The file " + path + " cannot be read: check its name and rights.");
  Hasher hasher;
  Identity out;
  std::string piece(1 << 20, '\0');
  while (in.read(piece.data(), static_cast<std::streamsize>(piece.size())) || in.gcount() > 0) {
    hasher.add(std::string_view(piece).substr(0, static_cast<std::size_t>(in.gcount())));
    out.bytes += static_cast<double>(in.gcount());
  }
  out.short_digest = hex(bytes_of(hasher.finish()).substr(0, 12));
  return out;
}

Status prepare_site(Engine& engine, const SiteKey& site, const std::optional<ImportMap>& map, const std::string& time_zone) {
  const Principal importer{PrincipalKind::system, "import"};
  bool known = false;
  engine.query_and_wait([&](const Views& views) { known = views.devices.site(site) != nullptr; });
  if (!known) {
    SiteConfigured settings;
    settings.name = site.site.text;
    if (!time_zone.empty()) settings.time_zone = time_zone;
    else if (map && !map->time.zone.empty()) settings.time_zone = map->time.zone;
    if (map && !map->currency.empty()) settings.currency = map->currency;
    if (auto done = engine.request_and_wait(site, Configure{settings, importer}); !done) return fail(done.error());
  }
  for (const DeviceRegistered& device : map ? map->devices : std::vector<DeviceRegistered>{}) {
    bool same = false;
    engine.query_and_wait([&](const Views& views) {
      const DeviceRegistered* there = views.devices.device(site, device.device);
      same = there != nullptr && *there == device;
    });
    if (same) continue;
    if (auto done = engine.request_and_wait(site, RegisterDevice{device, importer}); !done) return fail(done.error());
  }
  return {};
}

}  // namespace

Result<Imported> import_into(Engine& engine, const SiteKey& site, const std::string& file, const std::optional<ImportMap>& map,
                             const std::string& time_zone, const std::function<void(double)>& progress) {
  auto identity = identify(file);
  if (!identity) return fail(identity.error());
  Imported out;
  if (auto done = prepare_site(engine, site, map, time_zone); !done) return fail(done.error());
  std::uint64_t batches = 0;
  const auto sink = [&](ReadingBatch batch) -> Status {
    TakeReadings readings;
    readings.packed = pack_readings(batch);
    readings.batch = std::make_shared<const ReadingBatch>(std::move(batch));
    readings.principal = {PrincipalKind::system, "import"};
    // The same file gives the same keys: importing it twice adds nothing.
    readings.idempotency_key = "import-" + site.site.text + "-" + identity->short_digest + "-" + std::to_string(batches++);
    readings.fingerprint = readings.packed.content;
    auto reply = engine.request_and_wait(site, std::move(readings));
    if (!reply) return fail(reply.error());
    out.repeated = out.repeated || reply->repeated;
    return {};
  };
  auto report = import_file(file, map, {.file = std::filesystem::path(file).filename().string(), .time_zone = time_zone}, sink,
                            [&](const ImportStep& step) { progress(std::min(1.0, static_cast<double>(step.bytes_read) / identity->bytes)); });
  if (!report) return fail(report.error());
  out.report = std::move(*report);
  if (out.repeated) return out;
  const HistoryImported fact{out.report.file, out.report.sha256, out.report.preset, out.report.rows_read, out.report.rows_kept, out.report.rows_dropped(), to_json(out.report)};
  auto said = engine.request_and_wait(site, RecordFact{"site-" + site.site.text, fact, {PrincipalKind::system, "import"}, {}});
  if (!said) return fail(said.error());
  return out;
}

}  // namespace heliograph
