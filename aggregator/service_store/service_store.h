// Stores the results of service checks.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "aggregator/postgres/session.h"
#include "common/batch/batch.h"
#include "common/timestamp.h"

namespace chorus::store {

using chorus::ServiceStatus;
using chorus::to_string;

// How many services one host's agent may have, including those that it had in the last days.
inline constexpr std::int32_t kServicesPerHost = 200;
// How many all agents may have together. It is bounded because lists of services are answered
// whole.
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

// Stores checks in the caller's transaction: the newest state, the history and the counts of the
// hour. Two statements, whatever their number. The days of the checks must have partitions.
//
// A check of an agent is stored under "NAME@HOSTNAME". The hostname is that of its host_id in the
// database, so that an agent writes only services of its own host. A check is left out if an
// aggregator's own service or another host's service has that name, and if the service is new and
// above kServicesPerHost or kServicesOfAgents. A check that is older than the newest one is history
// and changes no state.
void record_checks(Session& session, const std::vector<ServiceCheck>& checks);

// The checks of a batch, which was received at that time from the agent of that host.
std::vector<ServiceCheck> checks_of(const Batch& batch, std::int32_t host_id,
                                    Timestamp received_at);

}  // namespace chorus::store
