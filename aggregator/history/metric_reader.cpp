#include "aggregator/history/metric_reader.h"

#include <algorithm>
#include <limits>

#include "aggregator/history/direction.h"
#include "aggregator/history/sample_id.h"
#include "common/json_writer.h"

namespace chorus::store {
namespace {

// Planned anew for each call with the values known, so that a condition that is switched off by
// NULL costs nothing, the others reach the primary key (with a host) or the index on ts (without
// one), and only the partitions of the time range are opened. Rows come in the index's order, so
// LIMIT ends the scan.
constexpr std::string_view kFind = R"sql(
SELECT b.ts, b.received_at, b.host_id, h.hostname, e.position, e.metric_type,
       b."values"[e.position], e.unit, e.label, e.tags
FROM monitoring.system_batches b
JOIN monitoring.hosts h ON h.host_id = b.host_id
JOIN monitoring.layout_entries e ON e.layout_id = b.layout_id
WHERE ($1::int IS NULL OR b.host_id = $1)
  AND b.ts BETWEEN $2 AND $3
  AND ($4::text IS NULL OR e.metric_type = $4)
  AND ($5::jsonb IS NULL OR e.tags @> $5)
  AND ($6::timestamptz IS NULL OR (b.ts, b.host_id, e.position) @BEHIND@ ($6, $7::int, $8::int))
  AND b."values"[e.position] IS NOT NULL
ORDER BY b.ts @DIRECTION@, b.host_id @DIRECTION@, e.position @DIRECTION@
LIMIT $9 OFFSET $10
)sql";

constexpr const char* kCount = R"sql(
SELECT count(*)
FROM monitoring.system_batches b
JOIN monitoring.layout_entries e ON e.layout_id = b.layout_id
WHERE ($1::int IS NULL OR b.host_id = $1)
  AND b.ts BETWEEN $2 AND $3
  AND ($4::text IS NULL OR e.metric_type = $4)
  AND ($5::jsonb IS NULL OR e.tags @> $5)
  AND b."values"[e.position] IS NOT NULL
)sql";

constexpr Statement kHostId{"metric_host_id", R"sql(
SELECT host_id FROM monitoring.hosts WHERE hostname = $1
)sql"};

// Whether any layout can answer; without this a misspelt name would scan every batch.
constexpr const char* kAnyEntry = R"sql(
SELECT EXISTS (
    SELECT FROM monitoring.layout_entries e
    WHERE ($1::text IS NULL OR e.metric_type = $1) AND ($2::jsonb IS NULL OR e.tags @> $2))
)sql";

std::optional<std::string> tags_filter(const MetricQuery& query) {
    if (query.tags.empty()) return std::nullopt;
    JsonWriter json;
    json.begin_object();
    for (const auto& [key, value] : query.tags) json.field(key, value);
    json.end_object();
    return json.take();
}

// The parameters that find and count share: host, range, metric, tags. nullopt: nothing can match.
std::optional<Parameters> filters(Session& session, const MetricQuery& query) {
    const auto tags = tags_filter(query);
    std::optional<std::int32_t> host_id;
    if (query.hostname) {
        const auto hosts = session.execute(kHostId, Parameters{}.text(*query.hostname));
        if (hosts.empty()) return std::nullopt;
        host_id = hosts[0].int4(0);
    }
    if (query.metric_type || tags) {
        const auto any =
            session.execute_once(kAnyEntry, Parameters{}.text(query.metric_type).json(tags));
        if (!any[0].boolean(0)) return std::nullopt;
    }
    auto start = query.start.value_or(Timestamp::min());
    auto end = query.end.value_or(Timestamp::max());
    if (query.after) {
        (query.ascending ? start : end) =
            query.ascending ? std::max(start, query.after->time) : std::min(end, query.after->time);
    }
    Parameters parameters;
    parameters.int4(host_id).timestamp(start).timestamp(end).text(query.metric_type).json(tags);
    return parameters;
}

}  // namespace

std::vector<MetricRow> MetricReader::find(const MetricQuery& query) const {
    return database_.read([&](Session& session) {
        std::vector<MetricRow> rows;
        auto parameters = filters(session, query);
        if (!parameters) return rows;
        add_cursor(*parameters, query.after);
        parameters->int8(query.limit).int8(query.offset);
        for (const auto row :
             session.execute_once(with_direction(kFind, query.ascending), *parameters)) {
            MetricRow out;
            out.time = row.timestamp(0);
            out.created_at = row.timestamp(1);
            out.cursor = {out.time, row.int4(2), row.int4(4)};
            out.id =
                sample_id(out.time, out.cursor.host_id, SampleKind::system, out.cursor.position);
            out.hostname = row.text(3);
            out.metric_type = row.text(5);
            out.value = row.float8(6);
            out.unit = row.text(7);
            out.label = row.text(8);
            out.tags_json = row.text(9);
            rows.push_back(std::move(out));
        }
        return rows;
    });
}

std::int64_t MetricReader::count(const MetricQuery& query) const {
    return database_.read([&](Session& session) -> std::int64_t {
        auto unpaged = query;
        unpaged.after.reset();
        const auto parameters = filters(session, unpaged);
        return parameters ? session.execute_once(kCount, *parameters)[0].int8(0) : 0;
    });
}

}  // namespace chorus::store
