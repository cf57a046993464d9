// The alert that a rule opens for a subject, as the contract words it.
#pragma once

#include <string>

#include "aggregator/alerts/evaluate.h"
#include "aggregator/alerts/rule.h"
#include "aggregator/store/alert_store.h"

namespace chorus::alerts {

// Without what the evaluator adds at the moment of firing. `extra_metadata` is a member that is
// added to the metadata, `"name":value`, or empty.
store::NewAlert make_alert(const Rule& rule, const Subject& subject, const Reading& reading,
                           Severity severity, const std::string& extra_metadata);

// "system:web-01", "process:web-01:nginx", "service:chat-service", "host:web-01"; `key` is of the
// rule's subject.
std::string source_of(const Condition& condition, const std::string& key);
// Who acts when a rule opens or resolves an alert, "rule:High CPU".
std::string actor_of(const Rule& rule);
// Of the alert of that rule and subject.
std::string fingerprint_of(const Rule& rule, const std::string& key);

using store::cut_to_fit;

}  // namespace chorus::alerts
