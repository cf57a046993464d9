#include "aggregator/batches/batch_processes.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>
#include <tuple>

namespace chorus::store {
namespace {

using std::chrono::days;
using std::chrono::minutes;
using std::chrono::sys_days;

constexpr Statement kFindProcesses{"batch_find_processes", R"sql(
SELECT i.n, p.process_ref, p.last_seen_day
FROM unnest($1::int[], $2::uuid[]) WITH ORDINALITY AS i (host_id, digest, n)
JOIN monitoring.processes p ON p.host_id = i.host_id AND p.digest = i.digest
)sql"};

// Sorted by the caller, so that two aggregators take their locks in one order.
constexpr Statement kInsertProcesses{"batch_insert_processes", R"sql(
INSERT INTO monitoring.processes AS p
    (host_id, digest, boot_id, pid, start_ticks, name, username, ppid, unit, container_id, cmdline,
     started_at, last_seen_day)
SELECT i.*
FROM unnest($1::int[], $2::uuid[], $3::uuid[], $4::int[], $5::int8[], $6::text[], $7::text[],
            $8::int[], $9::text[], $10::text[], $11::text[], $12::timestamptz[], $13::date[]) AS i
ON CONFLICT (host_id, digest) DO UPDATE
    SET last_seen_day = greatest(p.last_seen_day, excluded.last_seen_day)
RETURNING p.host_id, p.digest, p.process_ref
)sql"};

constexpr Statement kTouchProcesses{"batch_touch_processes", R"sql(
UPDATE monitoring.processes p
SET last_seen_day = greatest(p.last_seen_day, i.day)
FROM unnest($1::int8[], $2::date[]) AS i (ref, day)
WHERE p.process_ref = i.ref
)sql"};

struct Missing {
    const ProcessRequest* request;
    std::size_t row;
    BatchProcesses::Known* entry;

