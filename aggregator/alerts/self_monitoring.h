// Alerts about the monitor itself, which no rule asks for: faults of hosts' clocks and agents, of
// rules and of the evaluator. Pure functions.
#pragma once

#include <string>
#include <vector>

#include "aggregator/alert_store/alert_store.h"
#include "aggregator/alert_store/rule_states.h"
#include "aggregator/alerts/snapshot.h"

namespace chorus::alerts {

// The alert_type of each kind.
const std::vector<std::string>& self_monitoring_alert_types();
// A person may open an alert of the same type by the API. The evaluator does not resolve that one.
bool is_self_monitoring(const store::OpenAlert& alert);

// That a rule cannot be evaluated, and why.
store::NewAlert rule_error_alert(const store::RuleRow& rule, const std::string& error);
// That no round was made for `pause`, though one is due every `period`.
store::NewAlert evaluator_late_alert(std::chrono::microseconds pause, std::chrono::seconds period);
// That more than `most` alerts are wanted open; in all, or of one host.
store::NewAlert too_many_alerts_alert(std::size_t most);
store::NewAlert too_many_alerts_alert(const std::string& hostname, std::size_t most);
// One alert for every host whose clock is wrong by more than five minutes. Of silent hosts nothing
// is known: their fingerprints go to `unknown`, and their open alerts stay open.
std::vector<store::NewAlert> clock_skew_alerts(const std::vector<Host>& hosts, Timestamp now,
                                               std::vector<std::string>& unknown);

// One alert for every host whose agent's identity a second machine has, if that machine tried to
// report in the last ten minutes.
std::vector<store::NewAlert> clone_alerts(const std::vector<Host>& hosts, Timestamp now);

// One alert for every host whose batches were deferred (429 cardinality_limit) in the last ten
// minutes.
std::vector<store::NewAlert> deferred_alerts(const std::vector<Host>& hosts, Timestamp now);

}  // namespace chorus::alerts
