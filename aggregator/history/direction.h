// The order of time in statements that can go forwards and backwards.
#pragma once

#include <string>
#include <string_view>

#include "aggregator/history/metric_reader.h"
#include "aggregator/postgres/parameters.h"

namespace chorus::store {

// The statement with @DIRECTION@ as ASC or DESC and @BEHIND@ as > or <.
std::string with_direction(std::string_view sql, bool ascending);

// Adds time, host and position of the cursor, or three NULLs.
void add_cursor(Parameters& parameters, const std::optional<SampleCursor>& after);

}  // namespace chorus::store
