// What one round of evaluation has to write. A pure function makes the plan: it knows no database,
// so tests give it every input by hand. write_round() carries it out.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "aggregator/alert_store/alert_refresh.h"
#include "aggregator/alert_store/alert_store.h"
#include "aggregator/alert_store/rule_states.h"
#include "aggregator/alert_store/top_processes.h"
#include "aggregator/alerts/alert_limits.h"
#include "aggregator/alerts/alert_metadata.h"
#include "aggregator/alerts/judge.h"
#include "aggregator/alerts/snapshot.h"
#include "aggregator/rules/stored_rules.h"
#include "common/timestamp.h"
#include "common/uuid.h"

namespace chorus::alerts {

struct RoundOptions {
    std::chrono::seconds period{60};  // between two rounds
    std::size_t most_open_alerts = 10'000;
};

// What the rounds before have left in the database.
struct RoundMemory {
    store::EvaluationWatermark watermark;
    // When each rule that still exists was changed last.
    std::unordered_map<Uuid, Timestamp> versions;
    OpenAlerts open;
    std::unordered_map<Uuid, States> states;  // by rule
};

// An alert to open, or to count once more if it is open.
struct PlannedAlert {
    store::NewAlert alert;                    // of a rule's alert without metadata_json
    std::optional<AlertMetadata> metadata{};  // of a rule's alert
    // A new alert about that host gets the processes that use most of `ranked_by`. 0: none.
    std::int32_t host_id = 0;
    store::Resource ranked_by = store::Resource::cpu;
};

// Holds copies: it outlives the snapshot.
struct RoundPlan {
    Timestamp at{};  // the moment of the round
    store::EvaluationWatermark watermark;
    std::vector<PlannedAlert> alerts;
    std::vector<store::AlertRefresh> refreshes;
    std::vector<store::StatusChange> resolutions;
    std::vector<store::StatusChange> inhibitions;  // because a host is silent, or is so no more
    std::vector<store::StaleMark> stale_marks;
    std::vector<store::RuleStateRow> states;
    std::vector<store::SubjectKey> forgotten;  // states to be deleted
    std::vector<store::RuleOutcome> outcomes;
    std::size_t rules = 0;     // evaluated
    std::size_t subjects = 0;  // of all these
};

// Whether somebody else has made the round of `now` already.
bool is_evaluated(const store::EvaluationWatermark& watermark, Timestamp now,
                  std::chrono::seconds period);

// `rules` are all rules, as they were when `snapshot` was loaded. One that was changed or deleted
// since is left for the next round. Same arguments, same plan; the order of rows may differ.
RoundPlan plan_round(Snapshot snapshot, const std::vector<StoredRule>& rules,
                     const RoundMemory& memory, Timestamp now, const RoundOptions& options);

}  // namespace chorus::alerts
