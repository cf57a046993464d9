// Which machine speaks for a host: an agent's identity may have been copied with its disk.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "aggregator/batches/batch_prepared.h"
#include "aggregator/postgres/session.h"

namespace chorus::store {

// A host's row as far as it tells who reports for it.
struct HostMachine {
    std::int32_t host_id = 0;
    std::string hostname;
    std::optional<Uuid> boot_id;  // nullopt = not known yet
    Timestamp since{};            // collected first by this machine, by the aggregator's clock
    Timestamp last_seen{};
    double interval_seconds = 30;
};

enum class MachineVerdict {
    same,    // the machine of the row
    late,    // a batch from before that machine was first heard of
    other,   // renamed or booted since, or the first of two that report in turn: now the row's
    cloned,  // it reports in turn with the row's machine and came later
};

// A machine is a boot id and a hostname. Both change when a host is renamed or booted, but what was
// left never comes back. If it does while the other one is still there, two machines have one
// identity: the one that was there first goes on, the other is refused for as long as the first one
// is heard of, and for ten minutes after. Writes what has to be remembered, within the caller's
// transaction; for `other` the caller changes the host's row.
MachineVerdict judge_machine(Session& session, const HostMachine& row, const PreparedBatch& batch);

// Whose batches came last: called where a row gets another machine. `since` is written to the row.
void set_machine(Session& session, std::int32_t host_id, const Uuid& boot_id, Timestamp since);

// For a row that goes to another agent.
void forget_machines(Session& session, std::int32_t host_id);

}  // namespace chorus::store
