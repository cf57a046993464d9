// Alerts of failed checks that no rule speaks for.
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

// Whose checks: an aggregator's own, or those of agents, whose services are "NAME@HOSTNAME" here.
enum class CheckedBy { aggregator, agents };

// A service of an agent gets no new alert so soon after its last one was resolved: agents check
// every second if they like. If it is still down then, its next check tells.
inline constexpr std::chrono::minutes kReopenAgentServiceAfter{5};

// Opens `Service {service} Health Alert` for each failed check of the round (one open alert a
// service, seen again while it lasts) and resolves it when the service is healthy again, is no
// longer among `configured`, or an active rule has taken it over. Alerts of an agent's services
// bear its host's name, and calls for one kind leave alerts of the other alone. A fixed number of
// statements; inside the caller's transaction.
ProbeAlertOutcome update_probe_alerts(Session& session, CheckedBy by,
                                      const std::vector<ServiceCheck>& round,
                                      const std::vector<std::string>& configured, Timestamp now);

}  // namespace chorus::store
