#include "aggregator/alert_store/alert_refresh.h"

#include "common/json_writer.h"

namespace chorus::store {
namespace {

// Rows are locked in one order; who has closed an alert meanwhile is not overruled.
constexpr Statement kRefresh{"alerts_refresh", R"sql(
WITH given AS (
    SELECT *
    FROM jsonb_to_recordset($1) AS g (
        id uuid, description text, metadata jsonb, severity text, actor text)
), before AS (
    SELECT a.id, a.severity
    FROM monitoring.alerts a
    WHERE a.id IN (SELECT id FROM given) AND a.status <> 'resolved'
    ORDER BY a.id
    FOR UPDATE
), changed AS (
    UPDATE monitoring.alerts a
    SET description = g.description,
        alert_metadata = coalesce(g.metadata, a.alert_metadata),
        severity = coalesce(g.severity, a.severity),
        updated_at = $2
    FROM given g
    JOIN before b ON b.id = g.id
    WHERE a.id = g.id
    RETURNING a.id, a.status, a.severity, b.severity AS before, g.actor
)
INSERT INTO monitoring.alert_transitions (alert_id, at, from_status, to_status, actor, comment)
SELECT id, $2, status, status, actor, 'severity changed from ' || before || ' to ' || severity
FROM changed
WHERE severity <> before
ORDER BY id
)sql"};

}  // namespace

void refresh_alerts(Session& session, std::span<const AlertRefresh> alerts, Timestamp now) {
    if (alerts.empty()) return;
    JsonWriter out;
    out.begin_array();
    for (const auto& alert : alerts) {
        out.begin_object()
            .field("id", alert.alert_id.to_string())
            .field("description", alert.description)
            .field("actor", alert.actor)
            .key("severity");
        alert.severity ? out.value(to_string(*alert.severity)) : out.null();
        out.key("metadata");
        alert.metadata_json ? out.raw(*alert.metadata_json) : out.null();
        out.end_object();
    }
    out.end_array();
    session.execute(kRefresh, Parameters{}.json(out.take()).timestamp(now));
}

}  // namespace chorus::store
