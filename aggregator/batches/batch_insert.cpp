#include "aggregator/batches/batch_insert.h"

#include <chrono>
#include <utility>
#include <vector>

#include "aggregator/batches/batch_processes.h"
#include "aggregator/batches/batch_rows.h"
#include "aggregator/service_store/service_store.h"

namespace chorus::store {
namespace {

constexpr Statement kInsertEvents{"batch_insert_events", R"sql(
INSERT INTO monitoring.events (host_id, ts, type, detail)
SELECT * FROM unnest($1::int[], $2::timestamptz[], $3::text[], $4::jsonb[])
)sql"};

// Counts, so that the task that packs the day sees that more came while it did, and leaves the
// mark. It locks the row for the moment of its COMMIT. In the order of the key, as all writers go.
constexpr Statement kMarkLate{"batch_mark_late", R"sql(
INSERT INTO monitoring.late_days AS l (host_id, day)
SELECT DISTINCT i.host_id, i.day
FROM unnest($1::int[], $2::date[]) AS i (host_id, day)
WHERE (i.day + 1)::timestamp AT TIME ZONE 'UTC' <= now()
ORDER BY i.day, i.host_id
ON CONFLICT (day, host_id) DO UPDATE SET marks = l.marks + 1
)sql"};
// The same of process tables, which are packed apart.
constexpr Statement kMarkLateTable{"batch_mark_late_table", R"sql(
INSERT INTO monitoring.late_process_days AS l (host_id, day)
SELECT DISTINCT i.host_id, i.day
FROM unnest($1::int[], $2::date[]) AS i (host_id, day)
WHERE (i.day + 1)::timestamp AT TIME ZONE 'UTC' <= now()
ORDER BY i.day, i.host_id
ON CONFLICT (day, host_id) DO UPDATE SET marks = l.marks + 1
)sql"};
// By how much this program's clock may be behind PostgreSQL's, by which days are over.
constexpr std::chrono::minutes kClockSlack{10};

// Batches of days that are over, so that the packed form of the day gets them too.
void mark_late(Session& session, const Statement& mark, std::span<const BatchItem* const> fresh,
               Timestamp now) {
    const auto today = std::chrono::floor<std::chrono::days>(now + kClockSlack);
    std::vector<std::int32_t> hosts;
    std::vector<std::chrono::sys_days> days;
    for (const BatchItem* item : fresh) {
        const auto day = std::chrono::floor<std::chrono::days>(item->time);
        if (day >= today) continue;
        hosts.push_back(item->host->host_id);
        days.push_back(day);
    }
    if (hosts.empty()) return;
    session.execute(mark, Parameters{}.int4_array(hosts).date_array(days));
}

void insert_events(Session& session, std::span<BatchItem* const> fresh) {
    std::vector<std::int32_t> hosts;
    std::vector<Timestamp> times;
    std::vector<std::string> types, details;
    for (const BatchItem* item : fresh) {
        for (const Event& event : item->prepared->batch.events) {
            hosts.push_back(item->host->host_id);
            times.push_back(event.time);
            types.push_back(event.type);
            details.push_back(event.detail_json);
        }
    }
    if (hosts.empty()) return;
    session.execute(
        kInsertEvents,
        Parameters{}.int4_array(hosts).timestamp_array(times).text_array(types).json_array(
            details));
}

}  // namespace

void BatchInsert::make_room_for_services(const BatchItem& item) {
    for (const auto& check : checks_of(item.prepared->batch, 0, item.prepared->received_at)) {
        partitions_.ensure_for(check.time);
    }
}

bool BatchInsert::write(Session& session, std::span<BatchItem* const> fresh) {
    if (fresh.empty()) return true;
    mark_late(session, kMarkLate, fresh, clock_.now());
    if (!write_series(session, fresh) || !write_processes(session, fresh)) return false;
    insert_events(session, fresh);
    write_services(session, fresh);
    return true;
}

bool BatchInsert::write_series(Session& session, std::span<BatchItem* const> fresh) {
    system_rows_.clear();
    for (const BatchItem* item : fresh) {
        const auto layout = layouts_.id_of(session, *item->prepared);
        if (!layout) return false;
        append_system_row(system_rows_, *item->prepared, {item->host->host_id, item->time},
                          *layout);
    }
    CopyIn system{session, kSystemRowTarget};
    system.encoded_rows(system_rows_);
    system.finish();
    return true;
}

bool BatchInsert::write_processes(Session& session, std::span<BatchItem* const> fresh) {
    std::vector<ProcessRequest> requests;
    std::vector<const BatchItem*> with_processes;
    const auto oldest_process =
        retention_.process ? clock_.now() - *retention_.process : Timestamp::min();
    for (const BatchItem* item : fresh) {
        if (!item->prepared->batch.processes || item->time < oldest_process) continue;
        requests.push_back({item->prepared, item->host->host_id, &item->host->processes});
        with_processes.push_back(item);
    }
    if (requests.empty()) return true;
    mark_late(session, kMarkLateTable, with_processes, clock_.now());
    if (!resolve_processes(session, requests)) return false;
    process_rows_.clear();
    for (std::size_t i = 0; i < requests.size(); ++i) {
        const BatchItem& item = *with_processes[i];
        append_process_row(process_rows_, *item.prepared, {item.host->host_id, item.time},
                           requests[i].refs);
    }
    CopyIn processes{session, process_row_target()};
    processes.encoded_rows(process_rows_);
    processes.finish();
    return true;
}

void BatchInsert::write_services(Session& session, std::span<BatchItem* const> fresh) {
    std::vector<ServiceCheck> checks;
    for (const BatchItem* item : fresh) {
        for (auto& check :
             checks_of(item->prepared->batch, item->host->host_id, item->prepared->received_at)) {
            // Older than what is kept: it has no partition.
            if (check.time >= partitions_.oldest_accepted()) checks.push_back(std::move(check));
        }
    }
    record_checks(session, checks);
}

}  // namespace chorus::store
