// Writes what checks of services found.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "aggregator/postgres/session.h"
#include "common/batch.h"
#include "common/timestamp.h"

namespace chorus::store {

using chorus::ServiceStatus;
using chorus::to_string;

// Services that one host's agent may have at most, those it had in the last days among them.
inline constexpr std::int32_t kServicesPerHost = 200;
// And all agents together: lists of services are told whole.
inline constexpr std::int32_t kServicesOfAgents = 2'000;

// Of a check that an agent made.
struct AgentOrigin {
    std::int32_t host_id = 0;
    Timestamp heard_at{};  // the check's time by the aggregator's clock
};

struct ServiceCheck {
    std::string service;   // of an agent's: without "@HOSTNAME"
    std::string endpoint;  // without credentials
    Timestamp time;
    ServiceStatus status = ServiceStatus::unhealthy;
    std::optional<std::int32_t> response_time_ms;
    std::string error;  // empty = none
    std::optional<Timestamp> certificate_expires;
    double interval_seconds = 60;        // between two results of the service
    std::optional<AgentOrigin> agent{};  // nullopt: an aggregator made it
};

// Stores checks: the newest state, the history and the counts of the hour, two statements whatever
// their number; inside the caller's transaction. Days of the checks have partitions.
//
// A check of an agent is stored under "NAME@HOSTNAME", the host being the one of its host_id as the
// database knows it, so that an agent writes services of its own host alone. One whose name an
// aggregator's own service or another host's has, and new ones above kServicesPerHost and
// kServicesOfAgents, are left out. A check that is older than the newest one known is history and
// changes no state.
void record_checks(Session& session, const std::vector<ServiceCheck>& checks);

// The checks of a batch that was received then, of the agent of that host.
std::vector<ServiceCheck> checks_of(const Batch& batch, std::int32_t host_id,
                                    Timestamp received_at);

}  // namespace chorus::store
