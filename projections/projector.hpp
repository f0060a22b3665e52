// Runs a set of projections over the log: catch up from the checkpoints, fold news, save. Also rebuilds a view from
// nothing and says whether that gives the same bytes as the stored one.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "projections/alerts.hpp"
#include "projections/audit.hpp"
#include "projections/catalog.hpp"
#include "projections/pending_actions.hpp"
#include "projections/series.hpp"
#include "projections/site_view.hpp"
#include "storage/event_log.hpp"

namespace heliograph {

using Progress = std::function<void(std::uint64_t done, std::uint64_t total)>;

/// All views of the house over one store.
class Views {
 public:
  explicit Views(ViewStore& store, const EventLog& log);

  SiteNowView site_now;
  std::unique_ptr<SeriesProjection> series;
  Audit audit;
  PendingActions pending;
  AlertsView alerts;
  DevicesView devices;
  RulesView rules;

  ViewStore& store;
  const EventLog& log;
  std::vector<Projection*> all();
  static std::vector<std::string> names();

  /// Reads working states and checkpoints. A view that cannot be read is an error that names it.
  Status load();
  /// Folds the log after the checkpoints, up to `to`; saves on the way. `threads` may share the work where nobody else
  /// needs the processors.
  Status catch_up(Position to, const Progress& progress = {}, unsigned threads = 1);
  /// Folds records that are not in the views yet; they come in order, each once.
  void apply(std::span<const RecordPtr> records, unsigned threads = 1);
  Status save();
  /// From now on `folded`, which is `log`, is told with every save which readings may be condensed.
  void plans(EventLog& folded) { planning_ = &folded; }
  Position applied() const { return applied_; }
  std::uint64_t unsaved() const { return unsaved_; }

 private:
  EventLog* planning_ = nullptr;
  std::vector<Position> checkpoints_;  // by index of all(); a record at or below is already in the view
  Position applied_ = 0;
  std::uint64_t unsaved_ = 0;  // positions folded since the last save
};

/// Deletes the named view (empty = all) and folds the whole log again; what the series closes on the way is condensed.
Status rebuild(ViewStore& store, EventLog& log, std::string_view view, const Progress& progress = {});

/// Folds the log into fresh views in memory and compares them byte for byte with the stored ones. Each difference is one
/// sentence with the view and key; empty = identical. A view that lags (after a kill) is compared as far as it has come.
Result<std::vector<std::string>> compare_views(ViewStore& store, const EventLog& log, const Progress& progress = {});

}  // namespace heliograph
