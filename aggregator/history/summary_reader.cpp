#include "aggregator/history/summary_reader.h"

namespace chorus::store {
namespace {

// Picks the elements of the whole-host series only; breakdowns are not unfolded. OFFSET 0 makes the
// planner pick them below the grouping, here and for series. Else it groups whole rows, with all
// values of each batch once for each series, and sorts them in temporary files.
constexpr const char* kSummary = R"sql(
SELECT h.hostname, s.metric_type, s.average, s.maximum, s.minimum, s.count
FROM (
    SELECT v.host_id, v.metric_type, avg(v.value) AS average, max(v.value) AS maximum,
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
    GROUP BY v.host_id, v.metric_type) s
JOIN monitoring.hosts h ON h.host_id = s.host_id
WHERE s.count > 0
ORDER BY h.hostname, s.metric_type
)sql";

}  // namespace

std::vector<MetricSummary> SummaryReader::read(const std::optional<std::string>& hostname,
                                               Timestamp since) const {
    return database_.read([&](Session& session) {
        std::vector<MetricSummary> lines;
        for (const auto row :
             session.execute_once(kSummary, Parameters{}.text(hostname).timestamp(since))) {
            lines.push_back({std::string{row.text(0)}, std::string{row.text(1)}, row.float8(2),
                             row.float8(3), row.float8(4), row.int8(5)});
        }
        return lines;
    });
}

}  // namespace chorus::store
