// An alert in the terms of Prometheus' Alertmanager: labels identify it, annotations describe it.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "aggregator/alert_store/notification_store.h"

namespace chorus::notify {

using Labels = std::vector<std::pair<std::string, std::string>>;  // sorted by name

// alertname (the rule's name), severity, hostname, rule_type, source, service, process, label,
// fingerprint. They have no values in them. Only the severity may change while the alert lives.
Labels alert_labels(const store::Notification& notification);

// summary, description, status, acknowledged_by, comment, top_processes, and every plain value of
// the alert's metadata, such as current_value and threshold. Empty ones are left out.
Labels alert_annotations(const store::Notification& notification);

// The meaning of the transition: store::event_name().
std::string_view event_of(const store::Notification& notification);

}  // namespace chorus::notify
