// Sessions of programs that stand still.
#pragma once

#include <chrono>

#include "aggregator/postgres/session.h"

namespace chorus::store {

// No aggregator lets PostgreSQL wait that long within a statement.
inline constexpr std::chrono::seconds kStalledAfter{60};

// Ends the sessions of aggregators for which PostgreSQL has waited that long within a statement: it
// sends them rows, or they copy. Such a program hangs or was stopped (SIGSTOP), and its locks stay:
// statement_timeout does not end what waits for a client, nor does
// idle_in_transaction_session_timeout. If the program goes on, it finds its session gone and tries
// again. Returns how many there were, and logs them. Throws DatabaseError.
int end_stalled_sessions(Session& session, std::chrono::seconds after = kStalledAfter);

}  // namespace chorus::store
