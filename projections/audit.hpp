// "audit": who asked, what was decided, why. The view is an index of decisions by site and by command; the words
// come from the log itself, which keeps decisions for ever.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "projections/projection.hpp"
#include "storage/event_log.hpp"

namespace heliograph {

class Audit : public Projection {
 public:
  std::string_view name() const override { return "audit"; }
  Status load(const ViewStore&) override { return {}; }
  void apply(const Record& record) override;
  void save(ViewBatch& batch) override;

  /// Entries that were folded and not saved yet, in key order. Whoever reads the saved view reads these, too: an answer
  /// must show what was acknowledged before it was asked for, and views are saved only every few seconds.
  const std::map<std::string, std::optional<std::string>>& unsaved() const { return unsaved_.changes; }

 private:
  ViewBatch unsaved_;
};

/// Which decisions of a site, as a page.
struct AuditQuestion {
  Position before = 0;                // those below, newest first; 0 = all
  std::optional<Position> after = {};  // those above, oldest first: for whoever follows what comes
  std::size_t limit = 50;
  std::string type = {};  // how their type begins: "command."
};
Result<std::vector<RecordPtr>> audit_page(const Audit& audit, const ViewStore& views, const EventLog& log, const SiteKey& site, const AuditQuestion& question);
/// Every record about one command, in order. Empty when there is no such command.
Result<std::vector<RecordPtr>> command_story(const Audit& audit, const ViewStore& views, const EventLog& log, const SiteKey& site,
                                             const CommandId& command);

/// One step of an explanation.
struct Why {
  RecordPtr record;
  Position position = 0;           // of the event, or of one reading within its batch
  std::string role;                // "asked about", "caused by", "reading used", "followed by"
  std::size_t depth = 0;           // steps of cause from the position asked about
};
/// The chain of causes of a position down to the readings (and the rule version) it rests on, at most 64 steps.
/// Errors: not_found.
Result<std::vector<Why>> why(const EventLog& log, Position position);

}  // namespace heliograph
