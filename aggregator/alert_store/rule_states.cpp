#include "aggregator/alert_store/rule_states.h"

#include <limits>

namespace chorus::store {
namespace {

constexpr Statement kRead{"rule_states", R"sql(
SELECT rule_id, subject, phase, since, severity, clear_since, fired_at, resolved_at, flapping, stale
FROM monitoring.alert_rule_states
)sql"};

constexpr const char* kWrite = R"sql(
INSERT INTO monitoring.alert_rule_states AS s (
    rule_id, subject, phase, since, severity, clear_since, fired_at, resolved_at, flapping, stale)
SELECT g.*
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::text[], $6::timestamptz[],
            $7::timestamptz[], $8::timestamptz[], $9::boolean[], $10::boolean[])
    AS g(rule_id, subject, phase, since, severity, clear_since, fired_at, resolved_at, flapping,
         stale)
JOIN monitoring.alert_rules r ON r.id = g.rule_id
ON CONFLICT (rule_id, subject) DO UPDATE
SET phase = excluded.phase, since = excluded.since, severity = excluded.severity,
    clear_since = excluded.clear_since, fired_at = excluded.fired_at,
    resolved_at = excluded.resolved_at, flapping = excluded.flapping, stale = excluded.stale
)sql";

constexpr const char* kForget = R"sql(
DELETE FROM monitoring.alert_rule_states s
USING unnest($1::uuid[], $2::text[]) AS g(rule_id, subject)
WHERE s.rule_id = g.rule_id AND s.subject = g.subject
)sql";

constexpr Statement kLockRules{"rules_lock", R"sql(
SELECT id, updated_at FROM monitoring.alert_rules ORDER BY id FOR NO KEY UPDATE
)sql"};

// Only what changes is written: rules are read far more often.
constexpr const char* kOutcomes = R"sql(
UPDATE monitoring.alert_rules r
SET state = g.state, last_error = e.error,
    last_triggered_at = CASE WHEN g.triggered THEN $5 ELSE r.last_triggered_at END
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::boolean[])
    AS g(rule_id, state, given_error, triggered)
CROSS JOIN LATERAL (SELECT nullif(g.given_error, '') AS error) e
WHERE r.id = g.rule_id
  AND (g.triggered OR r.state <> g.state OR r.last_error IS DISTINCT FROM e.error)
)sql";

constexpr const char* kOpenOfTypes = R"sql(
SELECT id, rule_id, alert_type, fingerprint, source, status,
       coalesce((alert_metadata->>'stale')::boolean, false), alert_metadata->'top_processes',
       hostname, suppressed_by, created_at, alert_metadata->'fired',
       alert_metadata->'fired'->>'text'
FROM monitoring.alerts
WHERE status <> 'resolved' AND fingerprint IS NOT NULL
  AND (rule_id IS NOT NULL OR hostname IS NOT NULL OR alert_type = ANY ($1))
)sql";

constexpr Statement kStale{"alerts_stale", R"sql(
UPDATE monitoring.alerts
SET alert_metadata = CASE WHEN id = ANY ($1) THEN alert_metadata || '{"stale": true}'
                          ELSE alert_metadata - 'stale' END,
    updated_at = clock_timestamp()
WHERE id = ANY ($1) OR id = ANY ($2)
)sql"};

constexpr Statement kReadWatermark{"evaluation_watermark", R"sql(
SELECT evaluated_at, resumed_at FROM monitoring.alert_evaluation FOR NO KEY UPDATE
)sql"};

constexpr Statement kWriteWatermark{"evaluation_watermark_write", R"sql(
UPDATE monitoring.alert_evaluation
SET evaluated_at = $1, resumed_at = $2, duration_seconds = $3
)sql"};

}  // namespace

std::vector<RuleStateRow> read_rule_states(Session& session) {
    std::vector<RuleStateRow> states;
    for (const auto row : session.execute(kRead)) {
        states.push_back({row.uuid(0), std::string{row.text(1)}, std::string{row.text(2)},
                          row.timestamp(3), std::string{row.text(4)}, row.optional_timestamp(5),
                          row.optional_timestamp(6), row.optional_timestamp(7), row.boolean(8),
                          row.boolean(9)});
    }
    return states;
}

