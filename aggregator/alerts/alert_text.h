// The texts of the alert that a rule opens for a subject, and of what it says later. Clients of the
// original service read the first words, so these do not change. Pure functions.
#pragma once

#include <string>

#include "aggregator/alert_store/alert_store.h"
#include "aggregator/alerts/judge.h"

namespace chorus::alerts {

// The alert as it fires at `now`, without its metadata (see metadata_of()). The description says
// what fired it, when, and over which window.
store::NewAlert make_alert(const Rule& rule, const Subject& subject, const Reading& reading,
                           Severity severity, Timestamp now);

// A sentence about the present. It names the moment, so it stays true. It says where the value is
// compared with the thresholds, since when it is clear, that it has ended, or that there is no
// data.
std::string now_text(const Rule& rule, const Decision& decision, Timestamp now);
// The time in UTC, without fractions of a second: "2026-01-05 12:00:00 UTC".
std::string moment(Timestamp time);

// "system:web-01", "process:web-01:nginx", "service:chat-service", "host:web-01"; `key` is of the
// rule's subject.
std::string source_of(const Condition& condition, const std::string& key);
// The actor when a rule opens or resolves an alert: "rule:High CPU".
std::string actor_of(const Rule& rule);
// The fingerprint of the alert of that rule and subject; `key` is Subject::key().
std::string fingerprint_of(const Rule& rule, const std::string& key);

using store::cut_to_fit;

}  // namespace chorus::alerts
