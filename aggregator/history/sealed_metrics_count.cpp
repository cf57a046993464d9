#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "aggregator/history/sealed_metrics.h"
#include "aggregator/sealed/sealed_reader.h"

namespace chorus::store {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::sys_days;

// By layout, the series that the filter lets through.
constexpr const char* kSeriesOfLayouts = R"sql(
SELECT layout_id, series_id
FROM monitoring.layout_series
WHERE layout_id = ANY ($1)
  AND ($2::text IS NULL OR metric_type = $2)
  AND ($3::jsonb IS NULL OR tags @> $3)
)sql";

constexpr const char* kLayoutsOfHost = R"sql(
SELECT DISTINCT l.layout_id
FROM monitoring.sealed_batches b CROSS JOIN LATERAL unnest(b.layout_ids) AS l (layout_id)
WHERE b.host_id = $1 AND b.day BETWEEN $2 AND $3
)sql";

constexpr const char* kSeriesOfAll = R"sql(
SELECT series_id FROM monitoring.series
WHERE ($1::text IS NULL OR metric_type = $1) AND ($2::jsonb IS NULL OR tags @> $2)
)sql";

// Of whole hours. `counts` is NULL where each batch has a value.
constexpr const char* kCountHours = R"sql(
WITH hours AS MATERIALIZED (
    SELECT b.day, b.host_id, w.first, w.last, p.skipped, p.until
    FROM unnest($1::date[], $2::int[], $3::int[]) AS w (day, first, last)
    JOIN monitoring.sealed_batches b ON b.day = w.day
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(u.n) FILTER (WHERE u.hour <= w.first), 0)::int AS skipped,
               coalesce(sum(u.n) FILTER (WHERE u.hour <= w.last), 0)::int AS until
        FROM unnest(b.batches) WITH ORDINALITY AS u (n, hour)) p
    WHERE b.day BETWEEN $4 AND $5 AND ($6::int IS NULL OR b.host_id = $6))
SELECT coalesce(sum(CASE
    WHEN s.plain IS NOT NULL THEN (SELECT count(v) FROM unnest(s.plain[h.skipped + 1 : h.until]) v)
    WHEN s.counts IS NULL THEN h.until - h.skipped
    ELSE (SELECT sum(n) FROM unnest(s.counts[h.first + 1 : h.last]) n) END), 0)::bigint
FROM hours h
JOIN monitoring.sealed_series s ON s.host_id = h.host_id AND s.day = h.day
WHERE s.day BETWEEN $4 AND $5 AND ($6::int IS NULL OR s.host_id = $6)
  AND s.series_id = ANY ($7)
)sql";

class Count {
  public:
    Count(Session& session, const MetricFilter& filter) : session_(session), filter_(filter) {}

    void add(sys_days day);
    std::int64_t total();

  private:
    void count_values(const SealedHours& hours);
    std::set<std::int32_t> series_of(const std::vector<std::int32_t>& layouts);
    std::vector<std::int32_t> wanted_series();
    void count_hours();

    Session& session_;
    const MetricFilter& filter_;
    const AnswerTime time_;
    std::vector<SealedHours> whole_;  // at most one for each day
    std::vector<SealedHours> partly_;
    std::map<std::int32_t, std::vector<std::int32_t>> series_;  // by layout
    std::int64_t total_ = 0;
};

void Count::add(sys_days day) {
    SealedHours whole{day, 0, 0};
    for (int hour = 0; hour < kHoursOfDay; ++hour) {
        const Timestamp from = Timestamp{day} + hours{hour}, to = from + hours{1};
        if (from > filter_.end || to <= filter_.start) continue;
        if (from < filter_.start || to - microseconds{1} > filter_.end) {
            partly_.push_back({day, hour, hour + 1});
            continue;
        }
        if (whole.last == 0) whole.first = hour;
        whole.last = hour + 1;
    }
    if (whole.last > 0) whole_.push_back(whole);
}

