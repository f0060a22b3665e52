// What views know of a site where its dropped readings end, as the log keeps it with the drop: entries of the views, as these store them.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "storage/event_log.hpp"

namespace heliograph {

/// Adds one entry of a view.
void put_known(std::string_view view, std::string_view key, std::string_view value, std::string& out);
/// Tells those of one view, in the order in which they were put. Errors: not_found, corrupt, io, and those of `take`.
Status known_at_drop(const EventLog& log, const SiteKey& site, std::string_view view,
                     const std::function<Status(std::string_view key, std::string_view value)>& take);

}  // namespace heliograph
