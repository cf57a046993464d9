// The dictionary of all series that sealed days have.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "aggregator/postgres/session.h"

namespace chorus::store {

// Where the values of a layout's batches go: series_id of each position, from 1.
using LayoutSeries = std::vector<std::int32_t>;

// Of each layout that is there, the ids of its series; a layout that is gone has none. Series that
// are new get their row, and all are noted as in use on that day. Nobody deletes series until the
// transaction ends. To be called by the leader alone, inside the transaction that packs the day:
// there is one writer. Throws DatabaseError.
std::map<std::int32_t, LayoutSeries> series_of_layouts(Session& session,
                                                       std::span<const std::int32_t> layout_ids,
                                                       std::chrono::sys_days day);

}  // namespace chorus::store
