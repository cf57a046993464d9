// Evaluates one rule on one snapshot: a reading for every subject. Pure functions.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "aggregator/alerts/aggregation.h"
#include "aggregator/alerts/snapshot.h"
#include "aggregator/rules/rule.h"

namespace chorus::alerts {

// The subject of a reading. Members point into the snapshot.
struct Subject {
    const Host* host = nullptr;
    const Series* series = nullptr;
    // process_metric: the name, unit or pattern of the figure. If each process counts for itself,
    // also the worst one.
    std::string_view process_name{};
    const Process* process = nullptr;
    const Service* service = nullptr;
    double silent_seconds = 0;

    // Unique among the subjects of a rule: "web-01", "web-01|/var", "web-01|nginx", "chat-service".
    std::string key() const;
};

using Visitor = std::function<void(const Subject& subject, const Reading& reading)>;

// Calls `visit` once for each subject that the rule has now. Returns, in the order of
// Snapshot::hosts, which hosts reported within the rule's window what the rule needs. Of the other
// hosts nobody knows which subjects they have.
std::vector<bool> evaluate(const Rule& rule, const Snapshot& snapshot, Timestamp now,
                           const Visitor& visit);

// Whether the rule looks at that host at all.
bool matches(const HostFilter& filter, const Host& host);
// For how many seconds the host may be silent before the rule is breached.
double longest_silence(const HostSilentCondition& condition, const Host& host);

}  // namespace chorus::alerts
