#include "aggregator/history/hot_sums.h"

#include <algorithm>

#include "aggregator/postgres/pg_types.h"
#include "aggregator/sealed/sealed_reader.h"

namespace chorus::store {
namespace {

using std::chrono::days;
using std::chrono::minutes;

constexpr minutes kSlot{15};
constexpr days kForgotten{4};  // slots that began so long before the newest one
constexpr std::int64_t kHotRowsAtATime = 500;

// The index alone answers it.
constexpr const char* kCounts = R"sql(
SELECT b.host_id, date_bin('15 minutes', b.ts, '1970-01-01 00:00:00+00'), count(*), min(b.ts),
       max(b.ts)
FROM monitoring.system_batches b
WHERE ($1::int IS NULL OR b.host_id = $1) AND b.ts >= $2
GROUP BY 1, 2
)sql";

constexpr const char* kRows = R"sql(
SELECT b.host_id, b.received_at, b.layout_id, b."values"
FROM monitoring.system_batches b
WHERE b.host_id = ANY ($1) AND b.ts >= $2 AND b.ts < $3
)sql";

constexpr const char* kLayoutsOfSums = R"sql(
SELECT layout_id, position, metric_type
FROM monitoring.layout_entries
WHERE layout_id = ANY ($1) AND label = ''
)sql";

// The elements of a one-dimensional float8[] in binary form. See array_send.
template <typename Take>
void each_element(std::string_view array, Take take) {
    constexpr std::size_t kHead = 20, kLength = sizeof(std::int32_t);
    std::size_t number = 0;
    for (std::size_t at = kHead; at + kLength <= array.size(); ++number) {
        const auto length = pg::load<std::int32_t>(array.data() + at);
        at += kLength;
        if (length < 0) continue;
        if (array.size() - at < sizeof(double)) return;
        take(number, pg::load<double>(array.data() + at));
        at += sizeof(double);
    }
}

}  // namespace

void HotSums::take_kept(Found& found, HostSums& sums, Timestamp since) {
    const std::lock_guard lock{mutex_};
    std::erase_if(found, [&](const auto& entry) {
        const auto& [slot, batches] = entry;
        const auto kept = kept_.find(slot);
        if (kept == kept_.end() || kept->second.batches != batches || slot.first < since ||
            kept->second.first_received < since) {
            return false;
        }
        auto& of_host = sums[slot.second];
        for (const auto& [metric, sum] : kept->second.sums) add(of_host[*metric], sum);
        return true;
    });
}

void HotSums::read_layouts(Session& session, Layouts& layouts,
                           const std::set<std::int32_t>& wanted) {
    std::vector<std::int32_t> ids;
    for (const auto id : wanted) {
        if (layouts.try_emplace(id).second) ids.push_back(id);
    }
    if (ids.empty()) return;
    const auto rows = session.execute_once(
        kLayoutsOfSums, Parameters{}.int4_array(std::span<const std::int32_t>{ids}));
    const std::lock_guard lock{mutex_};
    for (const auto row : rows) {
        auto& metrics = layouts[row.int4(0)];
        const auto position = static_cast<std::size_t>(row.int4(1));
        if (metrics.size() < position) metrics.resize(position);
        metrics[position - 1] = &*metrics_.emplace(row.text(2)).first;
    }
}

void HotSums::keep(const Slot& slot, Kept kept) {
    const std::lock_guard lock{mutex_};
    forget(kept_.find(slot));
    while (!kept_.empty() && kept_.begin()->first.first < slot.first - kForgotten) {
        forget(kept_.begin());
    }
    const auto room = kept.room();
    if (room > most_kept_) return;
    // What is newest is asked for most.
    while (!kept_.empty() && kept_.begin()->first.first < slot.first && room_ + room > most_kept_) {
        forget(kept_.begin());
    }
    if (room_ + room > most_kept_) return;
    room_ += room;
    kept_.emplace(slot, std::move(kept));
}

void HotSums::forget(std::map<Slot, Kept>::iterator which) {
    if (which == kept_.end()) return;
    room_ -= which->second.room();
    kept_.erase(which);
}

void HotSums::read_slots(const Slots& slots, Layouts& layouts, HostSums& sums, Session& session) {
    std::vector<std::int32_t> hosts;
    for (const auto& [host, batches] : slots.hosts) hosts.push_back(host);
    const auto rows =
        session.execute_once(kRows, Parameters{}
                                        .int4_array(std::span<const std::int32_t>{hosts})
                                        .timestamp(std::max(slots.from, slots.since))
                                        .timestamp(slots.from + kSlot));
    std::set<std::int32_t> ids;
    for (const auto row : rows) ids.insert(row.int4(2));
    read_layouts(session, layouts, ids);
    std::map<std::int32_t, Kept> of_hosts;
    // By host and layout, in the order of the layout.
    std::map<std::pair<std::int32_t, std::int32_t>, std::vector<HourRollup>> found;
    for (const auto row : rows) {
        const auto received = row.timestamp(1);
        auto& host = of_hosts[row.int4(0)];
        host.first_received = std::min(host.first_received, received);
        if (received < slots.since) continue;
        const auto& metrics = layouts.at(row.int4(2));
        auto& elements = found[{row.int4(0), row.int4(2)}];
        elements.resize(metrics.size());
        each_element(row.raw(3), [&](std::size_t i, double value) {
            if (i < metrics.size() && metrics[i]) add(elements[i], {value, value, value, 1});
        });
    }
    for (const auto& [key, elements] : found) {
        const auto& metrics = layouts.at(key.second);
        for (std::size_t i = 0; i < elements.size(); ++i) {
            if (elements[i].count == 0) continue;
            add(sums[key.first][*metrics[i]], elements[i]);
            of_hosts[key.first].sums.emplace_back(metrics[i], elements[i]);
        }
    }
    for (auto& [host, kept] : of_hosts) {
        // Else some batches are not in its sums.
        if (!slots.may_keep || kept.first_received < slots.since) continue;
        kept.batches = slots.hosts.at(host);
        keep({slots.from, host}, std::move(kept));
    }
}

void HotSums::add_to(HostSums& sums, Session& session, std::optional<std::int32_t> host_id,
                     Timestamp since, const std::vector<std::chrono::sys_days>& moved) {
    const AnswerTime time;
    Found found;
    for (const auto row :
         session.execute_once(kCounts, Parameters{}.int4(host_id).timestamp(since))) {
        found[{row.timestamp(1), row.int4(0)}] = {row.int8(2), row.timestamp(3), row.timestamp(4)};
    }
    take_kept(found, sums, since);
    Layouts layouts;
    for (auto begin = found.begin(); begin != found.end();) {
        time.check();
        const Timestamp from = begin->first.first;
        const bool has_moved = std::ranges::binary_search(moved, std::chrono::floor<days>(from));
        Slots slots{from, {}, since, from >= since && !has_moved};
        std::int64_t rows = 0;
        while (begin != found.end() && begin->first.first == from &&
               (slots.hosts.empty() || rows + begin->second.number <= kHotRowsAtATime)) {
            rows += begin->second.number;
            slots.hosts.insert({begin->first.second, begin->second});
            ++begin;
        }
        read_slots(slots, layouts, sums, session);
    }
}

}  // namespace chorus::store
