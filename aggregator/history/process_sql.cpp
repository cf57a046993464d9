#include "aggregator/history/process_sql.h"

#include <cmath>

#include "aggregator/history/direction.h"
#include "aggregator/history/sample_id.h"

namespace chorus::store {
namespace {

constexpr std::string_view kUnfolded = R"sql(
SELECT b.ts, b.received_at, b.host_id, h.hostname, u.position::int, p.pid, p.name,
       u.cpu_percent,
       coalesce(u.rss_bytes, u.rss_kib::bigint * 1024),
       u.memory_percent, b.memory_total_bytes,
       coalesce(u.read_bytes, u.read_sectors::bigint * 512),
       coalesce(u.write_bytes, u.write_sectors::bigint * 512),
       monitoring.process_state_name(u.state),
       nullif(p.username, ''), p.ppid, u.num_threads, u.fd_count, nullif(p.unit, ''),
       nullif(p.container_id, ''), nullif(p.cmdline, ''), p.started_at,
       u.fd_limit, u.children_cpu_percent,
       coalesce(u.pss_bytes, u.pss_kib::bigint * 1024),
       coalesce(u.swap_bytes, u.swap_kib::bigint * 1024), u.major_faults,
       u.nice, u.processor, u.io_wait, u.cpu_wait, u.voluntary_switches, u.involuntary_switches
FROM monitoring.process_batches b
JOIN monitoring.hosts h ON h.host_id = b.host_id
CROSS JOIN LATERAL ROWS FROM (
    unnest(b.refs), unnest(b.refs_wide), unnest(b.cpu_percent), unnest(b.rss_kib),
    unnest(b.rss_bytes), unnest(b.memory_percent), unnest(b.read_sectors), unnest(b.read_bytes),
    unnest(b.write_sectors), unnest(b.write_bytes), unnest(b.num_threads), unnest(b.fd_count),
    string_to_table(b.states, NULL), unnest(b.fd_limit), unnest(b.children_cpu_percent),
    unnest(b.pss_kib), unnest(b.pss_bytes), unnest(b.swap_kib), unnest(b.swap_bytes),
    unnest(b.major_faults), unnest(b.nice), unnest(b.processor), unnest(b.io_wait),
    unnest(b.cpu_wait), unnest(b.voluntary_switches), unnest(b.involuntary_switches)) WITH ORDINALITY
    AS u(ref, ref_wide, cpu_percent, rss_kib, rss_bytes, memory_percent, read_sectors, read_bytes,
         write_sectors, write_bytes, num_threads, fd_count, state, fd_limit, children_cpu_percent,
         pss_kib, pss_bytes, swap_kib, swap_bytes, major_faults, nice, processor, io_wait, cpu_wait,
         voluntary_switches, involuntary_switches, position)
JOIN monitoring.processes p ON p.process_ref = coalesce(b.ref_base + u.ref, u.ref_wide)
WHERE ($1::int IS NULL OR b.host_id = $1)
  AND b.ts BETWEEN $2 AND $3
  AND ($4::text IS NULL OR p.name LIKE $4)
  AND ($5::int IS NULL OR p.pid = $5)
  AND ($6::text IS NULL OR p.username LIKE $6)
  AND ($7::text IS NULL OR p.unit LIKE $7)
  AND ($8::text IS NULL OR p.container_id LIKE $8)
  AND ($9::timestamptz IS NULL OR (b.ts, b.host_id, u.position) @BEHIND@ ($9, $10::int, $11::int))
ORDER BY @SORT@b.ts @DIRECTION@, b.host_id @DIRECTION@, u.position @DIRECTION@
LIMIT $12 OFFSET $13
)sql";

constexpr std::string_view kPicked = R"sql(
SELECT b.ts, b.received_at, b.host_id, h.hostname, u.position, p.pid, p.name,
       b.cpu_percent[u.position],
       coalesce(b.rss_bytes[u.position], b.rss_kib[u.position]::bigint * 1024),
       b.memory_percent[u.position], b.memory_total_bytes,
       coalesce(b.read_bytes[u.position], b.read_sectors[u.position]::bigint * 512),
       coalesce(b.write_bytes[u.position], b.write_sectors[u.position]::bigint * 512),
       monitoring.process_state_name(substr(b.states, u.position, 1)),
       nullif(p.username, ''), p.ppid, b.num_threads[u.position], b.fd_count[u.position],
       nullif(p.unit, ''), nullif(p.container_id, ''), nullif(p.cmdline, ''), p.started_at,
       b.fd_limit[u.position], b.children_cpu_percent[u.position],
       coalesce(b.pss_bytes[u.position], b.pss_kib[u.position]::bigint * 1024),
       coalesce(b.swap_bytes[u.position], b.swap_kib[u.position]::bigint * 1024),
       b.major_faults[u.position], b.nice[u.position], b.processor[u.position],
       b.io_wait[u.position], b.cpu_wait[u.position], b.voluntary_switches[u.position],
       b.involuntary_switches[u.position]
FROM monitoring.process_batches b
JOIN monitoring.hosts h ON h.host_id = b.host_id
JOIN monitoring.processes p ON p.host_id = b.host_id AND p.process_ref = ANY ($14::bigint[])
CROSS JOIN LATERAL (
    SELECT coalesce(
        CASE WHEN p.process_ref - b.ref_base BETWEEN 0 AND 2147483647
             THEN array_position(b.refs, (p.process_ref - b.ref_base)::int) END,
        array_position(b.refs_wide, p.process_ref)) AS position) u
WHERE ($1::int IS NULL OR b.host_id = $1)
  AND b.ts BETWEEN $2 AND $3
  AND ($4::text IS NULL OR p.name LIKE $4)
  AND ($5::int IS NULL OR p.pid = $5)
  AND ($6::text IS NULL OR p.username LIKE $6)
  AND ($7::text IS NULL OR p.unit LIKE $7)
  AND ($8::text IS NULL OR p.container_id LIKE $8)
  AND ($9::timestamptz IS NULL OR (b.ts, b.host_id, u.position) @BEHIND@ ($9, $10::int, $11::int))
  AND u.position IS NOT NULL
ORDER BY @SORT@b.ts @DIRECTION@, b.host_id @DIRECTION@, u.position @DIRECTION@
LIMIT $12 OFFSET $13
)sql";

