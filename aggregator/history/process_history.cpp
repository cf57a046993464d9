#include "aggregator/history/process_history.h"

#include <algorithm>
#include <array>
#include <limits>

namespace chorus::store {
namespace {

using std::chrono::seconds;

// One life of a process has several rows where exec changed its name or arguments. The time of its
// start is computed from the clock at boot, which NTP may still have moved a little.
constexpr const char* kRefs = R"sql(
WITH lives AS (
    SELECT p.process_ref, p.started_at
    FROM monitoring.processes p
    JOIN monitoring.hosts h ON h.host_id = p.host_id
    WHERE h.hostname = $1 AND p.pid = $2)
SELECT process_ref
FROM lives
WHERE abs(extract(epoch FROM started_at
    - coalesce($3, (SELECT max(started_at) FROM lives)))) <= 2
   OR ($3 IS NULL AND (SELECT max(started_at) FROM lives) IS NULL)
)sql";

// Looks the process up in each batch and unfolds nothing else.
constexpr const char* kProcessBuckets = R"sql(
SELECT date_bin($5::interval, v.ts, '1970-01-01 00:00:00+00'),
       avg(v.cpu)::float8, min(v.cpu)::float8, max(v.cpu)::float8,
       avg(v.memory)::float8, min(v.memory)::float8, max(v.memory)::float8,
       avg(v.threads)::float8, min(v.threads)::float8, max(v.threads)::float8,
       avg(v.fds)::float8, min(v.fds)::float8, max(v.fds)::float8,
       avg(v.read)::float8, min(v.read)::float8, max(v.read)::float8,
       avg(v.written)::float8, min(v.written)::float8, max(v.written)::float8
FROM (
    SELECT b.ts, b.cpu_percent[u.position] AS cpu,
           coalesce(b.rss_bytes[u.position], b.rss_kib[u.position]::bigint * 1024)
               / 1048576.0::float8 AS memory,
           b.num_threads[u.position] AS threads, b.fd_count[u.position] AS fds,
           coalesce(b.read_bytes[u.position], b.read_sectors[u.position]::bigint * 512) AS read,
           coalesce(b.write_bytes[u.position], b.write_sectors[u.position]::bigint * 512) AS written
    FROM monitoring.process_batches b
    CROSS JOIN unnest($4::bigint[]) AS p(process_ref)
    CROSS JOIN LATERAL (
        SELECT coalesce(
            CASE WHEN p.process_ref - b.ref_base BETWEEN 0 AND 2147483647
                 THEN array_position(b.refs, (p.process_ref - b.ref_base)::int) END,
            array_position(b.refs_wide, p.process_ref)) AS position) u
    WHERE b.host_id = (SELECT host_id FROM monitoring.hosts WHERE hostname = $1)
      AND b.ts BETWEEN $2 AND $3
      AND u.position IS NOT NULL) v
GROUP BY 1
)sql";

struct Column {
    const char* name;
    const char* unit;
};
constexpr std::array<Column, 6> kColumns{{{"cpu_percent", "percent"},
                                          {"memory_mb", "mb"},
                                          {"num_threads", "count"},
                                          {"fd_count", "count"},
                                          {"disk_read_bytes", "bytes"},
                                          {"disk_write_bytes", "bytes"}}};

SeriesAnswer empty_answer(const ProcessHistoryQuery& query) {
    SeriesAnswer answer;
    answer.step_seconds = step_seconds(query.start, query.end, query.max_points);
    const auto step = answer.step_seconds;
    for (auto i = to_unix_seconds(query.start) / step; i <= to_unix_seconds(query.end) / step;
         ++i) {
        answer.times.push_back(i * step);
    }
    const std::vector<double> unknown(answer.times.size(),
                                      std::numeric_limits<double>::quiet_NaN());
    for (const Column& column : kColumns) {
        answer.series.push_back({column.name, "", "{}", column.unit, unknown, unknown, unknown});
    }
    return answer;
}

double value_or_nan(const Row& row, std::size_t column) {
    return row.optional_float8(static_cast<int>(column))
        .value_or(std::numeric_limits<double>::quiet_NaN());
}

}  // namespace

std::optional<SeriesAnswer> ProcessHistoryReader::read(const ProcessHistoryQuery& query) const {
    return database_.read([&](Session& session) -> std::optional<SeriesAnswer> {
        std::vector<std::int64_t> refs;
        for (const auto row : session.execute_once(kRefs, Parameters{}
                                                              .text(query.hostname)
                                                              .int4(query.process_id)
                                                              .timestamp(query.started_at))) {
            refs.push_back(row.int8(0));
        }
        if (refs.empty()) return std::nullopt;
        SeriesAnswer answer = empty_answer(query);
        for (const auto row :
             session.execute_once(kProcessBuckets, Parameters{}
                                                       .text(query.hostname)
                                                       .timestamp(query.start)
                                                       .timestamp(query.end)
                                                       .int8_array(std::span{refs})
                                                       .interval(seconds{answer.step_seconds}))) {
            const auto found = std::lower_bound(answer.times.begin(), answer.times.end(),
                                                to_unix_seconds(row.timestamp(0)));
            if (found == answer.times.end()) continue;
            const auto at = static_cast<std::size_t>(found - answer.times.begin());
            for (std::size_t c = 0; c < kColumns.size(); ++c) {
                answer.series[c].average[at] = value_or_nan(row, 1 + 3 * c);
                answer.series[c].minimum[at] = value_or_nan(row, 2 + 3 * c);
                answer.series[c].maximum[at] = value_or_nan(row, 3 + 3 * c);
            }
        }
        return answer;
    });
}

}  // namespace chorus::store
