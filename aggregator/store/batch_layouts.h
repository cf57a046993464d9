// Which layout_id stands for a list of series.
#pragma once

#include <chrono>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "aggregator/store/batch_prepared.h"
#include "aggregator/store/session.h"

namespace chorus::store {

// One writer's memory of the table `layouts`. Layouts are shared between hosts, so a cached one is
// used only if every entry is equal, and the table knows them by SHA-256: no agent can make
// another's values be read by a layout of its own. Not thread-safe.
class BatchLayouts {
  public:
    // Reads or inserts the layout inside the caller's transaction if it is not cached, and notes
    // that it was used on that day. A layout that retention deleted meanwhile is inserted again:
    // it is deleted only if it was not used for days, and a cached one was noted today.
    std::int32_t id_of(Session& session, const PreparedBatch& prepared);

    // What was learnt in a transaction counts after its COMMIT only.
    void committed();
    void rolled_back() { learnt_.clear(); }

  private:
    struct Known {
        std::vector<SeriesKey> series;
        std::int32_t layout_id;
        std::chrono::sys_days noted;  // not above layouts.last_used_day
    };
    std::unordered_multimap<std::uint64_t, Known> known_;
    std::unordered_multimap<std::uint64_t, Known> learnt_;
};

}  // namespace chorus::store
