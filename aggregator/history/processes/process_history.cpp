#include "aggregator/history/processes/process_history.h"

#include <algorithm>
#include <array>
#include <limits>
#include <vector>

#include "aggregator/sealed/history_snapshot.h"
#include "aggregator/sealed/processes/process_reader.h"
#include "common/batch/process_columns.h"

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
SELECT process_ref, (SELECT host_id FROM monitoring.hosts WHERE hostname = $1)
FROM lives
WHERE abs(extract(epoch FROM started_at
    - coalesce($3, (SELECT max(started_at) FROM lives)))) <= 2
   OR ($3 IS NULL AND (SELECT max(started_at) FROM lives) IS NULL)
)sql";

// Looks the process up in each batch and unfolds nothing else. Sums, so that what is packed can be
// added.
constexpr const char* kProcessBuckets = R"sql(
SELECT date_bin($5::interval, v.ts, '1970-01-01 00:00:00+00'),
       sum(v.cpu::float8), count(v.cpu), min(v.cpu)::float8, max(v.cpu)::float8,
       sum(v.memory)::float8, count(v.memory), min(v.memory)::float8, max(v.memory)::float8,
       sum(v.threads)::float8, count(v.threads), min(v.threads)::float8, max(v.threads)::float8,
       sum(v.fds)::float8, count(v.fds), min(v.fds)::float8, max(v.fds)::float8,
       sum(v.read)::float8, count(v.read), min(v.read)::float8, max(v.read)::float8,
       sum(v.written)::float8, count(v.written), min(v.written)::float8, max(v.written)::float8
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
    WHERE b.host_id = $1
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

// What is added up of a bucket, by column.
struct Sum {
    double sum = 0, minimum = 0, maximum = 0;
    std::int64_t count = 0;

    void add(double other, std::int64_t values, double least, double greatest) {
        if (values == 0) return;
        minimum = count == 0 ? least : std::min(minimum, least);
        maximum = count == 0 ? greatest : std::max(maximum, greatest);
        sum += other;
        count += values;
    }
};
using Sums = std::vector<std::array<Sum, kColumns.size()>>;  // by bucket

std::optional<double> figure_of(const RunReader& reader, std::size_t column, std::size_t table) {
    static constexpr std::array<std::size_t, kColumns.size()> figures{
        figure_index<process_column_index("cpu_percent")>(),
        figure_index<process_column_index("memory_rss_bytes")>(),
        figure_index<process_column_index("num_threads")>(),
        figure_index<process_column_index("fd_count")>(),
        figure_index<process_column_index("disk_read_bytes")>(),
        figure_index<process_column_index("disk_write_bytes")>()};
    const auto figure = reader.figure(figures[column], table);
    if (figure == kUnknown) return std::nullopt;
    if (column == 0) return real_of_figure(figure);
    return column == 1 ? static_cast<double>(figure) / 1048576.0 : static_cast<double>(figure);
}

void add_packed(const ProcessOfBlock& process, const ProcessHistoryQuery& query,
                const SeriesAnswer& answer, Sums& sums) {
    const RunReader reader{process.run, process.common};
    const auto first = answer.times.front() / answer.step_seconds;
    for (auto t = process.run.first; t < process.run.first + process.run.tables; ++t) {
        const auto time = process.times[t];
        if (time < query.start || time > query.end) continue;
        const auto at = to_unix_seconds(time) / answer.step_seconds - first;
        if (at < 0 || static_cast<std::size_t>(at) >= sums.size()) continue;
        auto& bucket = sums[static_cast<std::size_t>(at)];
        for (std::size_t c = 0; c < kColumns.size(); ++c) {
            if (const auto value = figure_of(reader, c, t)) {
                bucket[c].add(*value, 1, *value, *value);
            }
        }
    }
}

void add_stored(Session& session, std::int32_t host_id, std::span<const std::int64_t> refs,
                const ProcessHistoryQuery& query, const SeriesAnswer& answer, Sums& sums) {
    const auto first = answer.times.front() / answer.step_seconds;
    for (const auto row :
         session.execute_once(kProcessBuckets, Parameters{}
                                                   .int4(host_id)
                                                   .timestamp(query.start)
                                                   .timestamp(query.end)
                                                   .int8_array(refs)
                                                   .interval(seconds{answer.step_seconds}))) {
        const auto at = to_unix_seconds(row.timestamp(0)) / answer.step_seconds - first;
        if (at < 0 || static_cast<std::size_t>(at) >= sums.size()) continue;
        auto& bucket = sums[static_cast<std::size_t>(at)];
        for (std::size_t c = 0; c < kColumns.size(); ++c) {
            const auto from = static_cast<int>(1 + 4 * c);
            if (row.int8(from + 1) == 0) continue;
            bucket[c].add(row.float8(from), row.int8(from + 1), row.float8(from + 2),
                          row.float8(from + 3));
        }
    }
}

void fill(const Sums& sums, SeriesAnswer& answer) {
    for (std::size_t at = 0; at < sums.size(); ++at) {
        for (std::size_t c = 0; c < kColumns.size(); ++c) {
            const auto& sum = sums[at][c];
            if (sum.count == 0) continue;
            auto& series = answer.series[c];
            series.average[at] = sum.sum / static_cast<double>(sum.count);
            series.minimum[at] = sum.minimum;
            series.maximum[at] = sum.maximum;
        }
    }
}

}  // namespace

std::optional<SeriesAnswer> ProcessHistoryReader::read(const ProcessHistoryQuery& query) const {
    return database_.read([&](Session& session) -> std::optional<SeriesAnswer> {
        const HistorySnapshot snapshot{session};
        std::vector<std::int64_t> refs;
        std::int32_t host_id = 0;
        for (const auto row : session.execute_once(kRefs, Parameters{}
                                                              .text(query.hostname)
                                                              .int4(query.process_id)
                                                              .timestamp(query.started_at))) {
            refs.push_back(row.int8(0));
            host_id = row.int4(1);
        }
        if (refs.empty()) return std::nullopt;
        SeriesAnswer answer = empty_answer(query);
        if (answer.times.empty()) return answer;
        Sums sums(answer.times.size());
        add_stored(session, host_id, refs, query, answer, sums);
        if (!find_sealed_process_days(session, query.start, query.end).empty()) {
            read_process_runs(
                session, host_id, refs, query.start, query.end, OnDamage::fail,
                [&](const ProcessOfBlock& process) { add_packed(process, query, answer, sums); });
        }
        fill(sums, answer);
        return answer;
    });
}

}  // namespace chorus::store