std::set<std::int32_t> Count::series_of(const std::vector<std::int32_t>& layouts) {
    std::set<std::int32_t> unknown;
    for (const auto id : layouts) {
        if (series_.try_emplace(id).second) unknown.insert(id);
    }
    if (!unknown.empty()) {
        const std::vector<std::int32_t> ids(unknown.begin(), unknown.end());
        for (const auto row : session_.execute_once(
                 kSeriesOfLayouts, Parameters{}
                                       .int4_array(std::span<const std::int32_t>{ids})
                                       .text(filter_.metric_type)
                                       .json(filter_.tags_json))) {
            series_[row.int4(0)].push_back(row.int4(1));
        }
    }
    std::set<std::int32_t> series;
    for (const auto id : layouts) {
        const auto& of = series_.at(id);
        series.insert(of.begin(), of.end());
    }
    return series;
}

// Of a part of an hour: value by value.
void Count::count_values(const SealedHours& part) {
    time_.check();
    const auto hosts = read_sealed_batches(session_, part, filter_.host_id, filter_.on_damage());
    std::vector<SeriesOfDay> wanted;
    std::vector<std::size_t> of_host;
    for (std::size_t i = 0; i < hosts.size(); ++i) {
        for (const auto series : series_of(hosts[i].layout_ids)) {
            wanted.push_back({hosts[i].host_id, part.day, series, hosts[i].starts.back()});
            of_host.push_back(i);
        }
    }
    std::vector<double> values;
    read_packed_series(
        session_, wanted,
        [&](std::size_t which, const HourStarts& starts, const PackedSeries& series) {
            time_.check();
            const auto& host = hosts[of_host[which]];
            values.clear();
            unpack_hours(series, starts, part.first, part.last, values);
            for (std::size_t i = 0; i < values.size(); ++i) {
                const Timestamp time = host.times.at(i);
                if (values[i] == values[i] && time >= filter_.start && time <= filter_.end) {
                    ++total_;
                }
            }
        },
        filter_.on_damage());
}

std::vector<std::int32_t> Count::wanted_series() {
    std::vector<std::int32_t> wanted;
    if (!filter_.host_id) {
        for (const auto row : session_.execute_once(
                 kSeriesOfAll, Parameters{}.text(filter_.metric_type).json(filter_.tags_json))) {
            wanted.push_back(row.int4(0));
        }
        return wanted;
    }
    std::vector<std::int32_t> layouts;
    for (const auto row : session_.execute_once(
             kLayoutsOfHost,
             Parameters{}.int4(filter_.host_id).date(whole_.front().day).date(whole_.back().day))) {
        layouts.push_back(row.int4(0));
    }
    const auto series = series_of(layouts);
    wanted.assign(series.begin(), series.end());
    return wanted;
}

void Count::count_hours() {
    if (whole_.empty()) return;
    const auto series = wanted_series();
    std::vector<sys_days> days;
    std::vector<std::int32_t> first, last;
    for (const auto& one : whole_) {
        days.push_back(one.day);
        first.push_back(one.first);
        last.push_back(one.last);
    }
    const auto rows =
        session_.execute_once(kCountHours, Parameters{}
                                               .date_array(std::span<const sys_days>{days})
                                               .int4_array(std::span<const std::int32_t>{first})
                                               .int4_array(std::span<const std::int32_t>{last})
                                               .date(days.front())
                                               .date(days.back())
                                               .int4(filter_.host_id)
                                               .int4_array(std::span<const std::int32_t>{series}));
    total_ += rows[0].int8(0);
}

std::int64_t Count::total() {
    count_hours();
    for (const auto& part : partly_) count_values(part);
    return total_;
}

}  // namespace

std::int64_t count_sealed_metrics(Session& session, const MetricFilter& filter,
                                  const std::vector<sys_days>& days) {
    Count count{session, filter};
    for (const auto day : days) count.add(day);
    return count.total();
}

}  // namespace chorus::store
