// From the table of one file to batches of readings: one reading per device and time, in time order. Private to the import.
#pragma once

#include <functional>

#include "api/import/history.hpp"
#include "api/import/table.hpp"

namespace heliograph {

/// `handed_over` hears the number of readings given to the sink so far.
Status emit(const ImportTable& table, const ImportMap& map, std::size_t batch_rows, const BatchSink& sink,
            const std::function<void(std::uint64_t)>& handed_over);

}  // namespace heliograph