void write_rule_states(Session& session, const std::vector<RuleStateRow>& changed,
                       const std::vector<SubjectKey>& forgotten) {
    if (!changed.empty()) {
        std::vector<Uuid> ids;
        std::vector<std::string> subjects, phases, severities;
        std::vector<Timestamp> since;
        std::vector<std::optional<Timestamp>> clear, fired, resolved;
        std::vector<bool> flapping, stale;
        for (const auto& row : changed) {
            ids.push_back(row.rule_id);
            subjects.push_back(row.subject);
            phases.push_back(row.phase);
            since.push_back(row.since);
            severities.push_back(row.severity);
            clear.push_back(row.clear_since);
            fired.push_back(row.fired_at);
            resolved.push_back(row.resolved_at);
            flapping.push_back(row.flapping);
            stale.push_back(row.stale);
        }
        session.execute_once(kWrite, Parameters{}
                                         .uuid_array(std::span{ids})
                                         .text_array(std::span{subjects})
                                         .text_array(std::span{phases})
                                         .timestamp_array(std::span{since})
                                         .text_array(std::span{severities})
                                         .timestamp_array(std::span{clear})
                                         .timestamp_array(std::span{fired})
                                         .timestamp_array(std::span{resolved})
                                         .boolean_array(flapping)
                                         .boolean_array(stale));
    }
    if (forgotten.empty()) return;
    std::vector<Uuid> ids;
    std::vector<std::string> subjects;
    for (const auto& key : forgotten) {
        ids.push_back(key.rule_id);
        subjects.push_back(key.subject);
    }
    session.execute_once(kForget,
                         Parameters{}.uuid_array(std::span{ids}).text_array(std::span{subjects}));
}

std::vector<RuleRow> read_all_rules(Session& session) {
    RuleQuery all;
    all.limit = std::numeric_limits<std::int64_t>::max();
    return list_rules(session, all);
}

std::vector<RuleVersion> lock_rules(Session& session) {
    std::vector<RuleVersion> versions;
    for (const auto row : session.execute(kLockRules)) {
        versions.push_back({row.uuid(0), row.timestamp(1)});
    }
    return versions;
}

void write_rule_outcomes(Session& session, const std::vector<RuleOutcome>& outcomes,
                         Timestamp now) {
    if (outcomes.empty()) return;
    std::vector<Uuid> ids;
    std::vector<std::string> states, errors;
    std::vector<bool> triggered;
    for (const auto& outcome : outcomes) {
        ids.push_back(outcome.rule_id);
        states.push_back(outcome.state);
        errors.push_back(outcome.error.value_or(""));
        triggered.push_back(outcome.triggered);
    }
    session.execute_once(kOutcomes, Parameters{}
                                        .uuid_array(std::span{ids})
                                        .text_array(std::span{states})
                                        .text_array(std::span{errors})
                                        .boolean_array(triggered)
                                        .timestamp(now));
}

std::vector<OpenAlert> read_open_alerts(Session& session,
                                        const std::vector<std::string>& alert_types) {
    std::vector<OpenAlert> alerts;
    for (const auto row :
         session.execute_once(kOpenOfTypes, Parameters{}.text_array(std::span{alert_types}))) {
        alerts.push_back({row.uuid(0), row.optional_uuid(1), std::string{row.text(2)},
                          std::string{row.text(3)}, std::string{row.text(4)},
                          alert_status_from_name(row.text(5)).value_or(AlertStatus::active),
                          row.boolean(6), row.optional_text(7), row.optional_text(8),
                          row.optional_text(9), row.timestamp(10), row.optional_text(11),
                          row.optional_text(12)});
    }
    return alerts;
}

void mark_stale(Session& session, const std::vector<StaleMark>& marks) {
    if (marks.empty()) return;
    std::vector<Uuid> stale, fresh;
    for (const auto& mark : marks) (mark.stale ? stale : fresh).push_back(mark.alert_id);
    session.execute(kStale, Parameters{}.uuid_array(std::span{stale}).uuid_array(std::span{fresh}));
}

EvaluationWatermark lock_evaluation_watermark(Session& session) {
    const auto rows = session.execute(kReadWatermark);
    if (rows.empty()) return {};
    return {rows[0].optional_timestamp(0), rows[0].optional_timestamp(1)};
}

void write_evaluation_watermark(Session& session, const EvaluationWatermark& watermark,
                                double duration_seconds) {
    session.execute(kWriteWatermark, Parameters{}
                                         .timestamp(watermark.evaluated_at)
                                         .timestamp(watermark.resumed_at)
                                         .float8(duration_seconds));
}

}  // namespace chorus::store
