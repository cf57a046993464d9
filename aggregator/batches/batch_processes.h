// Finds the process_ref of a process.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "aggregator/batches/batch_prepared.h"
#include "aggregator/postgres/session.h"

namespace chorus::store {

// A writer's memory of one host's part of the table `processes`: the processes of its last batches.
// Not thread-safe.
class BatchProcesses {
  public:
    struct Known {
        std::int64_t ref = 0;  // 0 = not yet known
        std::chrono::sys_days last_seen_day{};
        std::uint32_t batch = 0;  // number of the last batch that named it
    };

    // The entry of a digest, made if it is missing.
    Known& entry(const Uuid& digest) { return known_[digest]; }
    // True until the host's processes were looked up once.
    bool cold() const { return cold_; }
    void warm() { cold_ = false; }
    // Numbers the batches; now and then forgets processes that have not been named for long.
    std::uint32_t next_batch(std::size_t processes);

  private:
    // Digests are hashes already.
    struct FirstBytes {
        std::size_t operator()(const Uuid& digest) const;
    };
    std::unordered_map<Uuid, Known, FirstBytes> known_;
    std::uint32_t batch_ = 0;
    bool cold_ = true;
};

// A batch whose processes need references.
struct ProcessRequest {
    const PreparedBatch* batch;
    std::int32_t host_id;
    BatchProcesses* known;
    std::vector<BatchProcesses::Known*> entries{};
    std::vector<std::int64_t> refs{};  // out, one per process
};

// Fills in the references of all requests, in the caller's transaction. Processes that are not
// remembered are read (after a start) or inserted, in one statement each. Keeps `last_seen_day` at
// or after the batch's day. False if one that is remembered was deleted meanwhile. Then, and if the
// transaction fails, the hosts' BatchProcesses must be forgotten.
[[nodiscard]] bool resolve_processes(Session& session, std::span<ProcessRequest> requests);

}  // namespace chorus::store
