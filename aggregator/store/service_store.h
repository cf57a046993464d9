// Writes what checks of services found.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "aggregator/store/session.h"
#include "common/timestamp.h"

namespace chorus::store {

enum class ServiceStatus : std::int32_t { healthy = 0, unhealthy = 1, timeout = 2 };
std::string_view to_string(ServiceStatus status);

struct ServiceCheck {
    std::string service;
    std::string endpoint;  // without credentials
    Timestamp time;
    ServiceStatus status = ServiceStatus::unhealthy;
    std::optional<std::int32_t> response_time_ms;
    std::string error;  // empty = none
    std::optional<Timestamp> certificate_expires;
};

// Stores one round: the newest state, the history and the counts of the hour, two statements
// whatever the number of services. Each service at most once; inside the caller's transaction.
void record_checks(Session& session, const std::vector<ServiceCheck>& round);

}  // namespace chorus::store
