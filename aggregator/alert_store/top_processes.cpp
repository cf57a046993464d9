#include "aggregator/alert_store/top_processes.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace chorus::store {
namespace {

constexpr std::size_t kTop = 5;

// Of each host three tables: the newest, the one before it (for rates of I/O), and the newest that
// is an hour older.
constexpr const char* kTables = R"sql(
WITH newest AS (
    SELECT h.host_id, h.hostname, n.ts
    FROM monitoring.hosts h
    CROSS JOIN LATERAL (
        SELECT b.ts FROM monitoring.process_batches b
        WHERE b.host_id = h.host_id AND b.ts > $2
          AND b.ts <= coalesce(h.latest_process_ts, 'infinity')
        ORDER BY b.ts DESC LIMIT 1) n
    WHERE h.host_id = ANY ($1)
), moments AS (
    SELECT host_id, hostname, 0 AS moment, ts FROM newest
    UNION ALL
    SELECT n.host_id, n.hostname, 1, p.ts
    FROM newest n
    CROSS JOIN LATERAL (
        SELECT b.ts FROM monitoring.process_batches b
        WHERE b.host_id = n.host_id AND b.ts < n.ts AND b.ts > n.ts - interval '1 hour'
        ORDER BY b.ts DESC LIMIT 1) p
    UNION ALL
    SELECT n.host_id, n.hostname, 2, p.ts
    FROM newest n
    CROSS JOIN LATERAL (
        SELECT b.ts FROM monitoring.process_batches b
        WHERE b.host_id = n.host_id AND b.ts <= n.ts - interval '1 hour'
          AND b.ts > n.ts - interval '2 hours'
        ORDER BY b.ts DESC LIMIT 1) p
)
SELECT m.host_id, m.hostname, m.moment, m.ts, p.process_ref, p.pid, p.name, p.username, p.unit,
       p.started_at,
       u.cpu_percent::float8,
       coalesce(u.rss_bytes / 1048576.0::float8, u.rss_kib / 1024.0::float8),
       coalesce(u.read_bytes, u.read_sectors::bigint * 512)::float8
           + coalesce(u.write_bytes, u.write_sectors::bigint * 512)::float8,
       u.fd_count::float8
FROM moments m
JOIN monitoring.process_batches b ON b.host_id = m.host_id AND b.ts = m.ts
CROSS JOIN LATERAL ROWS FROM (
    unnest(b.refs), unnest(b.refs_wide), unnest(b.cpu_percent), unnest(b.rss_kib),
    unnest(b.rss_bytes), unnest(b.read_sectors), unnest(b.read_bytes), unnest(b.write_sectors),
    unnest(b.write_bytes), unnest(b.fd_count))
    AS u(ref, ref_wide, cpu_percent, rss_kib, rss_bytes, read_sectors, read_bytes, write_sectors,
         write_bytes, fd_count)
JOIN monitoring.processes p ON p.process_ref = coalesce(b.ref_base + u.ref, u.ref_wide)
)sql";

constexpr const char* kPut = R"sql(
INSERT INTO monitoring.alert_contexts (alert_id, taken_at, context)
SELECT g.alert_id, $3, g.context
FROM unnest($1::uuid[], $2::jsonb[]) AS g(alert_id, context)
ON CONFLICT (alert_id) DO NOTHING
)sql";

// The figures of one process in one table.
struct Figures {
    std::optional<double> cpu_percent, memory_mb, io_bytes, open_files;
};
// The three tables of a host; see kTables.
constexpr std::size_t kNow = 0, kBefore = 1, kHourBefore = 2, kMoments = 3;
struct ProcessFacts {
    TopProcess process;
    std::array<std::optional<Figures>, kMoments> at;
};
struct HostFacts {
    std::string hostname;
    std::array<std::optional<Timestamp>, kMoments> times;
    std::map<std::int64_t, ProcessFacts> processes;  // by process_ref
};

std::optional<double> less(std::optional<double> a, std::optional<double> b) {
    if (!a || !b) return std::nullopt;
    return std::round((*a - *b) * 100) / 100;
}

