// A projection folds the log into one view. It does no I/O while folding: `save` hands its changes to the view
// store, which writes them with the checkpoint in one batch. Invariant: wiping the view and folding the whole
// log again gives the same bytes (tests/projections/rebuild_test.cpp), so no fold may depend on when it is saved.
#pragma once

#include <span>
#include <string_view>

#include "events/record.hpp"
#include "storage/view_store.hpp"

namespace heliograph {

class Projection {
 public:
  virtual ~Projection() = default;
  /// Names the view in the store; also a word on the command line: "audit".
  virtual std::string_view name() const = 0;
  /// Working state as of the stored checkpoint. Called once, before the first apply.
  virtual Status load(const ViewStore& store) = 0;
  /// Folds one record; records come in log order, each once.
  virtual void apply(const Record& record) = 0;
  /// The same for many. Where parts of a view do not depend on each other, up to `threads` may share the work.
  virtual void apply_all(std::span<const RecordPtr> records, unsigned threads) {
    static_cast<void>(threads);
    for (const RecordPtr& record : records) apply(*record);
  }
  /// Adds every change since the last save to `batch`.
  virtual void save(ViewBatch& batch) = 0;
  /// Up to where what `save` hands over is complete, having folded up to `applied`: from there on it folds again after a start.
  virtual Position settled(Position applied) const { return applied; }
};

}  // namespace heliograph
