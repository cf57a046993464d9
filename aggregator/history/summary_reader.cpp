#include "aggregator/history/summary_reader.h"

#include <span>

#include "aggregator/history/sealed_summary.h"
#include "aggregator/sealed/history_snapshot.h"
#include "aggregator/sealed/sealed_reader.h"

namespace chorus::store {
namespace {

// Picks the elements of the whole-host series only; breakdowns are not unfolded. OFFSET 0 makes the
// planner pick them below the grouping, here and for series. Else it groups whole rows, with all
// values of each batch once for each series, and sorts them in temporary files.
constexpr const char* kSummary = R"sql(
SELECT h.hostname, s.metric_type, s.total / s.count, s.maximum, s.minimum, s.count::bigint
FROM (
    SELECT u.host_id, u.metric_type, sum(u.total) AS total, max(u.maximum) AS maximum,
           min(u.minimum) AS minimum, sum(u.count) AS count
    FROM (
        SELECT v.host_id, v.metric_type, sum(v.value) AS total, max(v.value) AS maximum,
               min(v.value) AS minimum, count(v.value) AS count
        FROM (
            SELECT b.host_id, e.metric_type, b."values"[e.position] AS value
            FROM monitoring.system_batches b
            JOIN monitoring.layout_entries e ON e.layout_id = b.layout_id AND e.label = ''
            WHERE ($1::text IS NULL
                   OR b.host_id = (SELECT host_id FROM monitoring.hosts WHERE hostname = $1))
              AND b.ts >= $2
              AND b.received_at >= $2  -- a clock that was ahead left rows in the future
            OFFSET 0) v
        GROUP BY v.host_id, v.metric_type
        UNION ALL
        SELECT * FROM unnest($3::int[], $4::text[], $5::float8[], $6::float8[], $7::float8[],
                             $8::bigint[])) u
    GROUP BY u.host_id, u.metric_type) s
JOIN monitoring.hosts h ON h.host_id = s.host_id
WHERE s.count > 0
ORDER BY h.hostname, s.metric_type
)sql";

constexpr Statement kHostId{"summary_host_id", R"sql(
SELECT host_id FROM monitoring.hosts WHERE hostname = $1
)sql"};

SealedSummary read_packed(Session& session, const std::optional<std::string>& hostname,
                          Timestamp since) {
    const auto days = find_sealed_days(session, since, Timestamp::max());
    if (days.empty()) return {};
    std::optional<std::int32_t> host_id;
    if (hostname) {
        const auto hosts = session.execute(kHostId, Parameters{}.text(*hostname));
        if (hosts.empty()) return {};
        host_id = hosts[0].int4(0);
    }
    return read_sealed_summary(session, host_id, since, days);
}

}  // namespace

std::vector<MetricSummary> SummaryReader::read(const std::optional<std::string>& hostname,
                                               Timestamp since) const {
    return database_.read([&](Session& session) {
        const HistorySnapshot snapshot{session};
        const auto packed = read_packed(session, hostname, since);
        Parameters parameters;
        parameters.text(hostname)
            .timestamp(since)
            .int4_array(std::span{packed.host_ids})
            .text_array(std::span{packed.metric_types})
            .float8_array(std::span{packed.sums})
            .float8_array(std::span{packed.maxima})
            .float8_array(std::span{packed.minima})
            .int8_array(std::span{packed.counts});
        std::vector<MetricSummary> lines;
        for (const auto row : session.execute_once(kSummary, parameters)) {
            lines.push_back({std::string{row.text(0)}, std::string{row.text(1)}, row.float8(2),
                             row.float8(3), row.float8(4), row.int8(5)});
        }
        return lines;
    });
}

}  // namespace chorus::store
