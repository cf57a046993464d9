// Alerts that no rule asks for: what is wrong with hosts' clocks, with rules and with the evaluator
// itself.
#pragma once

#include <string>
#include <vector>

#include "aggregator/alert_store/alert_store.h"
#include "aggregator/alert_store/rule_states.h"
#include "aggregator/alerts/snapshot.h"

namespace chorus::alerts {

// alert_type of each kind.
const std::vector<std::string>& own_alert_types();
// A person may tell of the same kind of thing by the API; that is not the evaluator's to resolve.
bool is_own(const store::OpenAlert& alert);

store::NewAlert rule_error_alert(const store::RuleRow& rule, const std::string& error);
store::NewAlert evaluator_late_alert(std::chrono::microseconds pause, std::chrono::seconds period);
store::NewAlert too_many_alerts_alert(std::size_t most);
// Of one host.
store::NewAlert too_many_alerts_alert(const std::string& hostname, std::size_t most);
// Of every host whose clock is more than five minutes off. Of silent hosts nothing is known: their
// fingerprints go to `unknown`, and what is open stays so.
std::vector<store::NewAlert> clock_skew_alerts(const std::vector<Host>& hosts, Timestamp now,
                                               std::vector<std::string>& unknown);

// Of every host whose agent's identity another machine has, too, that tried in the last ten
// minutes.
std::vector<store::NewAlert> clone_alerts(const std::vector<Host>& hosts, Timestamp now);

// Of every host of which batches were held back in the last ten minutes.
std::vector<store::NewAlert> held_back_alerts(const std::vector<Host>& hosts, Timestamp now);

}  // namespace chorus::alerts
