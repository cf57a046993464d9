#include "aggregator/alert_store/silence_store.h"

namespace chorus::store {
namespace {

constexpr std::string_view kReasonPrefix = "silence:";

// $1 is always the moment for which the state is told.
#define SILENCES                                                                              \
    "SELECT * FROM (SELECT s.id, s.hostname, s.alert_type, s.source, s.rule_id, s.rule_name," \
    " s.severities, s.starts_at, s.ends_at, s.time_zone, s.windows, s.created_by, s.comment," \
    " s.created_at, s.updated_at,"                                                            \
    " CASE WHEN s.ends_at <= $1 THEN 'expired' WHEN s.starts_at > $1 THEN 'pending'"          \
    " WHEN s.windows IS NULL OR monitoring.in_windows(s.windows, s.time_zone, $1)"            \
    " THEN 'active' ELSE 'idle' END AS state"                                                 \
    " FROM monitoring.silences s"

constexpr Statement kActive{"silences_active", SILENCES
                            " WHERE s.starts_at <= $1 AND (s.ends_at IS NULL OR s.ends_at > $1)) q"
                            " WHERE q.state = 'active' ORDER BY q.created_at, q.id"};
constexpr Statement kFindSilences{"silences_find", SILENCES
                                  ") q WHERE $2::text[] = '{}' OR q.state = ANY ($2)"
                                  " ORDER BY q.created_at DESC, q.id DESC LIMIT $3 OFFSET $4"};
constexpr Statement kCountSilences{"silences_count",
                                   "SELECT count(*) FROM (" SILENCES
                                   ") q WHERE $2::text[] = '{}' OR q.state = ANY ($2)) counted"};
constexpr Statement kOneSilence{"silence_one", SILENCES " WHERE s.id = $2) q"};
constexpr Statement kLockSilence{"silence_lock", SILENCES " WHERE s.id = $2 FOR UPDATE) q"};

#undef SILENCES

constexpr Statement kInsertSilence{"silence_insert", R"sql(
INSERT INTO monitoring.silences (
    id, hostname, alert_type, source, rule_id, rule_name, severities, starts_at, ends_at, time_zone,
    windows, created_by, comment, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, nullif($7::text[], '{}'), $8, $9, $10, $11, $12, $13, $14, $15)
)sql"};

constexpr Statement kUpdateSilence{"silence_update", R"sql(
UPDATE monitoring.silences
SET starts_at = $2, ends_at = $3, comment = $4, updated_at = $5
WHERE id = $1
)sql"};

constexpr Statement kDeleteSilence{"silence_delete", R"sql(
DELETE FROM monitoring.silences WHERE id = $1
)sql"};

constexpr Statement kZone{"silence_zone", R"sql(
SELECT EXISTS (SELECT FROM pg_catalog.pg_timezone_names WHERE name = $1)
)sql"};

constexpr Statement kSubjects{"silence_subjects", R"sql(
SELECT a.id, a.status, a.suppressed_by, a.hostname, a.alert_type, a.source, a.rule_id, r.name,
       a.severity
FROM monitoring.alerts a
LEFT JOIN monitoring.alert_rules r ON r.id = a.rule_id
WHERE a.status <> 'resolved'
  AND (a.status = 'active'
       OR a.status = 'suppressed'
          AND (a.suppressed_by LIKE 'silence:%' OR a.suppressed_by LIKE 'inhibited:%'))
)sql"};

constexpr Statement kSilentHosts{"silence_silent_hosts", R"sql(
SELECT DISTINCT hostname FROM monitoring.alerts
WHERE status <> 'resolved' AND alert_type = 'host_silent' AND hostname IS NOT NULL
)sql"};

constexpr Statement kHandOver{"silence_hand_over", R"sql(
UPDATE monitoring.alerts a SET suppressed_by = h.reason, updated_at = $3
FROM unnest($1::uuid[], $2::text[]) AS h (id, reason)
WHERE a.id = h.id AND a.status = 'suppressed'
    AND (a.suppressed_by LIKE 'silence:%' OR a.suppressed_by LIKE 'inhibited:%')
)sql"};

constexpr Statement kAnySilenced{"silence_any", R"sql(
SELECT EXISTS (SELECT FROM monitoring.alerts
               WHERE status <> 'resolved' AND suppressed_by LIKE 'silence:%')
)sql"};

SilenceRow read_silence(const Row& row) {
    SilenceRow silence;
    silence.id = row.uuid(0);
    silence.matchers.hostname = row.optional_text(1);
    silence.matchers.alert_type = row.optional_text(2);
    silence.matchers.source = row.optional_text(3);
    silence.matchers.rule_id = row.optional_uuid(4);
    silence.matchers.rule_name = row.optional_text(5);
    for (const auto& name : row.text_array(6)) {
        silence.matchers.severities.push_back(severity_from_name(name).value());
    }
    silence.starts_at = row.timestamp(7);
    silence.ends_at = row.optional_timestamp(8);
    if (!row.is_null(9)) {
        silence.weekly = WeeklyWindows{std::string{row.text(9)}, std::string{row.text(10)}};
    }
    silence.created_by = row.text(11);
    silence.comment = row.text(12);
    silence.created_at = row.timestamp(13);
    silence.updated_at = row.timestamp(14);
    silence.state = silence_state_from_name(row.text(15)).value();
    return silence;
}

template <typename Words>
std::vector<std::string> names_of(const Words& words) {
    std::vector<std::string> list;
    for (const auto word : words) list.emplace_back(to_string(word));
    return list;
}

std::vector<SilenceRow> read_all(const Result& rows) {
    std::vector<SilenceRow> silences;
    for (const auto row : rows) silences.push_back(read_silence(row));
    return silences;
}

}  // namespace

std::string_view to_string(SilenceState state) {
    switch (state) {
        case SilenceState::pending:
            return "pending";
        case SilenceState::active:
            return "active";
        case SilenceState::idle:
            return "idle";
        case SilenceState::expired:
            return "expired";
    }
    return "";
}

std::optional<SilenceState> silence_state_from_name(std::string_view name) {
    for (const auto state : kSilenceStates) {
        if (to_string(state) == name) return state;
    }
    return std::nullopt;
}

std::vector<SilenceRow> active_silences(Session& session, Timestamp now) {
    return read_all(session.execute(kActive, Parameters{}.timestamp(now)));
}

std::vector<SilenceRow> find_silences(Session& session, const SilenceQuery& query, Timestamp now) {
    return read_all(session.execute(kFindSilences, Parameters{}
                                                       .timestamp(now)
                                                       .text_array(names_of(query.states))
                                                       .int8(query.limit)
                                                       .int8(query.offset)));
}

std::int64_t count_silences(Session& session, const SilenceQuery& query, Timestamp now) {
    const auto parameters = Parameters{}.timestamp(now).text_array(names_of(query.states));
    return session.execute(kCountSilences, parameters)[0].int8(0);
}

std::optional<SilenceRow> read_silence(Session& session, const Uuid& id, Timestamp now, bool lock) {
    const auto rows =
        session.execute(lock ? kLockSilence : kOneSilence, Parameters{}.timestamp(now).uuid(id));
    if (rows.empty()) return std::nullopt;
    return read_silence(rows[0]);
}

void insert_silence(Session& session, const SilenceRow& silence) {
    const auto& m = silence.matchers;
    Parameters parameters;
    parameters.uuid(silence.id)
        .text(m.hostname)
        .text(m.alert_type)
        .text(m.source)
        .uuid(m.rule_id)
        .text(m.rule_name)
        .text_array(names_of(m.severities))
        .timestamp(silence.starts_at)
        .timestamp(silence.ends_at);
    if (silence.weekly) {
        parameters.text(silence.weekly->time_zone).json(silence.weekly->windows_json);
    } else {
        parameters.text(std::nullopt).json(std::nullopt);
    }
    parameters.text(silence.created_by)
        .text(silence.comment)
        .timestamp(silence.created_at)
        .timestamp(silence.updated_at);
    session.execute(kInsertSilence, parameters);
}

void update_silence(Session& session, const SilenceRow& silence) {
    session.execute(kUpdateSilence, Parameters{}
                                        .uuid(silence.id)
                                        .timestamp(silence.starts_at)
                                        .timestamp(silence.ends_at)
                                        .text(silence.comment)
                                        .timestamp(silence.updated_at));
}

bool delete_silence(Session& session, const Uuid& id) {
    return session.execute(kDeleteSilence, Parameters{}.uuid(id)).affected() == 1;
}

bool known_time_zone(Session& session, const std::string& name) {
    return session.execute(kZone, Parameters{}.text(name))[0].boolean(0);
}

std::vector<SilenceSubject> silence_subjects(Session& session) {
    std::vector<SilenceSubject> subjects;
    for (const auto row : session.execute(kSubjects)) {
        subjects.push_back({.alert_id = row.uuid(0),
                            .status = alert_status_from_name(row.text(1)).value(),
                            .suppressed_by = row.optional_text(2),
                            .hostname = row.optional_text(3),
                            .alert_type = std::string{row.text(4)},
                            .source = std::string{row.text(5)},
                            .rule_id = row.optional_uuid(6),
                            .rule_name = row.optional_text(7),
                            .severity = severity_from_name(row.text(8)).value()});
    }
    return subjects;
}

std::unordered_set<std::string> silent_hosts(Session& session) {
    std::unordered_set<std::string> hosts;
    for (const auto row : session.execute(kSilentHosts)) hosts.emplace(row.text(0));
    return hosts;
}

bool any_silenced(Session& session) {
    return session.execute(kAnySilenced)[0].boolean(0);
}

bool is_silenced(const SilenceSubject& subject) {
    return subject.suppressed_by && subject.suppressed_by->starts_with(kReasonPrefix);
}

void hand_over(Session& session, const std::vector<HandOver>& alerts, Timestamp now) {
    if (alerts.empty()) return;
    std::vector<Uuid> ids;
    std::vector<std::string> reasons;
    for (const auto& alert : alerts) {
        ids.push_back(alert.alert_id);
        reasons.push_back(alert.reason);
    }
    session.execute(kHandOver, Parameters{}.uuid_array(ids).text_array(reasons).timestamp(now));
}

std::string silence_reason(const Uuid& id) {
    return std::string{kReasonPrefix} + id.to_string();
}

}  // namespace chorus::store
