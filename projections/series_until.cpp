#include "projections/series_until.hpp"

namespace heliograph {

Result<std::unique_ptr<SeriesProjection>> series_until(ViewStore& views, const EventLog& log, Position end) {
  auto series = make_series(views, log);
  if (auto done = series->load(views); !done) return fail(done.error());
  const auto checkpoint = views.checkpoint(series->name());
  if (!checkpoint) return fail(checkpoint.error());
  // The view ends where the last segment ends: the rest comes from the log.
  auto done = log.scan(*checkpoint + 1, end, Part::all, [&](const RecordPtr& record) {
    if (record->envelope.position > *checkpoint) series->apply(*record);
    return true;
  });
  if (!done) return fail(done.error());
  return series;
}

}  // namespace heliograph