    const Uuid& digest() const { return request->batch->process_digests[row]; }
    auto order() const { return std::tie(request->host_id, digest()); }
};

struct Touch {
    std::int64_t ref;
    sys_days day;
};

// Processes that live on would all be touched just after midnight. Instead each is given the next
// day at its own minute of the day before.
sys_days day_to_note(std::uint32_t spread, Timestamp time) {
    const auto day = std::chrono::floor<days>(time);
    const auto minute = std::chrono::floor<minutes>(time - day).count();
    return static_cast<std::int64_t>(spread % 1'440) < minute ? day + days{1} : day;
}

std::uint32_t spread_of(const Uuid& digest) {
    std::uint32_t bits = 0;
    std::memcpy(&bits, digest.bytes.data() + 8, sizeof bits);
    return bits;
}

// date[] in array_recv's form; Parameters has none.
std::string date_array(const std::vector<sys_days>& list) {
    // An int4[] has the same form but for the type of its elements.
    std::vector<std::int32_t> numbers;
    constexpr sys_days epoch{days{10'957}};  // 2000-01-01, PostgreSQL's
    for (const sys_days day : list) {
        numbers.push_back(static_cast<std::int32_t>((day - epoch).count()));
    }
    std::string bytes = *Parameters{}.int4_array(numbers).values().front();
    constexpr char date_oid[] = {0, 0, 4, 58};  // 1082
    bytes.replace(8, 4, date_oid, 4);
    return bytes;
}
constexpr std::uint32_t kDateArray = 1182;

std::optional<Timestamp> started_at(const Batch& batch, const ProcessSample& p) {
    if (!batch.host.boot_time) return std::nullopt;
    const double seconds =
        static_cast<double>(p.start_ticks) / static_cast<double>(batch.host.clock_ticks_per_second);
    constexpr double longest = 1e9;  // some 30 years of uptime
    if (seconds > longest) return std::nullopt;
    return *batch.host.boot_time +
           std::chrono::microseconds{static_cast<std::int64_t>(seconds * 1e6)};
}

void find_existing(Session& session, std::vector<Missing>& missing) {
    std::vector<std::int32_t> hosts;
    std::vector<Uuid> digests;
    for (const Missing& m : missing) {
        hosts.push_back(m.request->host_id);
        digests.push_back(m.digest());
    }
    for (const Row row :
         session.execute(kFindProcesses, Parameters{}.int4_array(hosts).uuid_array(digests))) {
        auto& entry = *missing[static_cast<std::size_t>(row.int8(0) - 1)].entry;
        entry.ref = row.int8(1);
        entry.last_seen_day = row.date(2);
    }
    std::erase_if(missing, [](const Missing& m) { return m.entry->ref != 0; });
}

// Columns of the rows to insert.
struct NewProcesses {
    std::vector<std::int32_t> hosts, pids;
    std::vector<Uuid> digests, boots;
    std::vector<std::int64_t> starts;
    std::vector<std::string> names, users, units, containers, cmdlines;
    std::vector<std::optional<std::int32_t>> parents;
    std::vector<std::optional<Timestamp>> started;
    std::vector<sys_days> seen;

    void add(const Missing& m) {
        const Batch& batch = m.request->batch->batch;
        const ProcessSample& p = batch.processes->rows[m.row];
        m.entry->last_seen_day = day_to_note(spread_of(m.digest()), batch.time);
        hosts.push_back(m.request->host_id);
        pids.push_back(p.pid);
        digests.push_back(m.digest());
        boots.push_back(batch.boot_id);
        starts.push_back(p.start_ticks);
        names.push_back(p.name);
        users.push_back(p.user);
        units.push_back(p.unit);
        containers.push_back(p.container_id);
        cmdlines.push_back(p.cmdline);
        parents.push_back(p.ppid);
        started.push_back(started_at(batch, p));
        seen.push_back(m.entry->last_seen_day);
    }
    Parameters parameters() const {
        return Parameters{}
            .int4_array(hosts)
            .uuid_array(digests)
            .uuid_array(boots)
            .int4_array(pids)
            .int8_array(starts)
            .text_array(names)
            .text_array(users)
            .int4_array(parents)
            .text_array(units)
            .text_array(containers)
            .text_array(cmdlines)
            .timestamp_array(started)
            .raw(kDateArray, date_array(seen));
    }
};

void insert_new(Session& session, std::vector<Missing>& missing) {
    std::sort(missing.begin(), missing.end(),
              [](const Missing& a, const Missing& b) { return a.order() < b.order(); });
    // The same process in two batches of the group has one entry.
    const auto last =
        std::unique(missing.begin(), missing.end(),
                    [](const Missing& a, const Missing& b) { return a.order() == b.order(); });
    missing.erase(last, missing.end());
    NewProcesses rows;
    for (const Missing& m : missing) rows.add(m);
    const Result inserted = session.execute(kInsertProcesses, rows.parameters());
    for (const Row row : inserted) {
        const auto key = std::tuple(row.int4(0), row.uuid(1));
        const auto at = std::lower_bound(
            missing.begin(), missing.end(), key,
            [](const Missing& m, const auto& wanted) { return std::tuple(m.order()) < wanted; });
        if (at != missing.end() && std::tuple(at->order()) == key) at->entry->ref = row.int8(2);
    }
}

// False if retention deleted a row that is remembered here.
bool touch(Session& session, std::vector<Touch>& touches) {
    // Each row once, with its latest day, and locked in one order by all aggregators.
    std::sort(touches.begin(), touches.end(), [](const Touch& a, const Touch& b) {
        return std::tie(a.ref, b.day) < std::tie(b.ref, a.day);
    });
    const auto last = std::unique(touches.begin(), touches.end(),
                                  [](const Touch& a, const Touch& b) { return a.ref == b.ref; });
    touches.erase(last, touches.end());
    std::vector<std::int64_t> refs;
    std::vector<sys_days> seen;
    for (const auto& [ref, day] : touches) {
        refs.push_back(ref);
        seen.push_back(day);
    }
    const Result result = session.execute(
        kTouchProcesses, Parameters{}.int8_array(refs).raw(kDateArray, date_array(seen)));
    return result.affected() == static_cast<std::int64_t>(refs.size());
}

}  // namespace

std::size_t BatchProcesses::FirstBytes::operator()(const Uuid& digest) const {
    std::size_t hash = 0;
    std::memcpy(&hash, digest.bytes.data(), sizeof hash);
    return hash;
}

std::uint32_t BatchProcesses::next_batch(std::size_t processes) {
    constexpr std::uint32_t remembered_batches = 20;
    ++batch_;
    // A host that sends its busiest processes only names others each time.
    if (known_.size() > 2 * processes + 256) {
        std::erase_if(known_, [&](const auto& item) {
            return batch_ - item.second.batch > remembered_batches;
        });
    }
    return batch_;
}

bool resolve_processes(Session& session, std::span<ProcessRequest> requests) {
    std::vector<Missing> missing;
    std::vector<Touch> touches;
    bool any_cold = false;
    for (ProcessRequest& request : requests) {
        const auto& digests = request.batch->process_digests;
        const std::uint32_t number = request.known->next_batch(digests.size());
        any_cold = any_cold || request.known->cold();
        request.known->warm();
        request.entries.reserve(digests.size());
        for (std::size_t row = 0; row < digests.size(); ++row) {
            auto& entry = request.known->entry(digests[row]);
            request.entries.push_back(&entry);
            entry.batch = number;
            if (entry.ref == 0) missing.push_back({&request, row, &entry});
        }
    }
    if (any_cold && !missing.empty()) find_existing(session, missing);
    if (!missing.empty()) insert_new(session, missing);

    for (ProcessRequest& request : requests) {
        request.refs.reserve(request.entries.size());
        for (std::size_t row = 0; row < request.entries.size(); ++row) {
            auto& entry = *request.entries[row];
            const auto spread = spread_of(request.batch->process_digests[row]);
            const auto day = day_to_note(spread, request.batch->batch.time);
            if (entry.last_seen_day < day) {
                entry.last_seen_day = day;
                touches.push_back({entry.ref, day});
            }
            request.refs.push_back(entry.ref);
        }
    }
    return touches.empty() || touch(session, touches);
}

}  // namespace chorus::store
