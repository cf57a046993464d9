#include "aggregator/sealed/processes/process_reader.h"

#include <algorithm>
#include <string>

#include "aggregator/postgres/pg_types.h"
#include "aggregator/sealed/processes/process_rows.h"

namespace chorus::store {
namespace {

using std::chrono::floor;
using std::chrono::sys_days;

constexpr std::size_t kBlocksAtATime = 64;  // of some 100 kB

constexpr Statement kDays{"sealed_process_days_of_range", R"sql(
SELECT day FROM monitoring.sealed_process_days
WHERE day BETWEEN ($1 AT TIME ZONE 'UTC')::date AND ($2 AT TIME ZONE 'UTC')::date
ORDER BY day
)sql"};

// All are planned anew for each call, so that only the partitions of their days are looked at.
// Blocks of a host do not overlap, so the last one that begins in time has the newest table.
constexpr std::string_view kNewestBlock = R"sql(
SELECT @COLUMNS@, b.day
FROM monitoring.sealed_processes b
JOIN monitoring.sealed_process_days k ON k.day = b.day
WHERE b.host_id = $1 AND b.day BETWEEN $2 AND $3 AND b.first_ts <= $5 AND b.last_ts >= $4
ORDER BY b.day DESC, b.first_ts DESC
LIMIT 1
)sql";

// From one day to the one before, up to one that has a table.
constexpr const char* kNewestTime = R"sql(
SELECT n.ts
FROM monitoring.sealed_process_days k
CROSS JOIN LATERAL (
    SELECT max(CASE WHEN b.last_ts <= $2 THEN b.last_ts
                    ELSE (SELECT max(t) FROM unnest(b.times) t WHERE t <= $2) END) AS ts
    FROM monitoring.sealed_processes b
    WHERE b.day = k.day AND b.first_ts <= $2 AND ($1::int IS NULL OR b.host_id = $1)) n
WHERE k.day <= ($2 AT TIME ZONE 'UTC')::date AND n.ts IS NOT NULL
ORDER BY k.day DESC
LIMIT 1
)sql";

constexpr std::string_view kHeads = R"sql(
SELECT b.host_id, b.first_ts, (SELECT coalesce(sum(n), 0)::bigint FROM unnest(b.tables) n),
       @COLUMNS@
FROM monitoring.sealed_processes b
WHERE b.day = $1 AND ($2::int IS NULL OR b.host_id = $2) AND b.first_ts <= $4 AND b.last_ts >= $3
  AND ($5::bigint[] IS NULL OR b.refs && $5)
)sql";

// OFFSET 0 makes each block one look into the primary key of its day.
constexpr std::string_view kBlocks = R"sql(
SELECT w.n, s.*
FROM unnest($1::int[], $2::date[], $3::timestamptz[]) WITH ORDINALITY AS w (host_id, day, first, n)
CROSS JOIN LATERAL (
    SELECT @COLUMNS@
    FROM monitoring.sealed_processes b
    WHERE b.host_id = w.host_id AND b.day = w.day AND b.first_ts = w.first
    OFFSET 0) s
)sql";

// What lies out of the row is fetched anew for each use of it. Joined with nothing, and kept by
// OFFSET 0, it is fetched once.
constexpr const char* kRuns = R"sql(
SELECT b.day, b.times, b.memory_total_bytes, b.common, w.ref, a.firsts[r.n], a.tables[r.n],
       substring(b.body FROM coalesce(a.ends[r.n - 1], 0) + 1
                 FOR a.ends[r.n] - coalesce(a.ends[r.n - 1], 0))
FROM monitoring.sealed_processes b
JOIN monitoring.sealed_process_days k ON k.day = b.day
CROSS JOIN LATERAL (SELECT b.refs || '{}'::bigint[] AS refs OFFSET 0) s
CROSS JOIN unnest($2::bigint[]) AS w (ref)
CROSS JOIN LATERAL unnest(array_positions(s.refs, w.ref)) AS r (n)
CROSS JOIN LATERAL (SELECT b.firsts || '{}'::int[] AS firsts, b.tables || '{}'::int[] AS tables,
                           b.ends || '{}'::int[] AS ends OFFSET 0) a
WHERE b.host_id = $1 AND b.day BETWEEN $3 AND $4 AND b.first_ts <= $6 AND b.last_ts >= $5
)sql";

// Times at which PostgreSQL cannot compute a day.
Timestamp bounded(Timestamp time) {
    using namespace std::chrono_literals;
    constexpr Timestamp least{sys_days{1900y / 1 / 1}}, most{sys_days{2900y / 1 / 1}};
    return std::clamp(time, least, most);
}

}  // namespace

std::vector<sys_days> find_sealed_process_days(Session& session, Timestamp first, Timestamp last) {
    std::vector<sys_days> days;
    for (const auto row :
         session.execute(kDays, Parameters{}.timestamp(bounded(first)).timestamp(bounded(last)))) {
        days.push_back(row.date(0));
    }
    return days;
}

