#include "aggregator/history/sealed_summary.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <span>
#include <string>
#include <utility>

#include "aggregator/sealed/sealed_reader.h"
#include "aggregator/sealed/sealed_rows.h"
#include "aggregator/sealed/whole_days.h"

namespace chorus::store {
namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::hours;
using std::chrono::sys_days;

// Ingest takes batches whose time is up to two days ahead.
constexpr days kMostAhead{3};
constexpr std::size_t kPackedRowsAtATime = 20'000;

// From one metric to the next through the index: there may be very many labels.
constexpr Statement kSeriesOfHosts{"sealed_whole_host_series", R"sql(
WITH RECURSIVE metrics AS (
    (SELECT metric_type FROM monitoring.series ORDER BY metric_type LIMIT 1)
    UNION ALL
    SELECT (SELECT s.metric_type FROM monitoring.series s
            WHERE s.metric_type > m.metric_type ORDER BY s.metric_type LIMIT 1)
    FROM metrics m WHERE m.metric_type IS NOT NULL)
SELECT s.series_id, s.metric_type
FROM metrics m JOIN monitoring.series s ON s.metric_type = m.metric_type AND s.label = ''
ORDER BY s.metric_type
)sql"};

// All planned anew for each call, so that only the partitions of these days are looked at.
//
// A clock that was ahead: a batch lies behind `since`, but was received before.
constexpr const char* kAhead = R"sql(
SELECT b.day, b.host_id
FROM monitoring.sealed_batches b
WHERE b.day = ANY ($1) AND ($2::int IS NULL OR b.host_id = $2) AND b.delay_low < 0
  AND EXISTS (
    SELECT FROM (SELECT CASE WHEN length(b.delays) <= 64 * cardinality(b.times)
                             THEN b.delays || B'' END AS delays,
                        cardinality(b.times) AS number OFFSET 0) d
    CROSS JOIN LATERAL (
        SELECT u.ts, monitoring.sealed_delay(b.delay_low, d.delays, d.number, u.n::int) AS delay
        FROM unnest(b.times) WITH ORDINALITY AS u (ts, n)) t
    WHERE t.delay < 0 AND t.ts >= $3 AND t.ts + t.delay * interval '1 microsecond' < $3)
)sql";

constexpr const char* kHostsOfDay = R"sql(
SELECT b.host_id, b.batches
FROM monitoring.sealed_batches b
WHERE b.day = $1 AND ($2::int IS NULL OR b.host_id = $2)
)sql";
constexpr const char* kHours = R"sql(
SELECT s.host_id, s.series_id, s.multiplier, s.divisor, s.low, s.high, s.sum, s.count, s.hours,
       s.counts, s.width, CASE WHEN $4 THEN s.bits END, s.plain
FROM monitoring.sealed_series s
WHERE s.series_id = ANY ($3) AND s.day = $1 AND ($2::int IS NULL OR s.host_id = $2)
)sql";

class Summary {
  public:
    Summary(Session& session, std::optional<std::int32_t> host_id, Timestamp since)
        : session_(session), host_id_(host_id), since_(since) {}

    void read_names();
    HostsOfDays find_ahead(const std::vector<sys_days>& moved);
    // All of these days, but not hosts that were ahead.
    void add_days(std::span<const sys_days> whole, const HostsOfDays& ahead);
    // Hour by hour. `ahead` are of these hosts.
    void add_hours(sys_days day, std::optional<std::int32_t> host_id,
                   const std::vector<std::int32_t>& ahead);
    void add_to(HostSums& sums) const;

