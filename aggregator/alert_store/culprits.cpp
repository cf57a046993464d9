#include "aggregator/alert_store/culprits.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <initializer_list>
#include <map>
#include <optional>

#include "common/json_writer.h"

namespace chorus::store {
namespace {

constexpr std::size_t kTop = 5;
constexpr std::size_t kTopInNotification = 3;

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

struct Figures {
    std::optional<double> cpu_percent, memory_mb, io_bytes, open_files;
};
struct ProcessFacts {
    std::int32_t pid = 0;
    std::string name, username, unit;
    std::optional<Timestamp> started_at;
    std::array<std::optional<Figures>, 3> at;  // by moment
    std::optional<double> io_per_second;
};
struct HostFacts {
    std::string hostname;
    std::array<std::optional<Timestamp>, 3> times;
    std::map<std::int64_t, ProcessFacts> processes;
};

std::optional<double> less(std::optional<double> a, std::optional<double> b) {
    if (!a || !b) return std::nullopt;
    return std::round((*a - *b) * 100) / 100;
}

// What the process itself moved between the last two tables.
void add_rates(HostFacts& host) {
    if (!host.times[0] || !host.times[1]) return;
    const double seconds = std::chrono::duration<double>(*host.times[0] - *host.times[1]).count();
    if (seconds <= 0) return;
    for (auto& [ref, process] : host.processes) {
        if (!process.at[0] || !process.at[1]) continue;
        const auto moved = less(process.at[0]->io_bytes, process.at[1]->io_bytes);
        if (moved && *moved >= 0) process.io_per_second = std::round(*moved / seconds);
    }
}

enum class Detail { figures, all };

void write_process(JsonWriter& out, const ProcessFacts& process, bool compared, Detail detail) {
    const Figures& now = *process.at[0];
    out.begin_object().field("process_name", process.name).field("process_id", process.pid);
    if (detail == Detail::all) {
        out.field("username", process.username)
            .field("unit", process.unit)
            .field("started_at", process.started_at);
    }
    out.field("cpu_percent", now.cpu_percent)
        .field("memory_mb", now.memory_mb)
        .field("io_bytes_per_sec", process.io_per_second)
        .field("fd_count", now.open_files)
        .key("change");
    if (!compared) {
        out.null();
    } else if (!process.at[2]) {
        out.begin_object().field("new", true).end_object();
    } else {
        const Figures& before = *process.at[2];
        out.begin_object()
            .field("new", false)
            .field("cpu_percent", less(now.cpu_percent, before.cpu_percent))
            .field("memory_mb", less(now.memory_mb, before.memory_mb))
            .field("fd_count", less(now.open_files, before.open_files))
            .end_object();
    }
    out.end_object();
}

// The processes with the greatest figure, unknown ones and zeros left out.
template <typename Figure>
std::vector<const ProcessFacts*> top(const HostFacts& host, Figure&& figure) {
    std::vector<const ProcessFacts*> all;
    for (const auto& [ref, process] : host.processes) {
        if (process.at[0] && figure(process).value_or(0) > 0) all.push_back(&process);
    }
    const auto count = std::min(kTop, all.size());
    std::partial_sort(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count), all.end(),
                      [&](const auto* a, const auto* b) { return *figure(*a) > *figure(*b); });
    all.resize(count);
    return all;
}

using Top = std::vector<const ProcessFacts*>;

// What leads a message about one resource.
std::string top_json(const HostFacts& host, std::initializer_list<const Top*> lists) {
    JsonWriter out;
    Top told;
    out.begin_array();
    for (const auto* list : lists) {
        for (std::size_t i = 0; i < std::min(kTopInNotification, list->size()); ++i) {
            const auto* process = (*list)[i];
            if (std::find(told.begin(), told.end(), process) != told.end()) continue;
            told.push_back(process);
            write_process(out, *process, host.times[2].has_value(), Detail::figures);
        }
    }
    return out.end_array().take();
}

Culprits culprits_of(const HostFacts& host) {
    const auto by_cpu = top(host, [](const ProcessFacts& p) { return p.at[0]->cpu_percent; });
    const auto by_memory = top(host, [](const ProcessFacts& p) { return p.at[0]->memory_mb; });
    const auto by_io = top(host, [](const ProcessFacts& p) { return p.io_per_second; });
    const auto by_files = top(host, [](const ProcessFacts& p) { return p.at[0]->open_files; });
    JsonWriter out;
    out.begin_object()
        .field("hostname", host.hostname)
        .field("process_table_at", host.times[0])
        .field("compared_with", host.times[2]);
    const auto list = [&](const char* name, const Top& processes) {
        out.key(name).begin_array();
        for (const auto* process : processes) {
            write_process(out, *process, host.times[2].has_value(), Detail::all);
        }
        out.end_array();
    };
    list("by_cpu", by_cpu);
    list("by_memory", by_memory);
    list("by_io", by_io);
    list("by_open_files", by_files);
    out.end_object();
    return {out.take(),
            {top_json(host, {&by_cpu, &by_memory}), top_json(host, {&by_memory, &by_cpu}),
             top_json(host, {&by_io, &by_cpu, &by_memory}),
             top_json(host, {&by_files, &by_cpu, &by_memory})}};
}

}  // namespace

std::string_view to_string(Resource resource) {
    constexpr std::array<std::string_view, kResources> names{"cpu", "memory", "io", "open_files"};
    return names.at(static_cast<std::size_t>(resource));
}

std::unordered_map<std::int32_t, Culprits> read_culprits(Session& session,
                                                         std::span<const std::int32_t> host_ids,
                                                         Timestamp oldest) {
    std::unordered_map<std::int32_t, Culprits> culprits;
    if (host_ids.empty()) return culprits;
    std::unordered_map<std::int32_t, HostFacts> hosts;
    for (const auto row :
         session.execute_once(kTables, Parameters{}.int4_array(host_ids).timestamp(oldest))) {
        auto& host = hosts[row.int4(0)];
        const auto moment = static_cast<std::size_t>(row.int4(2));
        host.hostname = row.text(1);
        host.times.at(moment) = row.timestamp(3);
        auto& process = host.processes[row.int8(4)];
        process.pid = row.int4(5);
        process.name = row.text(6);
        process.username = row.text(7);
        process.unit = row.text(8);
        process.started_at = row.optional_timestamp(9);
        process.at.at(moment) = Figures{row.optional_float8(10), row.optional_float8(11),
                                        row.optional_float8(12), row.optional_float8(13)};
    }
    for (auto& [id, host] : hosts) {
        add_rates(host);
        culprits.emplace(id, culprits_of(host));
    }
    return culprits;
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
