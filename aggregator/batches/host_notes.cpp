#include "aggregator/batches/host_notes.h"

#include <xxhash.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace chorus::store {
namespace {

using std::chrono::milliseconds;

constexpr std::chrono::seconds kSeenEvery{5};

// `made` is NULL where the batch is none of the newest.
constexpr Statement kNoteSeen{"batch_note_seen", R"sql(
UPDATE monitoring.hosts h
SET last_seen = greatest(h.last_seen, i.seen), clock_skew_ms = i.skew_ms,
    timed_by_receipt = i.by_receipt,
    latest_made_at = greatest(h.latest_made_at, i.made),
    latest_ts = CASE WHEN i.made >= coalesce(h.latest_made_at, '-infinity') THEN i.ts
                     ELSE h.latest_ts END,
    latest_process_ts = CASE WHEN i.made >= coalesce(h.latest_made_at, '-infinity')
                             THEN coalesce(i.process_ts, h.latest_process_ts)
                             ELSE h.latest_process_ts END,
    reporting_since =
        CASE WHEN i.seen - h.last_seen
                 > greatest(interval '90 seconds', 3 * h.interval_seconds * interval '1 second')
             THEN i.seen ELSE h.reporting_since END
FROM unnest($1::int[], $2::timestamptz[], $3::int8[], $4::boolean[], $5::timestamptz[],
            $6::timestamptz[], $7::timestamptz[])
         AS i (host_id, seen, skew_ms, by_receipt, made, ts, process_ts)
WHERE h.host_id = i.host_id
)sql"};

constexpr Statement kNoteDeferred{"batch_note_deferred", R"sql(
UPDATE monitoring.hosts h
SET held_back_at = greatest(h.held_back_at, i.at)
FROM unnest($1::int[], $2::timestamptz[]) AS i (host_id, at)
WHERE h.host_id = i.host_id
)sql"};

constexpr Statement kNoteFacts{"batch_note_facts", R"sql(
UPDATE monitoring.hosts
SET agent_version = $2, interval_seconds = $3, os = $4, kernel = $5, cpu_model = $6,
    cpu_count = $7, memory_total_bytes = $8, boot_time = $9, clock_ticks_per_second = $10
WHERE host_id = $1
)sql"};

std::uint64_t hash_facts(const Batch& b) {
    std::string bytes;
    const auto add = [&](std::string_view text) { bytes.append(text).push_back('\0'); };
    add(b.agent.version);
    add(std::to_string(b.agent.interval_seconds));
    add(b.host.os);
    add(b.host.kernel);
    add(b.host.cpu_model);
    add(std::to_string(b.host.cpu_count.value_or(-1)));
    add(std::to_string(b.host.memory_total_bytes.value_or(-1)));
    add(std::to_string(b.host.clock_ticks_per_second));
    // Stands for boot_time as well, which the kernel computes anew when its clock is set.
    add({reinterpret_cast<const char*>(b.boot_id.bytes.data()), b.boot_id.bytes.size()});
    return XXH3_64bits(bytes.data(), bytes.size());
}

void write_facts(Session& session, std::int32_t host_id, const Batch& b) {
    session.execute(kNoteFacts,
                    Parameters{}
                        .int4(host_id)
                        .text(b.agent.version)
                        .float8(b.agent.interval_seconds)
                        .text(b.host.os)
                        .text(b.host.kernel)
                        .text(b.host.cpu_model)
                        .int8(b.host.cpu_count)
                        .int8(b.host.memory_total_bytes)
                        .timestamp(b.host.boot_time)
                        .int4(static_cast<std::int32_t>(b.host.clock_ticks_per_second)));
}

bool seen_is_due(const BatchHost& host, const PreparedBatch& p) {
    const std::chrono::duration<double> age = p.received_at - host.seen_written;
    const std::chrono::duration<double> every = kSeenEvery;
    return age >= std::min(every, std::chrono::duration<double>{p.batch.agent.interval_seconds});
}

// What is noted of one host at once, whatever came of it: a row is updated once a statement.
struct Note {
    BatchHost* host = nullptr;
    const PreparedBatch* batch = nullptr;  // the newest of them
    bool due = false;
    std::optional<Timestamp> made, time, process_time;  // of the newest that is stored
};

// By host id: all writers lock rows in one order.
std::map<std::int32_t, Note> gather(std::span<const HostSighting> sightings) {
    std::map<std::int32_t, Note> notes;
    for (const auto& [host, prepared, deferred, time] : sightings) {
        Note& note = notes[host->host_id];
        note.host = host;
        if (note.batch == nullptr || prepared->made_at >= note.batch->made_at) {
            note.batch = prepared;
        }
        note.due = note.due || seen_is_due(*host, *prepared);
        if (deferred || prepared->made_at < host->newest_made) continue;
        host->newest_made = prepared->made_at;
        note.due = true;
        note.made = prepared->made_at;
        note.time = time;
        if (prepared->batch.processes) note.process_time = time;
    }
    std::erase_if(notes, [](const auto& entry) { return !entry.second.due; });
    return notes;
}

void note_seen(Session& session, const std::map<std::int32_t, Note>& notes) {
    if (notes.empty()) return;
    std::vector<std::int32_t> ids;
    std::vector<Timestamp> seen;
    std::vector<std::int64_t> skews;
    std::vector<bool> by_receipt;
    std::vector<std::optional<Timestamp>> made, times, process_times;
    for (const auto& [id, note] : notes) {
        const PreparedBatch& p = *note.batch;
        note.host->seen_written = p.received_at;
        ids.push_back(id);
        seen.push_back(p.received_at);
        const auto skew = p.received_at - p.batch.sent_at;
        skews.push_back(std::chrono::duration_cast<milliseconds>(skew).count());
        by_receipt.push_back(p.timed_by_receipt);
        made.push_back(note.made);
        times.push_back(note.time);
        process_times.push_back(note.process_time);
    }
    session.execute(kNoteSeen, Parameters{}
                                   .int4_array(ids)
                                   .timestamp_array(seen)
                                   .int8_array(skews)
                                   .boolean_array(by_receipt)
                                   .timestamp_array(made)
                                   .timestamp_array(times)
                                   .timestamp_array(process_times));
}

}  // namespace

void note_hosts(Session& session, std::span<const HostSighting> sightings) {
    std::vector<std::int32_t> deferred_ids;
    std::vector<Timestamp> deferred_at;
    for (const auto& [host, prepared, deferred, time] : sightings) {
        if (!deferred || prepared->received_at - host->deferred_written < kSeenEvery) continue;
        host->deferred_written = prepared->received_at;
        deferred_ids.push_back(host->host_id);
        deferred_at.push_back(prepared->received_at);
    }
    note_seen(session, gather(sightings));
    if (!deferred_ids.empty()) {
        session.execute(kNoteDeferred,
                        Parameters{}.int4_array(deferred_ids).timestamp_array(deferred_at));
    }
    for (const auto& [host, prepared, deferred, time] : sightings) {
        // A late batch tells old facts, as one of an earlier boot does.
        if (deferred || prepared->made_at < host->newest_made) continue;
        const std::uint64_t facts = hash_facts(prepared->batch);
        if (facts == host->facts) continue;
        host->facts = facts;
        write_facts(session, host->host_id, prepared->batch);
    }
}

}  // namespace chorus::store