  private:
    struct HostDay {
        HourStarts starts{};
        int first = 0;  // hour; those before do not count
        // Hours in which not every batch counts; the batches of those hours, and maybe of others.
        std::array<bool, kHoursOfDay> partly{};
        HostBatches batches;
    };
    bool counts(const HostBatches& batches, std::size_t i) const {
        return batches.times[i] >= since_ && batches.received[i] >= since_;
    }
    int first_hour(sys_days day) const {
        const auto border = floor<hours>(since_);
        return day < border ? static_cast<int>((border - day) / hours{1}) : 0;
    }
    HourRollup& sum_of(std::int32_t host_id, std::int32_t series_id);
    void read_hosts(sys_days day, std::optional<std::int32_t> host_id,
                    const std::vector<std::int32_t>& ahead);
    void look_closely(const SealedHours& hours, std::optional<std::int32_t> host_id);
    void add_series(const HostDay& host, const PackedSeries& series, HourRollup& sum) const;
    void add_values(const HostDay& host, const PackedSeries& series, int hour,
                    HourRollup& sum) const;

    Session& session_;
    const std::optional<std::int32_t> host_id_;
    const Timestamp since_;
    const AnswerTime time_;
    std::vector<std::int32_t> series_;
    std::vector<std::string> metrics_;
    std::map<std::int32_t, std::size_t> metric_of_;         // of each series
    std::map<std::int32_t, std::vector<HourRollup>> sums_;  // of each host, by metric
    std::map<std::int32_t, HostDay> hosts_;                 // of the day
};

void Summary::read_names() {
    for (const auto row : session_.execute(kSeriesOfHosts)) {
        if (metrics_.empty() || metrics_.back() != row.text(1)) metrics_.emplace_back(row.text(1));
        series_.push_back(row.int4(0));
        metric_of_.emplace(row.int4(0), metrics_.size() - 1);
    }
}

// Which of these hours count whole, batch by batch. Of a host whose batches are damaged, or that
// has none, they do not count.
void Summary::look_closely(const SealedHours& part, std::optional<std::int32_t> host_id) {
    std::set<std::int32_t> seen;
    for (auto& batches : read_sealed_batches(session_, part, host_id)) {
        const auto found = hosts_.find(batches.host_id);
        if (found == hosts_.end()) continue;
        seen.insert(found->first);
        auto& host = found->second;
        for (std::size_t i = 0; i < batches.times.size(); ++i) {
            if (counts(batches, i)) continue;
            const auto number = batches.first + static_cast<std::uint32_t>(i);
            host.partly.at(static_cast<std::size_t>(hour_of_batch(host.starts, number))) = true;
        }
        host.batches = std::move(batches);
    }
    for (auto& [id, host] : hosts_) {
        if (host_id.value_or(id) == id && !seen.contains(id)) {
            host.first = std::max(host.first, part.last);
        }
    }
}

HourRollup& Summary::sum_of(std::int32_t host_id, std::int32_t series_id) {
    auto& sums = sums_[host_id];
    sums.resize(metrics_.size());
    return sums[metric_of_.at(series_id)];
}

HostsOfDays Summary::find_ahead(const std::vector<sys_days>& moved) {
    std::vector<sys_days> near;
    for (const auto day : moved) {
        if (Timestamp{day} < since_ + kMostAhead) near.push_back(day);
    }
    HostsOfDays found;
    for (const auto row :
         session_.execute_once(kAhead, Parameters{}
                                           .date_array(std::span<const sys_days>{near})
                                           .int4(host_id_)
                                           .timestamp(since_))) {
        found[row.date(0)].push_back(row.int4(1));
    }
    return found;
}

void Summary::add_days(std::span<const sys_days> whole, const HostsOfDays& ahead) {
    read_whole_days(session_, {whole, host_id_, series_, ahead}, time_,
                    [&](std::int32_t host_id, std::int32_t series_id, const HourRollup& sum) {
                        add(sum_of(host_id, series_id), sum);
                    });
}

void Summary::read_hosts(sys_days day, std::optional<std::int32_t> host_id,
                         const std::vector<std::int32_t>& ahead) {
    hosts_.clear();
    for (const auto row :
         session_.execute_once(kHostsOfDay, Parameters{}.date(day).int4(host_id))) {
        read_packed_row(session_, {row.int4(0), day, {}}, OnDamage::skip, [&] {
            hosts_[row.int4(0)] = {read_hours(row, 1), first_hour(day), {}, {}};
        });
    }
    const int first = first_hour(day);
    if (Timestamp{day} < since_) look_closely({day, first, first + 1}, host_id);
    for (const auto host : ahead) look_closely({day, first, kHoursOfDay}, host);
}

