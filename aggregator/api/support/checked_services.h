// The state of the checked services.
#pragma once

#include <vector>

#include "aggregator/api/support/context.h"
#include "aggregator/api/support/timings.h"
#include "aggregator/cache/service_health.h"
#include "aggregator/service_store/service_reader.h"

namespace chorus::api {

struct CheckedService {
    cache::ServiceHealth health;
    std::optional<Timestamp> status_since;
    std::optional<Timestamp> certificate_expires;
    std::string_view type;  // http, https or tcp
    double interval_seconds = 60;
    std::optional<std::string> hostname{};  // of the agent that checks it
};

// Those of the configuration in its order, then those of agents by name.
// `unknown` is the status of a service that was not checked yet, or under another URL, or not for
// three of its intervals.
std::vector<CheckedService> read_services(Context& context, Timings& timings);

}  // namespace chorus::api
