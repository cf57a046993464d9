// One rule against one snapshot: a reading for every subject. Pure.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "aggregator/alerts/figure.h"
#include "aggregator/alerts/rule.h"
#include "aggregator/alerts/snapshot.h"

namespace chorus::alerts {

// What a reading is about. Members point into the snapshot.
struct Subject {
    const Host* host = nullptr;
    const Series* series = nullptr;
    // process_metric: the name, unit or pattern the figure stands for, and the worst process of it
    // where each counts for itself.
    std::string_view process_name{};
    const Process* process = nullptr;
    const Service* service = nullptr;
    double silent_seconds = 0;

    // Unique among the subjects of a rule: "web-01", "web-01|/var", "web-01|nginx", "chat-service".
    std::string key() const;
};

using Visitor = std::function<void(const Subject& subject, const Reading& reading)>;

// Calls `visit` once for each subject that the rule has now. Answers, in the order of
// Snapshot::hosts, which hosts reported within the rule's window what it could be judged by: of the
// others nobody knows which subjects they have.
std::vector<bool> evaluate(const Rule& rule, const Snapshot& snapshot, Timestamp now,
                           const Visitor& visit);

// Whether the rule looks at that host at all.
bool matches(const HostFilter& filter, const Host& host);
// Seconds that the host may be silent for before the rule is breached.
double longest_silence(const HostSilentCondition& condition, const Host& host);

}  // namespace chorus::alerts
