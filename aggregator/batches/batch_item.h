// A batch on its way through the transaction of its group.
#pragma once

#include <cstdint>
#include <optional>
#include <tuple>

#include "aggregator/batches/batch_hosts.h"
#include "aggregator/batches/batch_prepared.h"
#include "common/timestamp.h"

namespace chorus::store {

enum class WriteResult {
    stored,           // committed now
    duplicate,        // the same batch was committed before
    conflict,         // its key belongs to a batch with other content
    too_many_gaps,    // its counter has too many gaps: a new epoch is needed
    host_conflict,    // its hostname is another host's
    agent_cloned,     // another machine has its agent's identity
    too_many_series,  // its host brings new series all the time
    expired,          // its time is outside what is kept; accepted, not stored
    refused,          // PostgreSQL cannot hold its content
    unavailable,      // PostgreSQL is away, or it is unknown whether it committed: send again
};

// How an attempt to store a group ended.
enum class Attempt {
    done,       // each batch has a result, or none has one because the database is away
    overtaken,  // another session changed what was read: worth another try, with nothing remembered
    unstorable,  // PostgreSQL cannot hold the content
    failed,      // for another reason
};

struct BatchItem {
    const PreparedBatch* prepared;
    std::optional<WriteResult> result{};
    BatchHost* host = nullptr;
    Timestamp time{};                     // under which it is stored
    const BatchItem* same_key = nullptr;  // an earlier batch of the group with the same key

    auto key() const {
        const Batch& b = prepared->batch;
        return std::tie(b.agent.id, b.epoch, b.seq);
    }
};

}  // namespace chorus::store
