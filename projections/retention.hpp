// How long readings are kept. What is older goes in three steps, each of which stands by itself: a fact says what goes and what stays
// of it (plan_drops; the caller appends it), every view folds the fact, and then the log lets the readings go (drop_folded).
#pragma once

#include <functional>
#include <vector>

#include "projections/series.hpp"
#include "storage/event_log.hpp"
#include "storage/view_store.hpp"

namespace heliograph {

struct DropPlan {
  SiteKey site;
  ReadingsDropped fact;
};

/// Facts that are due: of every site whose readings lie in segments and were recorded more than `kept_days(tenant)` days before `now`,
/// a day at least at a time, so that there is about one fact a day; what was left undone for years comes piece by piece. A site waits
/// while its last fact has not taken effect. `views` does not change while this reads (ViewStore::snapshot), and lags behind `log` at
/// most. Any thread. Errors: corrupt, io.
Result<std::vector<DropPlan>> plan_drops(const EventLog& log, ViewStore& views, const std::function<std::int32_t(const TenantId&)>& kept_days, Micros now);

/// Carries out in the log what every stored view has folded; a fact that is stamped later than `now` waits: the clock was wrong then.
/// Answers the first error, having tried all. Errors: those of EventLog::drop.
Status drop_folded(EventLog& log, const ViewStore& views, Micros now);

}  // namespace heliograph
