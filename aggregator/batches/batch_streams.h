// Exactly-once: which numbers of which counter (agent, epoch) were stored.
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
    full,      // the counter has too many gaps to be kept: the agent must begin a new epoch
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

// The usual case in one statement: counters that exist, belong to the host, and whose numbers are
// new, as long as the host's row has not changed. Marks those `fresh` and leaves the others
// `undecided`. Rows stay locked until the end of the transaction. `entries` are sorted by (agent,
// epoch, seq).
void mark_new(Session& session, std::span<StreamEntry> entries);

// Decides the rest with locks taken first: creates counters, finds repeated numbers.
void mark_carefully(Session& session, std::span<StreamEntry> entries);

// For a repeated key: whether the host has a stored batch of about that time with that content.
std::vector<bool> find_same_content(Session& session, std::span<const StreamEntry> entries);

}  // namespace chorus::store
