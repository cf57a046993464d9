// The lease that makes one of several aggregators the leader.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>

#include "aggregator/postgres/session.h"

namespace chorus::store {

// This program is not the leader any more. Nothing of the transaction may be stored. That is no
// fault of the task; another aggregator goes on with it.
class LeadershipLost : public std::runtime_error {
  public:
    LeadershipLost() : std::runtime_error("another aggregator has become the leader") {}
};

// Takes the lease if it is free or has run out, or renews it if `holder` has it. Returns the epoch,
// nullopt if somebody else leads. Also the old holder takes a lease that ran out anew, with a
// greater epoch. Runs in a transaction of its own, and waits at most 2 s for the transactions of an
// old leader (SQLSTATE 55P03 after that).
std::optional<std::int64_t> take_lease(Session& session, const std::string& holder,
                                       std::chrono::milliseconds duration);

// The epoch of the present leader; nullopt while there is none.
std::optional<std::int64_t> current_epoch(Session& session);

// Ends the lease of that epoch now, so that another aggregator need not wait for its end.
void release_lease(Session& session, std::int64_t epoch);

// The first statement of every transaction in which a leader writes. Nobody can take over until the
// transaction ends. Throws LeadershipLost if somebody has taken over, or if the lease has run out.
// If the transaction then stands still for 10 s, the server ends it.
void hold_leadership(Session& session, std::int64_t epoch);

}  // namespace chorus::store