std::optional<FoundTable> find_newest_table(Session& session, std::int32_t host_id, Timestamp first,
                                            Timestamp last) {
    first = bounded(first);
    last = bounded(last);
    const auto rows = session.execute_once(with_columns(kNewestBlock, kBlockColumns),
                                           Parameters{}
                                               .int4(host_id)
                                               .date(floor<std::chrono::days>(first))
                                               .date(floor<std::chrono::days>(last))
                                               .timestamp(first)
                                               .timestamp(last));
    if (rows.empty()) return std::nullopt;
    FoundTable found;
    const auto day = rows[0].date(kBlockColumnCount);
    read_packed_row(session, {host_id, day, {}}, OnDamage::fail, [&] {
        found.block = read_block(rows[0], 0);
        for (std::size_t r = 0; r < found.block.runs(); ++r) {
            RunReader{found.block.run(r), found.block.common};
        }
    });
    const auto behind = std::ranges::upper_bound(found.block.heads, last, {},
                                                 [](const TableHead& head) { return head.time; });
    if (behind == found.block.heads.begin()) return std::nullopt;
    found.table = static_cast<std::size_t>(behind - found.block.heads.begin()) - 1;
    if (found.block.heads[found.table].time < first) return std::nullopt;
    return found;
}

std::optional<Timestamp> newest_sealed_table(Session& session, std::optional<std::int32_t> host_id,
                                             Timestamp last) {
    const auto rows =
        session.execute_once(kNewestTime, Parameters{}.int4(host_id).timestamp(bounded(last)));
    return rows.empty() ? std::nullopt : std::optional{rows[0].timestamp(0)};
}

std::vector<BlockHeads> read_block_heads(Session& session, sys_days day,
                                         std::optional<std::int32_t> host_id, Timestamp first,
                                         Timestamp last,
                                         std::optional<std::span<const std::int64_t>> refs) {
    Parameters parameters;
    parameters.date(day).int4(host_id).timestamp(bounded(first)).timestamp(bounded(last));
    if (refs) {
        parameters.int8_array(*refs);
    } else {
        parameters.raw(pg::kInt8Array, std::nullopt);
    }
    std::vector<BlockHeads> blocks;
    for (const auto row : session.execute_once(with_columns(kHeads, kHeadColumns), parameters)) {
        read_packed_row(session, {row.int4(0), day, {}}, OnDamage::skip, [&] {
            blocks.push_back({{row.int4(0), day, row.timestamp(1)},
                              static_cast<std::size_t>(row.int8(2)),
                              read_heads(row, 3)});
        });
    }
    return blocks;
}

void read_process_blocks(Session& session, std::span<const BlockKey> wanted,
                         const TakeBlock& take) {
    for (std::size_t begin = 0; begin < wanted.size(); begin += kBlocksAtATime) {
        std::vector<std::int32_t> hosts;
        std::vector<sys_days> days;
        std::vector<Timestamp> firsts;
        for (const auto& key :
             wanted.subspan(begin).first(std::min(kBlocksAtATime, wanted.size() - begin))) {
            hosts.push_back(key.host_id);
            days.push_back(key.day);
            firsts.push_back(key.first);
        }
        for (const auto row :
             session.execute_once(with_columns(kBlocks, kBlockColumns),
                                  Parameters{}
                                      .int4_array(std::span<const std::int32_t>{hosts})
                                      .date_array(std::span<const sys_days>{days})
                                      .timestamp_array(std::span<const Timestamp>{firsts}))) {
            const auto number = begin + static_cast<std::size_t>(row.int8(0) - 1);
            const auto& key = wanted[number];
            read_packed_row(session, {key.host_id, key.day, {}}, OnDamage::skip,
                            [&] { take(number, read_block(row, 1)); });
        }
    }
}

namespace {

ProcessOfBlock read_run(const Row& row, int first) {
    ProcessOfBlock process;
    process.times = row.timestamp_array(first);
    process.memory_total = read_figures(row, first + 1);
    process.memory_total.resize(process.times.size(), kUnknown);
    process.common = read_figures(row, first + 2);
    const auto from = row.optional_int4(first + 4).value_or(-1);
    const auto tables = row.optional_int4(first + 5).value_or(0);
    if (from < 0 || tables < 1 || row.is_null(first + 6) ||
        std::int64_t{from} + tables > static_cast<std::int64_t>(process.times.size())) {
        throw DamagedRow("a row of the packed process tables is damaged");
    }
    process.run = {row.int8(first + 3), static_cast<std::uint32_t>(from),
                   static_cast<std::uint32_t>(tables), row.bytea(first + 6)};
    return process;
}

}  // namespace

void read_process_runs(Session& session, std::int32_t host_id, std::span<const std::int64_t> refs,
                       Timestamp first, Timestamp last, OnDamage on_damage, const TakeRun& take) {
    first = bounded(first);
    last = bounded(last);
    for (const auto row : session.execute_once(kRuns, Parameters{}
                                                          .int4(host_id)
                                                          .int8_array(refs)
                                                          .date(floor<std::chrono::days>(first))
                                                          .date(floor<std::chrono::days>(last))
                                                          .timestamp(first)
                                                          .timestamp(last))) {
        read_packed_row(session, {host_id, row.date(0), {}}, on_damage,
                        [&] { take(read_run(row, 1)); });
    }
}

}  // namespace chorus::store