// Column numbers of the select lists above.
std::string_view sort_terms(ProcessSort sort) {
    switch (sort) {
        case ProcessSort::timestamp:
            return "";
        case ProcessSort::cpu_percent:
            return "8 @DIRECTION@ NULLS LAST, ";
        case ProcessSort::memory_mb:
            return "9 @DIRECTION@ NULLS LAST, ";
        // Of several hosts the percentage orders otherwise than the bytes.
        case ProcessSort::memory_percent:
            return "@MEMORY@ @DIRECTION@ NULLS LAST, ";
    }
    return "";
}

constexpr std::string_view kUnfoldedPercent =
    "coalesce(u.memory_percent, 100.0::float8 * coalesce(u.rss_bytes, u.rss_kib::bigint * 1024)"
    " / nullif(b.memory_total_bytes, 0))";
constexpr std::string_view kPickedPercent =
    "coalesce(b.memory_percent[u.position], 100.0::float8 * coalesce(b.rss_bytes[u.position], "
    "b.rss_kib[u.position]::bigint * 1024) / nullif(b.memory_total_bytes, 0))";

std::string compose(std::string_view sql, std::string_view percent, ProcessSort sort,
                    bool ascending) {
    std::string text{sql};
    text.replace(text.find("@SORT@"), 6, sort_terms(sort));
    if (const auto at = text.find("@MEMORY@"); at != std::string::npos)
        text.replace(at, 8, percent);
    return with_direction(text, ascending);
}

std::optional<double> mebibytes(std::optional<std::int64_t> bytes) {
    if (!bytes) return std::nullopt;
    return static_cast<double>(*bytes) / 1048576.0;
}

// As the view has it: derived from resident set and memory size unless it was stored.
std::optional<double> memory_percent(const Row& row) {
    if (const auto stored = row.optional_float8(9)) return stored;
    const auto rss = row.optional_int8(8);
    const auto total = row.optional_int8(10);
    if (!rss || !total || *total <= 0) return std::nullopt;
    return std::nearbyint(static_cast<double>(*rss) * 1e6 / static_cast<double>(*total)) / 1e4;
}

}  // namespace

std::string process_rows_sql(ProcessSort sort, bool ascending) {
    return compose(kUnfolded, kUnfoldedPercent, sort, ascending);
}

std::string picked_process_rows_sql(ProcessSort sort, bool ascending) {
    return compose(kPicked, kPickedPercent, sort, ascending);
}

ProcessRow read_process_row(const Row& row) {
    ProcessRow out;
    out.time = row.timestamp(0);
    out.created_at = row.timestamp(1);
    out.cursor = {out.time, row.int4(2), row.int4(4)};
    out.id = sample_id(out.time, out.cursor.host_id, SampleKind::process, out.cursor.position);
    out.hostname = row.text(3);
    out.process_id = row.int4(5);
    out.process_name = row.text(6);
    out.cpu_percent = row.optional_float8(7);
    out.memory_mb = mebibytes(row.optional_int8(8));
    out.memory_percent = memory_percent(row);
    out.disk_read_bytes = row.optional_int8(11);
    out.disk_write_bytes = row.optional_int8(12);
    out.status = row.optional_text(13);
    out.username = row.optional_text(14);
    out.ppid = row.optional_int4(15);
    out.num_threads = row.optional_int4(16);
    out.fd_count = row.optional_int4(17);
    out.unit = row.optional_text(18);
    out.container_id = row.optional_text(19);
    out.cmdline = row.optional_text(20);
    out.started_at = row.optional_timestamp(21);
    out.fd_limit = row.optional_int4(22);
    out.children_cpu_percent = row.optional_float8(23);
    out.memory_pss_mb = mebibytes(row.optional_int8(24));
    out.memory_swap_mb = mebibytes(row.optional_int8(25));
    out.major_faults_per_sec = row.optional_float8(26);
    out.nice = row.optional_int4(27);
    out.processor = row.optional_int4(28);
    out.io_wait_percent = row.optional_float8(29);
    out.cpu_wait_percent = row.optional_float8(30);
    out.voluntary_switches_per_sec = row.optional_float8(31);
    out.involuntary_switches_per_sec = row.optional_float8(32);
    return out;
}

}  // namespace chorus::store
