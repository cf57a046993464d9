// The lease that makes one of several aggregators the leader.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>

#include "aggregator/postgres/session.h"

namespace chorus::store {

// This program is not the leader any more: nothing of the transaction may be stored. No fault of
// the task; another aggregator goes on with it.
class LeadershipLost : public std::runtime_error {
  public:
    LeadershipLost() : std::runtime_error("another aggregator has become the leader") {}
};

// Takes the lease if it is free or has run out, or renews it if `holder` has it. Answers the epoch,
// nullopt if somebody else leads. A lease that ran out is taken anew, with a greater epoch, by its
// old holder too. Runs in a transaction of its own and waits at most 2 s for the transactions of
// an old leader (SQLSTATE 55P03 after that).
std::optional<std::int64_t> take_lease(Session& session, const std::string& holder,
                                       std::chrono::milliseconds duration);

// The epoch of whoever leads now; nullopt while nobody does.
std::optional<std::int64_t> current_epoch(Session& session);

// Ends the lease of that epoch now, so that another aggregator need not wait for its end.
void release_lease(Session& session, std::int64_t epoch);

// First statement of every transaction in which a leader writes. Until the transaction ends nobody
// can take over; throws LeadershipLost if somebody has, or if the lease has run out. A transaction
// that then stands still for 10 s is ended by the server.
void hold_leadership(Session& session, std::int64_t epoch);

}  // namespace chorus::store
