// A batch with everything that can be computed without the database.
#pragma once

#include <cstdint>
#include <vector>

#include "common/batch/batch.h"
#include "common/timestamp.h"
#include "common/uuid.h"

namespace chorus::store {

struct PreparedBatch {
    Batch batch;
    Timestamp received_at;  // by the aggregator's clock
    Timestamp made_at;      // when it was collected, by the aggregator's clock: what is newest
    // The host's clock cannot be used, because sent_at lies outside what is kept or the clock was
    // not set yet. The times of the batch are by the aggregator's clock.
    bool timed_by_receipt = false;
    // Whether sent_at shows how long the batch waited. It does not if the host's clock was set
    // meanwhile.
    bool age_known = true;
    // A hash over the whole content as it was received, without sent_at. It tells a batch that was
    // sent again from another batch with the same key.
    std::int64_t payload_hash = 0;
    std::uint64_t layout_hash = 0;  // finds the layout quickly; proves nothing
    // One per process, over its identity and what stays the same for its life (column
    // processes.digest).
    std::vector<Uuid> process_digests;
    std::size_t bytes = 0;           // memory held, estimated
    std::int64_t system_values = 0;  // values that could be read
    std::int64_t process_rows = 0;
};

// The times of batches that are kept.
struct KeptTimes {
    Timestamp oldest = Timestamp::min();
    Timestamp newest = Timestamp::max();
};

// To be called by the thread that received the batch, so that the writer has less to do.
PreparedBatch prepare_batch(Batch&& batch, Timestamp received_at, const KeptTimes& kept = {});

}  // namespace chorus::store