std::optional<double> io_bytes_per_second(const HostFacts& host, const ProcessFacts& facts) {
    if (!host.times[kNow] || !host.times[kBefore]) return std::nullopt;
    const double seconds =
        std::chrono::duration<double>(*host.times[kNow] - *host.times[kBefore]).count();
    if (seconds <= 0 || !facts.at[kNow] || !facts.at[kBefore]) return std::nullopt;
    const auto moved = less(facts.at[kNow]->io_bytes, facts.at[kBefore]->io_bytes);
    if (!moved || *moved < 0) return std::nullopt;
    return std::round(*moved / seconds);
}

// The processes of the newest table.
std::vector<TopProcess> newest(HostFacts& host) {
    std::vector<TopProcess> all;
    for (auto& [ref, facts] : host.processes) {
        if (!facts.at[kNow]) continue;
        const Figures& now = *facts.at[kNow];
        TopProcess process = std::move(facts.process);
        process.cpu_percent = now.cpu_percent;
        process.memory_mb = now.memory_mb;
        process.open_files = now.open_files;
        process.io_bytes_per_second = io_bytes_per_second(host, facts);
        if (const auto& before = facts.at[kHourBefore]) {
            process.change = {less(now.cpu_percent, before->cpu_percent),
                              less(now.memory_mb, before->memory_mb),
                              less(now.open_files, before->open_files)};
        }
        all.push_back(std::move(process));
    }
    return all;
}

// The processes with the greatest figure, unknown ones and zeros left out.
std::vector<TopProcess> top(const std::vector<TopProcess>& processes,
                            std::optional<double> TopProcess::*figure) {
    std::vector<const TopProcess*> all;
    for (const auto& process : processes) {
        if ((process.*figure).value_or(0) > 0) all.push_back(&process);
    }
    const auto count = std::min(kTop, all.size());
    std::partial_sort(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count), all.end(),
                      [&](const auto* a, const auto* b) { return a->*figure > b->*figure; });
    std::vector<TopProcess> greatest;
    for (std::size_t i = 0; i < count; ++i) greatest.push_back(*all[i]);
    return greatest;
}

TopProcesses top_processes_of(HostFacts& host) {
    const auto processes = newest(host);
    TopProcesses found;
    found.hostname = host.hostname;
    found.process_table_at = host.times[kNow];
    found.compared_with = host.times[kHourBefore];
    found.by = {top(processes, &TopProcess::cpu_percent), top(processes, &TopProcess::memory_mb),
                top(processes, &TopProcess::io_bytes_per_second),
                top(processes, &TopProcess::open_files)};
    return found;
}

}  // namespace

std::string_view to_string(Resource resource) {
    constexpr std::array<std::string_view, kResources> names{"cpu", "memory", "io", "open_files"};
    return names.at(static_cast<std::size_t>(resource));
}

std::unordered_map<std::int32_t, TopProcesses> read_top_processes(
    Session& session, std::span<const std::int32_t> host_ids, Timestamp oldest) {
    std::unordered_map<std::int32_t, TopProcesses> found;
    if (host_ids.empty()) return found;
    std::unordered_map<std::int32_t, HostFacts> hosts;
    for (const auto row :
         session.execute_once(kTables, Parameters{}.int4_array(host_ids).timestamp(oldest))) {
        auto& host = hosts[row.int4(0)];
        const auto moment = static_cast<std::size_t>(row.int4(2));
        host.hostname = row.text(1);
        host.times.at(moment) = row.timestamp(3);
        auto& [process, at] = host.processes[row.int8(4)];
        process.process_ref = row.int8(4);
        process.pid = row.int4(5);
        process.name = row.text(6);
        process.username = row.text(7);
        process.unit = row.text(8);
        process.started_at = row.optional_timestamp(9);
        at.at(moment) = Figures{row.optional_float8(10), row.optional_float8(11),
                                row.optional_float8(12), row.optional_float8(13)};
    }
    for (auto& [id, host] : hosts) found.emplace(id, top_processes_of(host));
    return found;
}

void put_contexts(Session& session, const std::vector<AlertContextRow>& contexts,
                  Timestamp taken_at) {
    if (contexts.empty()) return;
    std::vector<Uuid> ids;
    std::vector<std::string> texts;
    for (const auto& context : contexts) {
        ids.push_back(context.alert_id);
        texts.push_back(context.context_json);
    }
    session.execute_once(
        kPut,
        Parameters{}.uuid_array(std::span{ids}).json_array(std::span{texts}).timestamp(taken_at));
}

}  // namespace chorus::store
