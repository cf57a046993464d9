// The hosts that a writer knows, and which agent may write a host's rows.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "aggregator/batches/batch_prepared.h"
#include "aggregator/batches/batch_processes.h"
#include "aggregator/postgres/session.h"

namespace chorus::store {

// What a writer remembers about one agent's host. If the transaction fails in which it was changed,
// it is forgotten and read anew.
struct BatchHost {
    std::int32_t host_id = 0;
    std::string hostname;
    Uuid boot_id;                // of the machine in its row
    Timestamp newest;            // greatest time of a batch stored
    Timestamp newest_made;       // when the newest batch was collected, by the aggregator's clock
    Timestamp seen_written;      // hosts.last_seen as this writer wrote it
    Timestamp deferred_written;  // the same of hosts.held_back_at
    std::uint64_t facts = 0;     // hash of what stands in the host's row
    BatchProcesses processes;    // references of its processes
    std::uint64_t last_use = 0;  // for eviction
};

// Why an agent may not write.
enum class HostRefusal {
    none,
    name_taken,  // its hostname is another host's
    cloned,      // another machine has its identity
    overtaken,   // none yet: another session made its host meanwhile, so it has to be tried again
};

// Each writer has one. Not thread-safe.
class BatchHosts {
  public:
    explicit BatchHosts(std::size_t most_hosts) : most_hosts_(most_hosts) {}

    // The host of the batch's agent. It comes from memory if its name is still the same. Otherwise
    // it is looked up, created, renamed or taken over in the caller's transaction.
    // nullptr, with the reason in `refusal`, if another machine reports for the host, if another
    // host has the name, or if another session came in between. Only a silent host gives its row to
    // an agent that has no host yet.
    BatchHost* find(Session& session, const PreparedBatch& prepared, HostRefusal& refusal);
    // The same, but never from memory.
    BatchHost* look_up(Session& session, const PreparedBatch& prepared, HostRefusal& refusal);
    // True if find() would answer from memory.
    bool known(const PreparedBatch& prepared) const;

    void forget(const Uuid& agent_id) { hosts_.erase(agent_id); }
    // If there are too many hosts, forgets those that were not used for longest. Pointers become
    // invalid.
    void evict();

  private:
    const std::size_t most_hosts_;
    std::unordered_map<Uuid, BatchHost> hosts_;
    std::uint64_t uses_ = 0;
};

}  // namespace chorus::store