void Summary::add_values(const HostDay& host, const PackedSeries& series, int hour,
                         HourRollup& sum) const {
    std::vector<double> values;
    unpack_hours(series, host.starts, hour, hour + 1, values);
    const auto skipped = host.starts[static_cast<std::size_t>(hour)] - host.batches.first;
    for (std::size_t i = 0; i < values.size(); ++i) {
        const double value = values[i];
        if (value == value && counts(host.batches, skipped + i)) {
            add(sum, {value, value, value, 1});
        }
    }
}

void Summary::add_series(const HostDay& host, const PackedSeries& series, HourRollup& sum) const {
    for (int hour = host.first; hour < kHoursOfDay; ++hour) {
        if (host.partly[static_cast<std::size_t>(hour)]) {
            add_values(host, series, hour, sum);
        } else {
            add(sum, rollup(series, host.starts, hour));
        }
    }
}

void Summary::add_hours(sys_days day, std::optional<std::int32_t> host_id,
                        const std::vector<std::int32_t>& ahead) {
    read_hosts(day, host_id, ahead);
    if (hosts_.empty()) return;
    const bool in_detail = std::ranges::any_of(
        hosts_, [](const auto& host) { return !host.second.batches.times.empty(); });
    std::size_t of_day = 1;
    for (const auto& [id, host] : hosts_) {
        of_day = std::max<std::size_t>(of_day, host.starts.back());
    }
    const auto rows = in_detail ? std::min(kPackedRowsAtATime, kPackedValuesAtATime / of_day)
                                : kPackedRowsAtATime;
    const auto at_once = std::max<std::size_t>(1, rows / hosts_.size());
    for (std::size_t from = 0; from < series_.size(); from += at_once) {
        const auto part = std::span<const std::int32_t>{series_}.subspan(
            from, std::min(at_once, series_.size() - from));
        time_.check();
        for (const auto row : session_.execute_once(
                 kHours,
                 Parameters{}.date(day).int4(host_id).int4_array(part).boolean(in_detail))) {
            const auto host = hosts_.find(row.int4(0));
            if (host == hosts_.end()) continue;
            read_packed_row(session_, {host->first, day, row.int4(1)}, OnDamage::skip, [&] {
                HourRollup sum;
                add_series(host->second, read_series(row, 2, host->second.starts), sum);
                add(sum_of(host->first, row.int4(1)), sum);
            });
        }
    }
}

void Summary::add_to(HostSums& sums) const {
    for (const auto& [host, of_host] : sums_) {
        for (std::size_t i = 0; i < of_host.size(); ++i) {
            if (of_host[i].count > 0) add(sums[host][metrics_[i]], of_host[i]);
        }
    }
}

}  // namespace

void add_sealed_days(HostSums& sums, Session& session, std::optional<std::int32_t> host_id,
                     Timestamp since, const std::vector<sys_days>& days) {
    if (days.empty()) return;
    Summary summary{session, host_id, since};
    summary.read_names();
    const auto ahead = summary.find_ahead(days);
    const auto whole =
        std::ranges::lower_bound(days, since, {}, [](sys_days day) { return Timestamp{day}; });
    summary.add_days({whole, days.end()}, ahead);
    if (whole != days.begin()) {
        const auto hosts = ahead.find(days.front());
        summary.add_hours(days.front(), host_id,
                          hosts == ahead.end() ? std::vector<std::int32_t>{} : hosts->second);
    }
    for (const auto& [day, hosts] : ahead) {
        if (Timestamp{day} < since) continue;
        for (const auto host : hosts) summary.add_hours(day, host, {host});
    }
    summary.add_to(sums);
}

}  // namespace chorus::store
