#include "projections/audit.hpp"

#include <algorithm>
#include <set>

namespace heliograph {
namespace {

std::string prefix(const SiteKey& site, char part) { return site.tenant.text + "/" + site.site.text + "/" + part + "/"; }

const CommandId* command_of(const Event& event) {
  return std::visit([](const auto& e) -> const CommandId* {
    if constexpr (requires { { e.command } -> std::convertible_to<CommandId>; }) return &e.command;
    else return nullptr;
  }, event);
}

/// Readings that an event names besides its cause.
std::vector<Position> readings_of(const Event& event) {
  if (const auto* e = std::get_if<RuleFired>(&event)) return e->reading != 0 ? std::vector<Position>{e->reading} : std::vector<Position>{};
  if (const auto* e = std::get_if<CommandAllowed>(&event)) return e->readings;
  if (const auto* e = std::get_if<CommandVerified>(&event)) return {e->reading};
  if (const auto* e = std::get_if<DeviceChanged>(&event)) return {e->reading};
  std::vector<Position> out;
  if (const auto* e = std::get_if<CommandRefused>(&event))
    for (const Refusal& r : e->refusals)
      if (r.reading != 0) out.push_back(r.reading);
  return out;
}

}  // namespace

void Audit::apply(const Record& record) {
  if (record.is_readings()) return;
  std::string key = prefix(record.envelope.site, 'p');
  put_be64(key, record.envelope.position);
  unsaved_.put(std::move(key), record.envelope.type);
  if (const CommandId* command = command_of(record.event())) {
    std::string by_command = prefix(record.envelope.site, 'c') + command->text + "/";
    put_be64(by_command, record.envelope.position);
    unsaved_.put(std::move(by_command), "");
  }
}

void Audit::save(ViewBatch& batch) {
  batch.changes.merge(unsaved_.changes);
  unsaved_.changes.clear();
}

Result<std::vector<RecordPtr>> audit_page(const Audit& audit, const ViewStore& views, const EventLog& log, const SiteKey& site, const AuditQuestion& question) {
  std::string from = prefix(site, 'p');
  std::string to = prefix_end(from);
  if (question.before != 0) put_be64(to = prefix(site, 'p'), question.before);
  if (question.after) put_be64(from, *question.after + 1);
  std::vector<Position> positions;
  if (question.limit == 0 || from >= to) return std::vector<RecordPtr>{};
  const auto take = [&](std::string_view key, std::string_view type) {
    if (type.starts_with(question.type)) positions.push_back(get_be64(key.substr(key.size() - 8)));
    return positions.size() < question.limit;
  };
  // What is not saved yet is newer than all that is.
  const auto begin = audit.unsaved().lower_bound(from), end = audit.unsaved().lower_bound(to);
  Status saved;
  if (question.after) {
    saved = views.scan("audit", from, to, take);
    for (auto it = begin; it != end && positions.size() < question.limit; ++it) take(it->first, *it->second);
  } else {
    for (auto it = end; it != begin && positions.size() < question.limit;) --it, take(it->first, *it->second);
    if (positions.size() < question.limit) saved = views.scan_back("audit", from, to, take);
  }
  if (!saved) return fail(saved.error());
  std::vector<RecordPtr> out;
  for (const Position position : positions) {
    auto record = log.at(position);
    if (!record) return fail(record.error());
    out.push_back(std::move(*record));
  }
  return out;
}

Result<std::vector<RecordPtr>> command_story(const Audit& audit, const ViewStore& views, const EventLog& log, const SiteKey& site,
                                             const CommandId& command) {
  const std::string from = prefix(site, 'c') + command.text + "/";
  std::vector<RecordPtr> out;
  Status inner;
  const auto take = [&](std::string_view key, std::string_view) {
    auto record = log.at(get_be64(key.substr(key.size() - 8)));
    if (record) out.push_back(std::move(*record));
    else inner = fail(record.error());
    return inner.has_value();
  };
  if (auto done = views.scan("audit", from, prefix_end(from), take); !done) return fail(done.error());
  const auto end = audit.unsaved().lower_bound(prefix_end(from));
  for (auto it = audit.unsaved().lower_bound(from); it != end && inner; ++it) take(it->first, *it->second);
  if (!inner) return fail(inner.error());
  return out;
}

Result<std::vector<Why>> why(const EventLog& log, Position position) {
  std::vector<Why> out;
  std::set<Position> seen;
  struct Step { Position position; std::string role; std::size_t depth; };
  std::vector<Step> open{{position, "asked about", 0}};
  while (!open.empty() && out.size() < 64) {
    const Step step = open.front();
    open.erase(open.begin());
    if ((step.position == 0 && step.depth > 0) || !seen.insert(step.position).second) continue;
    auto record = log.at(step.position);
    if (!record) {
      // Retention may have dropped an old reading: the chain still says which position it was.
      if (record.error().code == Errc::not_found && step.depth > 0) continue;
      return fail(record.error());
    }
    out.push_back({*record, step.position, step.role, step.depth});
    if ((*record)->is_readings()) continue;
    for (const Position reading : readings_of((*record)->event())) open.push_back({reading, "reading used", step.depth + 1});
    open.push_back({(*record)->envelope.cause, "caused by", step.depth + 1});
    if (const auto* fired = std::get_if<RuleFired>(&(*record)->event())) open.push_back({fired->rule_saved, "rule as it was", step.depth + 1});
  }
  return out;
}

}  // namespace heliograph
