// What the evaluator of alert rules remembers between rounds.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "aggregator/alert_store/alert_types.h"
#include "aggregator/alert_store/rule_store.h"
#include "aggregator/postgres/session.h"
#include "common/timestamp.h"
#include "common/uuid.h"

namespace chorus::store {

struct RuleStateRow {
    Uuid rule_id;
    std::string subject;
    std::string phase;  // ok, pending, firing
    Timestamp since{};
    std::string severity;
    std::optional<Timestamp> clear_since;
    std::optional<Timestamp> fired_at;
    std::optional<Timestamp> resolved_at;
    bool flapping = false;
    bool stale = false;
};
std::vector<RuleStateRow> read_rule_states(Session& session);

struct SubjectKey {
    Uuid rule_id;
    std::string subject;
};
// Both together take two statements. Rows of rules that are gone are left out.
void write_rule_states(Session& session, const std::vector<RuleStateRow>& changed,
                       const std::vector<SubjectKey>& forgotten);

// Every rule, whatever its state.
std::vector<RuleRow> read_all_rules(Session& session);

struct RuleVersion {
    Uuid id;
    Timestamp updated_at{};
};
// Locks every rule until the transaction ends, so that nobody changes or deletes one meanwhile.
std::vector<RuleVersion> lock_rules(Session& session);

// The result of a rule in a round.
struct RuleOutcome {
    Uuid rule_id;
    std::string state;
    std::optional<std::string> error;
    bool triggered = false;
};
void write_rule_outcomes(Session& session, const std::vector<RuleOutcome>& outcomes, Timestamp now);

struct OpenAlert {
    Uuid id;
    std::optional<Uuid> rule_id;
    std::string alert_type;
    std::string fingerprint;
    std::string source;
    AlertStatus status = AlertStatus::active;
    bool stale = false;
    std::optional<std::string> top_processes_json;  // of its metadata
    std::optional<std::string> hostname;
    std::optional<std::string> suppressed_by;
    Timestamp created_at{};
    std::optional<std::string> fired_json;  // of its metadata: what fired it
    std::optional<std::string> fired_text;  // the text in that
};
// Alerts of rules, alerts of hosts, and alerts of the `alert_types` that the evaluator opens by
// itself.
std::vector<OpenAlert> read_open_alerts(Session& session,
                                        const std::vector<std::string>& alert_types);
struct StaleMark {
    Uuid alert_id;
    bool stale = true;
};
// Says in the metadata of alerts whether there is no data about them at present. One statement.
void mark_stale(Session& session, const std::vector<StaleMark>& marks);

// Up to when rules have been evaluated.
struct EvaluationWatermark {
    std::optional<Timestamp> evaluated_at;
    // When evaluation began, or went on after a pause. The silence of hosts counts from then.
    std::optional<Timestamp> resumed_at;
};
// Nobody else evaluates until the transaction ends.
EvaluationWatermark lock_evaluation_watermark(Session& session);
void write_evaluation_watermark(Session& session, const EvaluationWatermark& watermark,
                                double duration_seconds);

}  // namespace chorus::store
