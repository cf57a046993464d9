// Mutes the alerts of silent hosts: one alert says it all.
#pragma once

#include <string>
#include <unordered_map>
#include <unordered_set>

#include "aggregator/alerts/round_plan.h"

namespace chorus::alerts {

struct SilentHosts {
    // Of these a rule reports the silence in this round.
    std::unordered_set<std::string> reported;
    // Nothing is received from these. True: some rule would report it, so that their other alerts
    // stay muted.
    std::unordered_map<std::string, bool> unheard;
};

// Adds to `plan` which alerts become suppressed or active again, and suppresses planned ones. What
// a silent host had, or a person tells of it, is muted. When the host is back, what is still open
// is active again. The end of the alert about its silence does not bring it back. To be called once
// all alerts and resolutions are planned.
void plan_inhibitions(const SilentHosts& hosts, const OpenAlerts& open, RoundPlan& plan);

}  // namespace chorus::alerts
