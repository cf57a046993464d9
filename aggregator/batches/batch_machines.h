// Decides which machine reports for a host, because an agent's identity may have been copied with
// its disk.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "aggregator/batches/batch_prepared.h"
#include "aggregator/postgres/session.h"

namespace chorus::store {

// The part of a host's row that says which machine reports for it.
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
    late,    // a batch from before that machine first reported
    other,   // renamed or booted since, or the first of two that report in turn: now the row's
    cloned,  // it reports in turn with the row's machine and came later
};

// A machine is a boot id and a hostname. They change when a host is booted or renamed, and old ones
// never come back. If they do while the other machine is still there, two machines have one
// identity. The first one goes on. The other is refused as long as the first one reports, and for
// ten minutes after that. Writes what has to be remembered, in the caller's transaction. For
// `other` the caller changes the host's row.
MachineVerdict judge_machine(Session& session, const HostMachine& row, const PreparedBatch& batch);

// Notes that a row has another machine now, whose batches came last. Writes `since` to the row.
void set_machine(Session& session, std::int32_t host_id, const Uuid& boot_id, Timestamp since);

// For a row that goes to another agent.
void forget_machines(Session& session, std::int32_t host_id);

}  // namespace chorus::store
