// Alerts of failed checks for which no rule exists.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "aggregator/postgres/session.h"
#include "aggregator/service_store/service_store.h"
#include "common/timestamp.h"

namespace chorus::store {

struct ProbeAlertOutcome {
    std::int64_t opened = 0;
    std::int64_t resolved = 0;
};

// Who made the checks: an aggregator, or agents, whose services are called "NAME@HOSTNAME" here.
enum class CheckedBy { aggregator, agents };

// For this time after its last alert was resolved, a service of an agent gets no new one, because
// agents may check every second. If it is still down after that, its next check opens an alert.
inline constexpr std::chrono::minutes kReopenAgentServiceAfter{5};

// Opens `Service {service} Health Alert` for each failed check of the round. A service has one open
// alert, which is bumped while it lasts. Resolves it when the service is healthy again, is no
// longer in `configured`, or has an active rule. Alerts of an agent's services have the name of its
// host. A call for one kind of checks leaves alerts of the other kind alone. A fixed number of
// statements, in the caller's transaction.
ProbeAlertOutcome update_probe_alerts(Session& session, CheckedBy by,
                                      const std::vector<ServiceCheck>& round,
                                      const std::vector<std::string>& configured, Timestamp now);

}  // namespace chorus::store
