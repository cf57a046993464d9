// An alert in the words of Prometheus' Alertmanager: labels that identify, annotations that tell.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "aggregator/alert_store/notification_store.h"

namespace chorus::notify {

using Labels = std::vector<std::pair<std::string, std::string>>;  // sorted by name

// alertname (the rule's name), severity, hostname, rule_type, source, service, process, label,
// fingerprint: no values in them, and the same as long as the alert lives but for the severity.
Labels alert_labels(const store::Notification& notification);

// summary, description, status, acknowledged_by, comment, top_processes, and every plain value of
// the alert's metadata, such as current_value and threshold. Empty ones are left out.
Labels alert_annotations(const store::Notification& notification);

// What the transition means: store::event_name().
std::string_view event_of(const store::Notification& notification);

}  // namespace chorus::notify
