// Finds the layout_id of a list of series.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "aggregator/batches/batch_prepared.h"
#include "aggregator/batches/layout_cache.h"
#include "aggregator/postgres/session.h"

namespace chorus::store {

// One writer's memory of the table `layouts`. Hosts share layouts. So a cached layout is used only
// if every entry is equal, and the table finds layouts by SHA-256: no agent can have another
// agent's values read by a layout of its own. Not thread-safe.
class BatchLayouts {
  public:
    // Keeps at most `most_bytes` of what earlier transactions found, and as much of what the
    // present one found.
    explicit BatchLayouts(std::size_t most_bytes = LayoutCache::kMostBytes)
        : known_(most_bytes), learnt_(most_bytes) {}

    // Reads or inserts the layout in the caller's transaction if it is not cached, and notes that
    // it was used on that day. A layout that retention deleted meanwhile is inserted again. It
    // cannot have deleted a cached one: it deletes only layouts that were not used for days, and
    // the use of a cached one was noted today. nullopt if the layout was inserted and deleted by
    // others while it was looked up.
    std::optional<std::int32_t> id_of(Session& session, const PreparedBatch& prepared);

    // Whether the layout is in the table, or was a short time ago. A layout that was found is not
    // looked up again.
    bool exists(Session& session, const PreparedBatch& prepared);

    // What was found in a transaction counts only after its COMMIT.
    void committed() { known_.take_all(learnt_); }
    void rolled_back() { learnt_.clear(); }

    std::size_t bytes() const { return known_.bytes() + learnt_.bytes(); }

  private:
    LayoutCache known_;
    LayoutCache learnt_;
};

}  // namespace chorus::store
