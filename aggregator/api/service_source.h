// The state of the checked services, in the order of the configuration.
#pragma once

#include <vector>

#include "aggregator/api/routes.h"
#include "aggregator/api/support.h"
#include "aggregator/cache/service_health.h"
#include "aggregator/store/service_reader.h"

namespace chorus::api {

struct CheckedService {
    cache::ServiceHealth health;
    std::optional<Timestamp> status_since;
    std::optional<Timestamp> certificate_expires;
};

// `unknown` is the status of a service that was not checked yet, or under another URL, or not for
// three of its intervals.
std::vector<CheckedService> read_services(Services& services, Timings& timings);

}  // namespace chorus::api
