// The dictionary of all series that sealed days have.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "aggregator/postgres/session.h"

namespace chorus::store {

// Where the values of a layout's batches go: series_id of each position, from 1.
using LayoutSeries = std::vector<std::int32_t>;

// Of each layout that is there, the ids of its series; a layout that is gone has none. Series that
// are new get their row. To be called by the leader alone, inside its transaction: there is one
// writer.
std::map<std::int32_t, LayoutSeries> series_of_layouts(Session& session,
                                                       std::span<const std::int32_t> layout_ids);

}  // namespace chorus::store
