// The hosts that a writer knows: who may write which host's rows, and what was last noted of it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "aggregator/batches/batch_prepared.h"
#include "aggregator/batches/batch_processes.h"
#include "aggregator/postgres/session.h"

namespace chorus::store {

// What a writer remembers of one agent's host. Valid until the transaction fails in which it was
// changed; then it is forgotten and read anew.
struct BatchHost {
    std::int32_t host_id = 0;
    std::string hostname;
    Uuid boot_id;                // of the machine in its row
    Timestamp newest;            // greatest time of a batch stored
    Timestamp newest_made;       // when the newest batch was collected, by the aggregator's clock
    Timestamp seen_written;      // hosts.last_seen as this writer wrote it
    Timestamp held_written;      // the same of hosts.held_back_at
    std::uint64_t facts = 0;     // hash of what stands in the host's row
    BatchProcesses processes;    // references of its processes
    std::uint64_t last_use = 0;  // for eviction
};

// Why an agent may not write.
enum class HostRefusal {
    none,
    name_taken,  // its hostname is another host's
    cloned,      // another machine has its identity
};

// Not thread-safe; a writer's own.
class BatchHosts {
  public:
    explicit BatchHosts(std::size_t most_hosts) : most_hosts_(most_hosts) {}

    // The host of the batch's agent, from memory if its name is still the same; otherwise looked
    // up, created, renamed or taken over inside the caller's transaction. nullptr, and why in
    // `refusal`, if the name is that of another host, unless that one is silent and this agent has
    // no host yet, or if another machine reports for the host.
    BatchHost* find(Session& session, const PreparedBatch& prepared, HostRefusal& refusal);
    // The same, but never from memory.
    BatchHost* look_up(Session& session, const PreparedBatch& prepared, HostRefusal& refusal);
    // True if find() would answer from memory.
    bool known(const PreparedBatch& prepared) const;

    void forget(const Uuid& agent_id) { hosts_.erase(agent_id); }
    // Drops the hosts unused for longest when there are too many. Pointers become invalid.
    void evict();

  private:
    const std::size_t most_hosts_;
    std::unordered_map<Uuid, BatchHost> hosts_;
    std::uint64_t uses_ = 0;
};

// Notes that hosts were heard of: last_seen and clock skew at most once in a few seconds each, the
// other columns when they changed, and where the newest batch is whenever there is a newer one.
struct HostSighting {
    BatchHost* host;
    const PreparedBatch* batch;
    bool held_back = false;  // not stored
    Timestamp time{};        // under which it is stored
};
void note_hosts(Session& session, std::span<const HostSighting> sightings);

}  // namespace chorus::store
