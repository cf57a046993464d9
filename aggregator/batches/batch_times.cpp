#include "aggregator/batches/batch_times.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>
#include <vector>

namespace chorus::store {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

// How far a batch may be moved from its time when that is taken.
constexpr milliseconds kMostShift{1};

constexpr Statement kTakenTimes{"batch_taken_times", R"sql(
SELECT i.n, b.ts
FROM unnest($1::int[], $2::timestamptz[]) WITH ORDINALITY AS i (host_id, ts, n)
JOIN monitoring.system_batches b
  ON b.host_id = i.host_id AND b.ts >= i.ts AND b.ts < i.ts + interval '1 ms'
)sql"};

// The same in days that are packed.
constexpr Statement kTakenInSealedDays{"batch_taken_in_sealed_days", R"sql(
SELECT i.n, t.ts
FROM unnest($1::int[], $2::timestamptz[]) WITH ORDINALITY AS i (host_id, ts, n)
JOIN monitoring.sealed_days d
  ON d.day BETWEEN (i.ts AT TIME ZONE 'UTC')::date
               AND ((i.ts + interval '1 ms') AT TIME ZONE 'UTC')::date
JOIN monitoring.sealed_batches b ON b.host_id = i.host_id AND b.day = d.day
CROSS JOIN LATERAL unnest(b.times) AS t (ts)
WHERE t.ts >= i.ts AND t.ts < i.ts + interval '1 ms'
)sql"};

}  // namespace

bool choose_times(Session& session, std::span<BatchItem* const> fresh, bool careful) {
    std::vector<BatchItem*> doubtful;
    for (BatchItem* item : fresh) {
        item->time = item->prepared->batch.time;
        if (careful || item->time <= item->host->newest) doubtful.push_back(item);
        item->host->newest = std::max(item->host->newest, item->time);
    }
    if (doubtful.empty()) return true;

    std::vector<std::int32_t> hosts;
    std::vector<Timestamp> times;
    for (const BatchItem* item : doubtful) {
        hosts.push_back(item->host->host_id);
        times.push_back(item->time);
    }
    std::set<std::pair<std::int32_t, Timestamp>> taken;
    const auto asked = Parameters{}.int4_array(hosts).timestamp_array(times);
    for (const Statement& statement : {kTakenTimes, kTakenInSealedDays}) {
        for (const Row row : session.execute(statement, asked)) {
            taken.emplace(hosts[static_cast<std::size_t>(row.int8(0) - 1)], row.timestamp(1));
        }
    }
    const std::set<const BatchItem*> moving(doubtful.begin(), doubtful.end());
    for (const BatchItem* item : fresh) {
        if (!moving.contains(item)) taken.emplace(item->host->host_id, item->time);
    }
    for (BatchItem* item : doubtful) {
        const Timestamp last = item->time + kMostShift;
        while (!taken.emplace(item->host->host_id, item->time).second) {
            item->time += microseconds{1};
            if (item->time >= last) return false;
        }
        item->host->newest = std::max(item->host->newest, item->time);
    }
    return true;
}

}  // namespace chorus::store
