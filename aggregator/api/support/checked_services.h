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

// Services of the configuration in its order, then services of agents by name. The status is
// `unknown` if the service was not checked yet, if it was checked under another URL, or if three of
// its intervals passed without a check.
std::vector<CheckedService> read_services(Context& context, Timings& timings);

}  // namespace chorus::api
