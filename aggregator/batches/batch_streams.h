// Exactly once: which numbers of a counter (agent, epoch) were stored.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "aggregator/batches/batch_prepared.h"
#include "aggregator/postgres/session.h"

namespace chorus::store {

enum class StreamVerdict {
    undecided,
    fresh,     // not stored before; marked as stored by this transaction
    repeated,  // stored before
    full,      // the counter has too many gaps: the agent must begin a new epoch
};

// One batch to be marked; no two of one call have the same key.
struct StreamEntry {
    const PreparedBatch* batch;
    std::int32_t host_id;
    // The machine in the host's row as the caller remembers it, for mark_new().
    std::string hostname{};
    Uuid boot_id{};
    StreamVerdict verdict = StreamVerdict::undecided;
};

// The usual case, in one statement. The counter exists, belongs to the host, the number is new, and
// the host's row has not changed. Marks such entries `fresh` and leaves the others `undecided`.
// Rows stay locked until the end of the transaction. `entries` are sorted by (agent, epoch, seq).
void mark_new(Session& session, std::span<StreamEntry> entries);

// Decides the other entries. Takes locks first, creates counters and finds repeated numbers.
void mark_carefully(Session& session, std::span<StreamEntry> entries);

// For a repeated key: whether a batch of about that time with that content is stored for the host.
std::vector<bool> find_same_content(Session& session, std::span<const StreamEntry> entries);

}  // namespace chorus::store
