#include "aggregator/alert_store/rule_processes.h"

#include <algorithm>
#include <limits>
#include <map>
#include <numeric>
#include <tuple>
#include <utility>

#include "aggregator/alert_store/packed_process_tables.h"
#include "aggregator/schema/process_values.h"
#include "aggregator/sealed/history_snapshot.h"

namespace chorus::store {
namespace {

constexpr const char* kWanted = R"sql(
SELECT process_ref, host_id, pid, name, unit, started_at
FROM monitoring.processes
WHERE last_seen_day >= $3 AND ($4::int IS NULL OR host_id = $4)
  AND (name = ANY ($1)
       OR EXISTS (SELECT FROM unnest($2::text[]) AS g(pattern)
                  WHERE name LIKE monitoring.glob_to_like(g.pattern)))
)sql";

// The keys of the batches are known by now, so each is one look into the primary key.
constexpr std::string_view kProcessSamples = R"sql(
SELECT k.n, w.process_ref, @FIGURES@
FROM unnest($1::int[], $2::timestamptz[], $3::int[]) AS k(host_id, ts, n)
JOIN monitoring.process_batches b ON b.host_id = k.host_id AND b.ts = k.ts
JOIN unnest($4::int[], $5::bigint[]) AS w(host_id, process_ref) ON w.host_id = k.host_id
CROSS JOIN LATERAL (
    SELECT coalesce(
        CASE WHEN w.process_ref - b.ref_base BETWEEN 0 AND 2147483647
             THEN array_position(b.refs, (w.process_ref - b.ref_base)::int) END,
        array_position(b.refs_wide, w.process_ref)) AS position) u
WHERE u.position IS NOT NULL AND b.ts BETWEEN $6 AND $7
)sql";

// By ProcessFigure.
std::string figures_sql() {
    constexpr auto picked = ProcessElements::picked;
    const auto value = [](std::string_view column) { return process_value(column, picked); };
    return value("cpu_percent") + "::float8, " + value("memory_rss_bytes") +
           " / 1048576.0::float8, " + memory_percent(picked) + ", " + value("disk_read_bytes") +
           "::float8, " + value("disk_write_bytes") + "::float8, " + value("num_threads") +
           "::float8, " + value("fd_count") + "::float8";
}

std::string samples_sql() {
    constexpr std::string_view mark = "@FIGURES@";
    std::string text{kProcessSamples};
    return text.replace(text.find(mark), mark.size(), figures_sql());
}

}  // namespace

std::vector<WantedProcess> read_wanted_processes(Session& session,
                                                 const std::vector<std::string>& names,
                                                 const std::vector<std::string>& globs,
                                                 std::chrono::sys_days since,
                                                 std::optional<std::int32_t> only_host) {
    std::vector<WantedProcess> processes;
    for (const auto row : session.execute_once(kWanted, Parameters{}
                                                            .text_array(std::span{names})
                                                            .text_array(std::span{globs})
                                                            .date(since)
                                                            .int4(only_host))) {
        processes.push_back({row.int8(0), row.int4(1), row.int4(2), std::string{row.text(3)},
                             std::string{row.text(4)}, row.optional_timestamp(5)});
    }
    return processes;
}

namespace {

// Those of process_batches, in no order.
void add_stored_tables(Session& session, const SampleScope& scope, ProcessRows& rows) {
    const auto tables =
        batches_sql(scope, "monitoring.process_batches", "b.host_id, b.ts, b.received_at");
    for (const auto row : session.execute_once(tables, scope_parameters(scope))) {
        rows.snapshots.push_back({row.int4(0), row.timestamp(1), row.timestamp(2)});
    }
}

// Of the tables in process_batches, whose numbers are given.
void add_stored_samples(Session& session, const std::vector<WantedProcess>& wanted,
                        const std::vector<std::size_t>& stored, ProcessRows& rows) {
    std::vector<std::int32_t> owners;
    std::vector<std::int64_t> refs;
    std::map<std::int32_t, bool> hosts;
    for (const auto& process : wanted) {
        owners.push_back(process.host_id);
        refs.push_back(process.process_ref);
        hosts[process.host_id] = true;
    }
    std::vector<std::int32_t> host_ids, numbers;
    std::vector<Timestamp> times;
    Timestamp least = Timestamp::max(), greatest = Timestamp::min();
    for (const auto i : stored) {
        const auto& snapshot = rows.snapshots[i];
        if (!hosts.contains(snapshot.host_id)) continue;
        host_ids.push_back(snapshot.host_id);
        times.push_back(snapshot.time);
        numbers.push_back(static_cast<std::int32_t>(i));
        least = std::min(least, snapshot.time);
        greatest = std::max(greatest, snapshot.time);
    }
    if (host_ids.empty()) return;
    for (const auto row : session.execute_once(samples_sql(), Parameters{}
                                                                  .int4_array(std::span{host_ids})
                                                                  .timestamp_array(std::span{times})
                                                                  .int4_array(std::span{numbers})
                                                                  .int4_array(std::span{owners})
                                                                  .int8_array(std::span{refs})
                                                                  .timestamp(least)
                                                                  .timestamp(greatest))) {
        ProcessSample sample;
        sample.snapshot = static_cast<std::size_t>(row.int4(0));
        sample.process_ref = row.int8(1);
        for (std::size_t i = 0; i < kProcessFigures; ++i) {
            sample.figures[i] = row.optional_float8(static_cast<int>(i) + 2)
                                    .value_or(std::numeric_limits<double>::quiet_NaN());
        }
        rows.samples.push_back(sample);
    }
}

}  // namespace

ProcessRows read_process_samples(Session& session, const SampleScope& scope,
                                 const std::vector<WantedProcess>& wanted) {
    ProcessRows rows;
    if (scope.ranges.empty()) return rows;
    const HistorySnapshot snapshot{session};
    const PackedProcessTables packed{session, scope};
    add_stored_tables(session, scope, rows);
    const auto stored_count = rows.snapshots.size();
    packed.add_tables(rows.snapshots);
    std::vector<std::size_t> order(rows.snapshots.size()), place(order.size());
    std::iota(order.begin(), order.end(), 0U);
    std::ranges::sort(order, {}, [&](std::size_t i) {
        const auto& table = rows.snapshots[i];
        return std::tuple{table.received, table.host_id, table.time};
    });
    std::vector<ProcessSnapshotTime> sorted;
    for (std::size_t i = 0; i < order.size(); ++i) {
        sorted.push_back(rows.snapshots[order[i]]);
        place[order[i]] = i;
    }
    rows.snapshots = std::move(sorted);
    if (rows.snapshots.empty() || wanted.empty()) return rows;
    const auto behind_stored = place.begin() + static_cast<std::ptrdiff_t>(stored_count);
    add_stored_samples(session, wanted, {place.begin(), behind_stored}, rows);
    packed.add_samples(wanted, {behind_stored, place.end()}, rows.samples);
    return rows;
}

}  // namespace chorus::store
