// The series as of any later end than its view was saved at: what a question from another thread asks.
#pragma once

#include <memory>

#include "projections/series.hpp"

namespace heliograph {

/// From a view that does not change meanwhile (ViewStore::snapshot), and from the log what came after it, up to `end`.
/// Requires: both outlive it. Errors: those of loading and of reading the log.
Result<std::unique_ptr<SeriesProjection>> series_until(ViewStore& views, const EventLog& log, Position end);

}  // namespace heliograph
