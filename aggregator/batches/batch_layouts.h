// Which layout_id stands for a list of series.
#pragma once

#include <cstddef>
#include <cstdint>

#include "aggregator/batches/batch_prepared.h"
#include "aggregator/batches/layout_cache.h"
#include "aggregator/postgres/session.h"

namespace chorus::store {

// One writer's memory of the table `layouts`. Layouts are shared between hosts, so a cached one is
// used only if every entry is equal, and the table knows them by SHA-256: no agent can make
// another's values be read by a layout of its own. Not thread-safe.
class BatchLayouts {
  public:
    // Of what transactions before and the one under way told, at most `most_bytes` each are kept.
    explicit BatchLayouts(std::size_t most_bytes = LayoutCache::kMostBytes)
        : known_(most_bytes), learnt_(most_bytes) {}

    // Reads or inserts the layout inside the caller's transaction if it is not cached, and notes
    // that it was used on that day. A layout that retention deleted meanwhile is inserted again:
    // it is deleted only if it was not used for days, and a cached one was noted today.
    std::int32_t id_of(Session& session, const PreparedBatch& prepared);

    // Whether the layout is in the table, or was a short time ago. What was found is not looked up
    // again.
    bool exists(Session& session, const PreparedBatch& prepared);

    // What was learnt in a transaction counts after its COMMIT only.
    void committed() { known_.take_all(learnt_); }
    void rolled_back() { learnt_.clear(); }

    std::size_t bytes() const { return known_.bytes() + learnt_.bytes(); }

  private:
    LayoutCache known_;
    LayoutCache learnt_;
};

}  // namespace chorus::store
