#include "aggregator/sealed/hot_rows.h"

namespace chorus::store {
namespace {

using std::chrono::days;
using std::chrono::sys_days;

constexpr Statement kHotKeys{"sealed_hot_keys", R"sql(
SELECT ts, received_at, payload_hash, layout_id
FROM monitoring.system_batches
WHERE host_id = $1 AND ts >= $2 AND ts < $3
ORDER BY ts
)sql"};

constexpr const char* kOpenHotRows = R"sql(
DECLARE sealed_hot NO SCROLL CURSOR FOR
SELECT ts, received_at, payload_hash, layout_id, "values"
FROM monitoring.system_batches
WHERE host_id = $1 AND ts >= $2 AND ts < $3
ORDER BY ts
)sql";
constexpr const char* kFetchHotRows = "FETCH 500 FROM sealed_hot";
constexpr int kValuesColumn = 4;

Parameters key_of_day(std::int32_t host_id, sys_days day) {
    return Parameters{}.int4(host_id).timestamp(Timestamp{day}).timestamp(Timestamp{day + days{1}});
}

// Calls `take` with each row until it answers false.
template <typename Take>
void for_hot_rows(Session& session, std::int32_t host_id, sys_days day, Take take) {
    session.execute_once(kOpenHotRows, key_of_day(host_id, day));
    for (bool more = true; more;) {
        const auto rows = session.execute_once(kFetchHotRows);
        if (rows.empty()) break;
        for (const auto row : rows) {
            more = take(row);
            if (!more) break;
        }
    }
    session.execute_script("CLOSE sealed_hot");
}

void add_key(SealedBatches& batches, const Row& row) {
    batches.times.push_back(row.timestamp(0));
    batches.delays.push_back(row.timestamp(1) - row.timestamp(0));
    batches.hashes.push_back(short_hash(row.int8(2)));
    batches.layout_ids.push_back(row.int4(3));
}

}  // namespace

void HotRows::for_each(const TakeHotRow& take) const {
    std::size_t begin = 0;
    for (std::size_t row = 0; row < ends.size(); ++row) {
        take(row, std::span{values}.subspan(begin, ends[row] - begin));
        begin = ends[row];
    }
}

HotRows read_hot_rows(Session& session, std::int32_t host_id, sys_days day,
                      std::size_t most_values) {
    HotRows hot;
    bool fits = true;
    for_hot_rows(session, host_id, day, [&](const Row& row) {
        const auto sent = row.float8_array(kValuesColumn);
        fits = hot.values.size() + sent.size() <= most_values;
        if (!fits) return false;
        add_key(hot.batches, row);
        hot.values.insert(hot.values.end(), sent.begin(), sent.end());
        hot.ends.push_back(hot.values.size());
        return true;
    });
    if (fits) return hot;
    hot = {};
    for (const auto row : session.execute(kHotKeys, key_of_day(host_id, day))) {
        add_key(hot.batches, row);
    }
    return hot;
}

void read_hot_values(Session& session, std::int32_t host_id, sys_days day,
                     std::span<const Timestamp> times, const TakeHotRow& take) {
    std::size_t next = 0;
    for_hot_rows(session, host_id, day, [&](const Row& row) {
        const auto time = row.timestamp(0);
        while (next < times.size() && times[next] < time) ++next;
        if (next == times.size()) return false;
        if (times[next] == time) take(next, row.float8_array(kValuesColumn));
        return true;
    });
}

}  // namespace chorus::store
