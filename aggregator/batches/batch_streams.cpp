#include "aggregator/batches/batch_streams.h"

#include <algorithm>
#include <string>

namespace chorus::store {
namespace {

// Gaps are numbers that were dropped or are still to come. Beyond this many ranges the row would
// grow out of its page. 29 bytes a range is int8multirange's external form.
constexpr std::size_t kMostRanges = 1'000;
constexpr std::size_t kMultirangeHeader = 4;
constexpr std::size_t kRangeBytes = 29;
constexpr std::size_t kMostBytes = kMultirangeHeader + kMostRanges * kRangeBytes;

// One row a counter, the numbers [lo, hi). A counter that is missing, of another host, too long, or
// has one of the numbers is not changed and not returned.
constexpr Statement kMarkNew{"batch_mark_new", R"sql(
UPDATE monitoring.ingest_streams s
SET received = s.received + int8multirange(int8range(i.lo, i.hi)),
    newest_ts = greatest(s.newest_ts, i.newest),
    last_received_at = $7
FROM unnest($1::uuid[], $2::uuid[], $3::int[], $4::int8[], $5::int8[], $6::timestamptz[],
            $9::text[], $10::uuid[])
         WITH ORDINALITY AS i (agent_id, epoch, host_id, lo, hi, newest, hostname, boot_id, n)
JOIN monitoring.hosts h ON h.host_id = i.host_id AND h.agent_id = i.agent_id
                       AND h.hostname = i.hostname AND h.boot_id = i.boot_id
WHERE s.agent_id = i.agent_id AND s.epoch = i.epoch AND s.host_id = i.host_id
  AND NOT s.received && int8range(i.lo, i.hi)
  AND octet_length(multirange_send(s.received)) < $8
RETURNING i.n
)sql"};

constexpr Statement kCreateStreams{"batch_create_streams", R"sql(
INSERT INTO monitoring.ingest_streams (agent_id, epoch, host_id)
SELECT DISTINCT i.agent_id, i.epoch, i.host_id
FROM unnest($1::uuid[], $2::uuid[], $3::int[]) AS i (agent_id, epoch, host_id)
ORDER BY i.agent_id, i.epoch
ON CONFLICT DO NOTHING
)sql"};

// The lock comes first; the state is read by a statement after it, which sees what the holder of
// the lock before us committed.
constexpr Statement kLockStreams{"batch_lock_streams", R"sql(
SELECT 1
FROM monitoring.ingest_streams s
WHERE (s.agent_id, s.epoch) IN (SELECT * FROM unnest($1::uuid[], $2::uuid[]))
ORDER BY s.agent_id, s.epoch
FOR UPDATE
)sql"};

constexpr Statement kReadStreams{"batch_read_streams", R"sql(
SELECT i.n, s.received @> i.seq, octet_length(multirange_send(s.received)) >= $4
FROM unnest($1::uuid[], $2::uuid[], $3::int8[]) WITH ORDINALITY AS i (agent_id, epoch, seq, n)
JOIN monitoring.ingest_streams s ON s.agent_id = i.agent_id AND s.epoch = i.epoch
)sql"};

constexpr Statement kMarkCarefully{"batch_mark_carefully", R"sql(
UPDATE monitoring.ingest_streams s
SET received = s.received + i.seqs, newest_ts = greatest(s.newest_ts, i.newest),
    last_received_at = $6, host_id = i.host_id
FROM (SELECT u.agent_id, u.epoch, max(u.host_id) AS host_id, max(u.newest) AS newest,
             range_agg(int8range(u.seq, u.seq + 1)) AS seqs
      FROM unnest($1::uuid[], $2::uuid[], $3::int[], $4::int8[], $5::timestamptz[])
               AS u (agent_id, epoch, host_id, seq, newest)
      GROUP BY u.agent_id, u.epoch) AS i
WHERE s.agent_id = i.agent_id AND s.epoch = i.epoch
)sql"};

// A batch whose time was taken by another one lies some microseconds later.
constexpr Statement kFindSame{"batch_find_same", R"sql(
SELECT i.n
FROM unnest($1::int[], $2::timestamptz[], $3::int8[]) WITH ORDINALITY AS i (host_id, ts, hash, n)
WHERE EXISTS (SELECT FROM monitoring.system_batches b
              WHERE b.host_id = i.host_id AND b.ts >= i.ts AND b.ts < i.ts + interval '1 ms'
                AND b.payload_hash = i.hash)
)sql"};

// Packed batches keep the lower half of the hash.
constexpr Statement kFindSameInSealedDays{"batch_find_same_in_sealed_days", R"sql(
SELECT i.n
FROM unnest($1::int[], $2::timestamptz[], $3::int8[]) WITH ORDINALITY AS i (host_id, ts, hash, n)
JOIN monitoring.sealed_days d
  ON d.day BETWEEN (i.ts AT TIME ZONE 'UTC')::date
               AND ((i.ts + interval '1 ms') AT TIME ZONE 'UTC')::date
JOIN monitoring.sealed_batches b ON b.host_id = i.host_id AND b.day = d.day
WHERE EXISTS (SELECT FROM unnest(b.times, b.hashes) AS t (ts, hash)
              WHERE t.ts >= i.ts AND t.ts < i.ts + interval '1 ms'
                AND t.hash = (i.hash << 32 >> 32)::int)
)sql"};

// What was timed by receipt lies where it was received: within the time that agents keep batches,
// by the clock of an aggregator that may be a little ahead of this one's.
constexpr Statement kFindReceived{"batch_find_received", R"sql(
SELECT i.n
FROM unnest($1::int[], $2::timestamptz[], $3::int8[]) WITH ORDINALITY AS i (host_id, ts, hash, n)
WHERE EXISTS (SELECT FROM monitoring.system_batches b
              WHERE b.host_id = i.host_id AND b.ts > i.ts - interval '2 days'
                AND b.ts <= i.ts + interval '1 minute'
                AND b.payload_hash = i.hash)
)sql"};

constexpr Statement kFindReceivedInSealedDays{"batch_find_received_in_sealed_days", R"sql(
SELECT i.n
FROM unnest($1::int[], $2::timestamptz[], $3::int8[]) WITH ORDINALITY AS i (host_id, ts, hash, n)
JOIN monitoring.sealed_days d
  ON d.day BETWEEN ((i.ts - interval '2 days') AT TIME ZONE 'UTC')::date
               AND (i.ts AT TIME ZONE 'UTC')::date
JOIN monitoring.sealed_batches b ON b.host_id = i.host_id AND b.day = d.day
WHERE EXISTS (SELECT FROM unnest(b.times, b.hashes) AS t (ts, hash)
              WHERE t.ts > i.ts - interval '2 days' AND t.ts <= i.ts + interval '1 minute'
                AND t.hash = (i.hash << 32 >> 32)::int)
)sql"};

bool same_stream(const StreamEntry& a, const StreamEntry& b) {
    return a.batch->batch.agent.id == b.batch->batch.agent.id &&
           a.batch->batch.epoch == b.batch->batch.epoch;
}

struct Columns {
    std::vector<Uuid> agents, epochs;
    std::vector<std::int32_t> hosts;
    std::vector<std::int64_t> seqs;
    std::vector<Timestamp> times;

