#include "aggregator/alert_store/alert_store.h"

#include <unordered_map>

#include "aggregator/alert_store/silence_match.h"
#include "aggregator/postgres/sha256.h"
#include "common/json_writer.h"

namespace chorus::store {
namespace {

// Ordered by fingerprint, so that two writers lock rows in one order. `before` is what stood there
// in this statement's snapshot; a row that came meanwhile gives no transition for its severity, and
// the next bump will.
constexpr Statement kOpenAlert{"alerts_open", R"sql(
WITH given AS (
    SELECT DISTINCT ON (g.fingerprint) g.*,
           count(*) OVER (PARTITION BY g.fingerprint) AS times
    FROM jsonb_to_recordset($1) AS g (
        position int, id uuid, alert_type text, severity text, source text, title text,
        description text, metadata jsonb, hostname text, rule_id uuid, fingerprint text,
        suppressed_by text, actor text, comment text)
    ORDER BY g.fingerprint, g.position
), before AS MATERIALIZED (  -- else it is looked up anew for every alert
    SELECT a.id, a.severity
    FROM monitoring.alerts a
    JOIN given g ON g.fingerprint = a.fingerprint
    WHERE a.status <> 'resolved'
), opened AS (
    INSERT INTO monitoring.alerts AS a (
        id, alert_type, severity, source, title, description, alert_metadata, status, created_at,
        updated_at, hostname, rule_id, fingerprint, occurrences, last_seen_at, suppressed_by)
    SELECT g.id, g.alert_type, g.severity, g.source, g.title, g.description, g.metadata,
           CASE WHEN g.suppressed_by IS NULL THEN 'active' ELSE 'suppressed' END, $2, $2,
           g.hostname, g.rule_id, g.fingerprint, g.times, $2, g.suppressed_by
    FROM given g
    ORDER BY g.fingerprint
    ON CONFLICT (fingerprint) WHERE status <> 'resolved' DO UPDATE
    SET occurrences = a.occurrences + excluded.occurrences,
        last_seen_at = excluded.last_seen_at,
        updated_at = excluded.updated_at,
        severity = excluded.severity,
        description = excluded.description,
        alert_metadata = excluded.alert_metadata
    RETURNING a.id, a.status, a.severity, a.fingerprint
), noted AS (
    INSERT INTO monitoring.alert_transitions (alert_id, at, from_status, to_status, actor, comment)
    SELECT o.id, $2, CASE WHEN o.id = g.id THEN NULL ELSE o.status END, o.status, g.actor,
           CASE WHEN o.id = g.id THEN g.comment
                ELSE 'severity changed from ' || b.severity || ' to ' || o.severity END
    FROM opened o
    JOIN given g ON g.fingerprint = o.fingerprint
    LEFT JOIN before b ON b.id = o.id
    WHERE o.id = g.id OR b.severity <> o.severity
    ORDER BY g.position
)
SELECT o.id, o.status, o.fingerprint, o.id = g.id
FROM opened o
JOIN given g ON g.fingerprint = o.fingerprint
)sql"};

// `before` locks the rows in one order and sees what concurrent writers left.
constexpr Statement kChange{"alerts_change", R"sql(
WITH given AS (
    SELECT *
    FROM jsonb_to_recordset($1) AS g (
        position int, id uuid, status text, actor text, "by" text, comment text,
        only_from text, suppressed_by text)
), before AS (
    SELECT a.id, a.status
    FROM monitoring.alerts a
    WHERE a.id IN (SELECT id FROM given)
    ORDER BY a.id
    FOR UPDATE
), changed AS (
    UPDATE monitoring.alerts a
    SET status = g.status,
        updated_at = $2,
        suppressed_by = CASE g.status WHEN 'suppressed' THEN g.suppressed_by END,
        acknowledged_at = CASE g.status WHEN 'active' THEN NULL WHEN 'acknowledged' THEN $2
                                        ELSE a.acknowledged_at END,
        acknowledged_by = CASE g.status WHEN 'active' THEN NULL
                                        WHEN 'acknowledged' THEN coalesce(g."by", g.actor)
                                        ELSE a.acknowledged_by END,
        resolved_at = CASE g.status WHEN 'active' THEN NULL WHEN 'resolved' THEN $2
                                    ELSE a.resolved_at END,
        resolved_by = CASE g.status WHEN 'active' THEN NULL
                                    WHEN 'resolved' THEN coalesce(g."by", g.actor)
                                    ELSE a.resolved_by END
    FROM given g
    JOIN before b ON b.id = g.id
    WHERE a.id = g.id AND b.status <> g.status
      AND (b.status <> 'resolved' OR g.status = 'active')
      AND (g.only_from IS NULL OR g.only_from = b.status)
    RETURNING a.id, b.status AS from_status, g.status AS to_status, g.actor, g.comment, g.position
), noted AS (
    INSERT INTO monitoring.alert_transitions (alert_id, at, from_status, to_status, actor, comment)
    SELECT c.id, $2, c.from_status, c.to_status, c.actor, c.comment
    FROM changed c
    ORDER BY c.position
)
SELECT b.id, b.status, c.id IS NOT NULL
FROM before b
LEFT JOIN changed c ON c.id = b.id
)sql"};

constexpr Statement kComment{"alert_comment", R"sql(
WITH alert AS (
    UPDATE monitoring.alerts SET updated_at = $4 WHERE id = $1 RETURNING id, status
)
INSERT INTO monitoring.alert_transitions (alert_id, at, from_status, to_status, actor, comment)
SELECT id, $4, status, status, $2, $3 FROM alert
)sql"};

constexpr Statement kNames{"alert_names", R"sql(
UPDATE monitoring.alerts
SET acknowledged_by = coalesce($2, acknowledged_by), resolved_by = coalesce($3, resolved_by),
    updated_at = $4
WHERE id = $1
)sql"};

constexpr Statement kRuleNames{"alert_rule_names", R"sql(
SELECT id, name FROM monitoring.alert_rules WHERE id = ANY ($1)
)sql"};

std::unordered_map<Uuid, std::string> rule_names(Session& session,
                                                 std::span<const NewAlert> alerts) {
    std::vector<Uuid> ids;
    for (const auto& alert : alerts) {
        if (alert.rule_id) ids.push_back(*alert.rule_id);
    }
    std::unordered_map<Uuid, std::string> names;
    if (ids.empty()) return names;
    for (const auto row : session.execute(kRuleNames, Parameters{}.uuid_array(ids))) {
        names[row.uuid(0)] = row.text(1);
    }
    return names;
}

// What suppresses each of the alerts from its start.
std::vector<std::optional<std::string>> suppressors(Session& session,
                                                    std::span<const NewAlert> alerts,
                                                    Timestamp now) {
    const auto silences = active_silences(session, now);
    std::unordered_map<Uuid, std::string> names;
    if (!silences.empty()) names = rule_names(session, alerts);
    std::vector<std::optional<std::string>> reasons;
    reasons.reserve(alerts.size());
    for (const auto& alert : alerts) {
        SilenceSubject subject{.hostname = alert.hostname,
                               .alert_type = alert.alert_type,
                               .source = alert.source,
                               .rule_id = alert.rule_id,
                               .severity = alert.severity};
        if (alert.rule_id) {
            const auto name = names.find(*alert.rule_id);
            if (name != names.end()) subject.rule_name = name->second;
        }
        const auto* silence = find_silence(silences, subject);
        reasons.push_back(silence != nullptr ? silence_reason(silence->id) : alert.suppressed_by);
    }
    return reasons;
}

// All values of a set of alerts travel as one JSON parameter.
template <typename Items, typename Write>
std::string records(const Items& items, Write&& write) {
    JsonWriter out;
    out.begin_array();
    for (std::size_t i = 0; i < items.size(); ++i) {
        out.begin_object().field("position", i);
        write(out, items[i], i);
        out.end_object();
    }
    out.end_array();
    return out.take();
}

AlertStatus status_of(std::string_view name) {
    return alert_status_from_name(name).value();
}

}  // namespace

std::string alert_fingerprint(std::string_view origin, std::string_view source,
                              std::string_view subject) {
    std::string text;
    for (const auto part : {origin, source, subject}) {
        text += std::to_string(part.size()) + ':';
        text += part;
    }
    constexpr std::string_view kHex = "0123456789abcdef";
    std::string digits;
    for (const char c : sha256(text).substr(0, 16)) {
        const auto byte = static_cast<unsigned char>(c);
        digits += kHex[byte >> 4U];
        digits += kHex[byte & 15U];
    }
    return digits;
}

std::vector<OpenedAlert> open_alerts(Session& session, std::span<const NewAlert> alerts,
                                     Timestamp now) {
    if (alerts.empty()) return {};
    const auto suppressed_by = suppressors(session, alerts, now);
    const auto json = records(alerts, [&](JsonWriter& out, const NewAlert& alert, std::size_t i) {
        out.field("id", Uuid::random().to_string())
            .field("alert_type", alert.alert_type)
            .field("severity", to_string(alert.severity))
            .field("source", alert.source)
            .field("title", alert.title)
            .field("description", alert.description)
            .key("metadata")
            .raw(alert.metadata_json)
            .field("hostname", alert.hostname)
            .key("rule_id");
        alert.rule_id ? out.value(alert.rule_id->to_string()) : out.null();
        out.field("fingerprint", alert.fingerprint)
            .field("suppressed_by", suppressed_by[i])
            .field("actor", alert.actor)
            .field("comment", alert.comment);
    });
    std::unordered_map<std::string, OpenedAlert> by_fingerprint;
    for (const auto row : session.execute(kOpenAlert, Parameters{}.json(json).timestamp(now))) {
        by_fingerprint[std::string{row.text(2)}] = {row.uuid(0), row.boolean(3),
                                                    status_of(row.text(1))};
    }
    std::vector<OpenedAlert> opened;
    opened.reserve(alerts.size());
    for (const auto& alert : alerts) {
        auto& one = by_fingerprint.at(alert.fingerprint);
        opened.push_back(one);
        one.created = false;  // a second one of the same set found it open
    }
    return opened;
}

OpenedAlert open_alert(Session& session, const NewAlert& alert, Timestamp now) {
    return open_alerts(session, std::span{&alert, 1}, now).front();
}

std::vector<ChangeResult> change_statuses(Session& session, std::span<const StatusChange> changes,
                                          Timestamp now) {
    if (changes.empty()) return {};
    const auto json = records(changes, [](JsonWriter& out, const StatusChange& c, std::size_t) {
        out.field("id", c.alert_id.to_string())
            .field("status", to_string(c.to))
            .field("actor", c.actor)
            .field("by", c.by)
            .field("comment", c.comment)
            .field("suppressed_by", c.suppressed_by)
            .key("only_from");
        c.only_from ? out.value(to_string(*c.only_from)) : out.null();
    });
    struct Found {
        AlertStatus from;
        bool changed;
    };
    std::unordered_map<Uuid, Found> found;
    for (const auto row : session.execute(kChange, Parameters{}.json(json).timestamp(now))) {
        found[row.uuid(0)] = {status_of(row.text(1)), row.boolean(2)};
    }
    std::vector<ChangeResult> results;
    results.reserve(changes.size());
    for (const auto& change : changes) {
        const auto alert = found.find(change.alert_id);
        if (alert == found.end()) {
            results.push_back(ChangeResult::not_found);
        } else if (alert->second.changed) {
            results.push_back(ChangeResult::changed);
        } else {
            results.push_back(alert->second.from == change.to ? ChangeResult::unchanged
                                                              : ChangeResult::not_allowed);
        }
    }
    return results;
}

ChangeResult change_status(Session& session, const StatusChange& change, Timestamp now) {
    return change_statuses(session, std::span{&change, 1}, now).front();
}

bool add_comment(Session& session, const Uuid& alert_id, const std::string& actor,
                 const std::string& comment, Timestamp now) {
    return session
               .execute(kComment,
                        Parameters{}.uuid(alert_id).text(actor).text(comment).timestamp(now))
               .affected() == 1;
}

void set_names(Session& session, const Uuid& alert_id,
               const std::optional<std::string>& acknowledged_by,
               const std::optional<std::string>& resolved_by, Timestamp now) {
    session.execute(
        kNames, Parameters{}.uuid(alert_id).text(acknowledged_by).text(resolved_by).timestamp(now));
}

}  // namespace chorus::store
