// What the evaluator of alert rules reads of hosts, services and layouts. Each takes one statement,
// whatever the number of rules and hosts.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "aggregator/alert_store/sample_scope.h"
#include "aggregator/postgres/session.h"
#include "common/timestamp.h"

namespace chorus::store {

struct RuleHost {
    std::int32_t host_id = 0;
    std::string hostname;
    std::string labels_json = "{}";
    std::string thresholds_json = "{}";
    double interval_seconds = 30;
    Timestamp first_seen{};
    Timestamp last_seen{};
    std::chrono::microseconds skew{0};       // aggregator's clock minus that of stored times
    std::optional<Timestamp> deferred_at{};  // when a batch was deferred (429 cardinality_limit)
    // The aggregator's clock minus the host's, if the host's clock is too wrong to store by it.
    std::optional<std::chrono::microseconds> clock_skew{};
    std::optional<std::string> clone_hostname{};  // another machine with its agent's identity
    std::optional<Timestamp> clone_refused_at{};  // when a batch of that one was
};
std::vector<RuleHost> read_rule_hosts(Session& session);

// The newest check of each service. Services of agents that are gone are left out.
struct RuleService {
    std::string name;
    std::string status;
    std::optional<std::int32_t> response_time_ms;
    std::optional<std::string> error_message;
    Timestamp last_checked{};
    Timestamp heard_at{};  // the same by the aggregator's clock
    double interval_seconds = 60;
    std::string hostname{};  // of the agent that checks it; empty = an aggregator does
};
std::vector<RuleService> read_rule_services(Session& session);
// Every check of that service, in order of time.
std::vector<RuleService> read_past_service(Session& session, const std::string& name,
                                           const TimeRange& range);

// When batches of a host were received, in order. Takes some statements more for days that have
// moved.
std::vector<Timestamp> read_receipts(Session& session, std::int32_t host_id,
                                     const TimeRange& range);

// One series of one layout that some rule looks at.
struct WantedEntry {
    std::int32_t layout_id = 0;
    std::int32_t position = 0;
    std::string metric_type;
    std::string label;
    std::string tags_json = "{}";
    std::string unit;
};
// The series of these metrics in those layouts. Ordered by layout and position.
std::vector<WantedEntry> read_wanted_entries(Session& session,
                                             const std::vector<std::string>& metric_types,
                                             const std::vector<std::int32_t>& layouts);

}  // namespace chorus::store
