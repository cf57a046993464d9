#include "aggregator/history/sealed_summary.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "aggregator/sealed/sealed_reader.h"
#include "aggregator/sealed/sealed_rows.h"

namespace chorus::store {
namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::hours;
using std::chrono::sys_days;

// Ingest takes batches whose time is up to two days ahead.
constexpr days kMostAhead{3};
constexpr std::size_t kRowsAtATime = 20'000;

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

// Both planned anew for each call, so that only the day's partition is looked at.
//
// A clock that was ahead: a batch lies behind `since`, but was received before.
constexpr const char* kHosts = R"sql(
SELECT b.host_id, b.batches,
       $3 AND EXISTS (SELECT FROM unnest(b.times, b.delays) AS t (ts, delay)
                      WHERE t.delay < 0 AND t.ts >= $4
                        AND t.ts + t.delay * interval '1 microsecond' < $4)
FROM monitoring.sealed_batches b
WHERE b.day = $1 AND ($2::int IS NULL OR b.host_id = $2)
)sql";
constexpr const char* kRollups = R"sql(
SELECT s.host_id, s.series_id, s.multiplier, s.divisor, s.low, s.high, s.total, s.counts,
       CASE WHEN $4 THEN s.bits END, s.plain
FROM monitoring.sealed_series s
WHERE s.series_id = ANY ($3) AND s.day = $1 AND ($2::int IS NULL OR s.host_id = $2)
)sql";

void add(HourRollup& to, const HourRollup& more) {
    if (more.count == 0) return;
    to.minimum = to.count == 0 ? more.minimum : std::min(to.minimum, more.minimum);
    to.maximum = to.count == 0 ? more.maximum : std::max(to.maximum, more.maximum);
    to.sum += more.sum;
    to.count += more.count;
}

class Summary {
  public:
    Summary(Session& session, std::optional<std::int32_t> host_id, Timestamp since)
        : session_(session), host_id_(host_id), since_(since) {}

    void read_names();
    void read(sys_days day);
    SealedSummary result() const;

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
    void read_hosts(sys_days day);
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

// Which of these hours count whole, batch by batch.
void Summary::look_closely(const SealedHours& part, std::optional<std::int32_t> host_id) {
    for (auto& batches : read_sealed_batches(session_, part, host_id)) {
        auto& host = hosts_[batches.host_id];
        for (std::size_t i = 0; i < batches.times.size(); ++i) {
            if (counts(batches, i)) continue;
            const auto number = batches.first + static_cast<std::uint32_t>(i);
            host.partly.at(static_cast<std::size_t>(hour_of_batch(host.starts, number))) = true;
        }
        host.batches = std::move(batches);
    }
}

void Summary::read_hosts(sys_days day) {
    hosts_.clear();
    const Timestamp start{day};
    const bool may_be_ahead = start < since_ + kMostAhead;
    std::vector<std::int32_t> ahead;
    for (const auto row : session_.execute_once(
             kHosts,
             Parameters{}.date(day).int4(host_id_).boolean(may_be_ahead).timestamp(since_))) {
        hosts_[row.int4(0)] = {read_hours(row, 1), first_hour(day), {}, {}};
        if (row.boolean(2)) ahead.push_back(row.int4(0));
    }
    const int first = first_hour(day);
    if (start < since_) look_closely({day, first, first + 1}, host_id_);
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

void Summary::read(sys_days day) {
    read_hosts(day);
    if (hosts_.empty()) return;
    const bool in_detail = std::ranges::any_of(
        hosts_, [](const auto& host) { return !host.second.batches.times.empty(); });
    std::size_t of_day = 1;
    for (const auto& [id, host] : hosts_) {
        of_day = std::max<std::size_t>(of_day, host.starts.back());
    }
    const auto rows =
        in_detail ? std::min(kRowsAtATime, kPackedValuesAtATime / of_day) : kRowsAtATime;
    const auto at_once = std::max<std::size_t>(1, rows / hosts_.size());
    for (std::size_t from = 0; from < series_.size(); from += at_once) {
        const auto part = std::span<const std::int32_t>{series_}.subspan(
            from, std::min(at_once, series_.size() - from));
        time_.check();
        for (const auto row : session_.execute_once(
                 kRollups,
                 Parameters{}.date(day).int4(host_id_).int4_array(part).boolean(in_detail))) {
            const auto host = hosts_.find(row.int4(0));
            if (host == hosts_.end()) continue;
            auto& sums = sums_[host->first];
            sums.resize(metrics_.size());
            add_series(host->second, read_series(row, 2, host->second.starts),
                       sums[metric_of_.at(row.int4(1))]);
        }
    }
}

SealedSummary Summary::result() const {
    SealedSummary all;
    for (const auto& [host, sums] : sums_) {
        for (std::size_t i = 0; i < sums.size(); ++i) {
            if (sums[i].count == 0) continue;
            all.host_ids.push_back(host);
            all.metric_types.push_back(metrics_[i]);
            all.sums.push_back(sums[i].sum);
            all.minima.push_back(sums[i].minimum);
            all.maxima.push_back(sums[i].maximum);
            all.counts.push_back(sums[i].count);
        }
    }
    return all;
}

}  // namespace

SealedSummary read_sealed_summary(Session& session, std::optional<std::int32_t> host_id,
                                  Timestamp since, const std::vector<sys_days>& days) {
    Summary summary{session, host_id, since};
    if (days.empty()) return {};
    summary.read_names();
    for (const auto day : days) summary.read(day);
    return summary.result();
}

}  // namespace chorus::store