    void add(const StreamEntry& e) {
        agents.push_back(e.batch->batch.agent.id);
        epochs.push_back(e.batch->batch.epoch);
        hosts.push_back(e.host_id);
        seqs.push_back(e.batch->batch.seq);
        times.push_back(e.batch->batch.time);
    }
};

Timestamp last_received(std::span<const StreamEntry> entries) {
    Timestamp last = Timestamp::min();
    for (const auto& e : entries) last = std::max(last, e.batch->received_at);
    return last;
}

void write_marks(Session& session, std::span<const StreamEntry> entries) {
    Columns fresh;
    for (const auto& e : entries) {
        if (e.verdict == StreamVerdict::fresh) fresh.add(e);
    }
    if (fresh.seqs.empty()) return;
    session.execute(kMarkCarefully, Parameters{}
                                        .uuid_array(fresh.agents)
                                        .uuid_array(fresh.epochs)
                                        .int4_array(fresh.hosts)
                                        .int8_array(fresh.seqs)
                                        .timestamp_array(fresh.times)
                                        .timestamp(last_received(entries)));
}

}  // namespace

void mark_new(Session& session, std::span<StreamEntry> entries) {
    Columns first;
    std::vector<std::int64_t> ends;
    std::vector<std::string> hostnames;
    std::vector<Uuid> boot_ids;
    std::vector<std::span<StreamEntry>> runs;
    for (std::size_t at = 0; at < entries.size();) {
        std::size_t end = at + 1;
        Timestamp newest = entries[at].batch->batch.time;
        while (end < entries.size() && same_stream(entries[at], entries[end])) {
            newest = std::max(newest, entries[end++].batch->batch.time);
        }
        const auto run = entries.subspan(at, end - at);
        const std::int64_t low = run.front().batch->batch.seq, high = run.back().batch->batch.seq;
        if (high - low == static_cast<std::int64_t>(run.size()) - 1) {
            first.add(run.front());
            first.times.back() = newest;
            ends.push_back(high + 1);
            hostnames.push_back(run.front().hostname);
            boot_ids.push_back(run.front().boot_id);
            runs.push_back(run);
        }
        at = end;
    }
    if (runs.empty()) return;
    const Result marked = session.execute(kMarkNew, Parameters{}
                                                        .uuid_array(first.agents)
                                                        .uuid_array(first.epochs)
                                                        .int4_array(first.hosts)
                                                        .int8_array(first.seqs)
                                                        .int8_array(ends)
                                                        .timestamp_array(first.times)
                                                        .timestamp(last_received(entries))
                                                        .int4(static_cast<int>(kMostBytes))
                                                        .text_array(hostnames)
                                                        .uuid_array(boot_ids));
    for (const Row row : marked) {
        for (auto& e : runs[static_cast<std::size_t>(row.int8(0) - 1)]) {
            e.verdict = StreamVerdict::fresh;
        }
    }
}

void mark_carefully(Session& session, std::span<StreamEntry> entries) {
    if (entries.empty()) return;
    Columns all;
    for (const auto& e : entries) all.add(e);
    session.execute(
        kCreateStreams,
        Parameters{}.uuid_array(all.agents).uuid_array(all.epochs).int4_array(all.hosts));
    session.execute(kLockStreams, Parameters{}.uuid_array(all.agents).uuid_array(all.epochs));
    const Result states = session.execute(kReadStreams, Parameters{}
                                                            .uuid_array(all.agents)
                                                            .uuid_array(all.epochs)
                                                            .int8_array(all.seqs)
                                                            .int4(static_cast<int>(kMostBytes)));
    for (const Row row : states) {
        auto& e = entries[static_cast<std::size_t>(row.int8(0) - 1)];
        e.verdict = row.boolean(1)   ? StreamVerdict::repeated
                    : row.boolean(2) ? StreamVerdict::full
                                     : StreamVerdict::fresh;
    }
    write_marks(session, entries);
}

namespace {

// The same for what was timed by receipt: when it came for the first time nobody noted.
void find_received(Session& session, std::span<const StreamEntry> entries,
                   std::vector<bool>& same) {
    std::vector<std::size_t> places;
    std::vector<std::int32_t> hosts;
    std::vector<Timestamp> times;
    std::vector<std::int64_t> hashes;
    for (std::size_t i = 0; i < entries.size(); ++i) {
        if (same[i] || !entries[i].batch->timed_by_receipt) continue;
        places.push_back(i);
        hosts.push_back(entries[i].host_id);
        times.push_back(entries[i].batch->received_at);
        hashes.push_back(entries[i].batch->payload_hash);
    }
    if (places.empty()) return;
    const auto asked = Parameters{}.int4_array(hosts).timestamp_array(times).int8_array(hashes);
    for (const Statement& statement : {kFindReceived, kFindReceivedInSealedDays}) {
        for (const Row row : session.execute(statement, asked)) {
            same[places[static_cast<std::size_t>(row.int8(0) - 1)]] = true;
        }
    }
}

}  // namespace

std::vector<bool> find_same_content(Session& session, std::span<const StreamEntry> entries) {
    std::vector<bool> same(entries.size());
    if (entries.empty()) return same;
    Columns all;
    std::vector<std::int64_t> hashes;
    for (const auto& e : entries) {
        all.add(e);
        hashes.push_back(e.batch->payload_hash);
    }
    const auto asked =
        Parameters{}.int4_array(all.hosts).timestamp_array(all.times).int8_array(hashes);
    for (const Statement& statement : {kFindSame, kFindSameInSealedDays}) {
        for (const Row row : session.execute(statement, asked)) {
            same[static_cast<std::size_t>(row.int8(0) - 1)] = true;
        }
    }
    find_received(session, entries, same);
    return same;
}

}  // namespace chorus::store
