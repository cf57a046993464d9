#include "aggregator/sealed/sealed_reader.h"

#include <algorithm>

#include "aggregator/postgres/database_error.h"
#include "aggregator/sealed/sealed_rows.h"

namespace chorus::store {
namespace {

constexpr std::chrono::seconds kLongestAnswer{5};  // as long as one statement may take
constexpr std::size_t kSeriesAtATime = 20'000;

constexpr Statement kDaysOfRange{"sealed_days_of_range", R"sql(
SELECT day FROM monitoring.sealed_days
WHERE day BETWEEN ($1 AT TIME ZONE 'UTC')::date AND ($2 AT TIME ZONE 'UTC')::date
ORDER BY day
)sql"};

// Planned anew for each call, so that only the day's partition is looked at.
constexpr const char* kBatches = R"sql(
SELECT b.host_id, b.batches, p.skipped, b.times[p.skipped + 1 : p.skipped + p.taken],
       b.delay_low,
       substring(b.delays FROM p.skipped * p.delay_bits + 1 FOR p.taken * p.delay_bits),
       b.layout_ids[p.skipped + 1 : p.skipped + p.taken]
FROM monitoring.sealed_batches b
CROSS JOIN LATERAL (
    SELECT coalesce(sum(n) FILTER (WHERE h <= $2), 0)::int AS skipped,
           coalesce(sum(n) FILTER (WHERE h > $2 AND h <= $3), 0)::int AS taken,
           length(b.delays) / nullif(sum(n), 0)::int AS delay_bits
    FROM unnest(b.batches) WITH ORDINALITY AS u (n, h)) p
WHERE b.day = $1 AND ($4::int IS NULL OR b.host_id = $4) AND p.taken > 0
)sql";

constexpr const char* kTimes = R"sql(
SELECT b.host_id, b.batches,
       b.times[1 + (SELECT coalesce(sum(n), 0)::int FROM unnest(b.batches[:$2]) n)
               : (SELECT sum(n)::int FROM unnest(b.batches[:$3]) n)]
FROM monitoring.sealed_batches b
WHERE b.day = $1 AND b.host_id = ANY ($4)
)sql";

// Planned anew as well. OFFSET 0 makes each series wanted one look into the primary key of its day.
constexpr const char* kSeries = R"sql(
SELECT w.n, s.batches, s.multiplier, s.divisor, s.low, s.high, s.sum, s.count, s.hours, s.counts,
       s.width, s.bits, s.plain
FROM unnest($1::int[], $2::date[], $3::int[]) WITH ORDINALITY AS w (host_id, day, series_id, n)
CROSS JOIN LATERAL (
    SELECT (SELECT b.batches FROM monitoring.sealed_batches b
            WHERE b.host_id = w.host_id AND b.day = w.day AND b.day BETWEEN $4 AND $5) AS batches,
           p.multiplier, p.divisor, p.low, p.high, p.sum, p.count, p.hours, p.counts, p.width,
           p.bits, p.plain
    FROM monitoring.sealed_series p
    WHERE p.series_id = w.series_id AND p.host_id = w.host_id AND p.day = w.day
      AND p.day BETWEEN $4 AND $5
    OFFSET 0) s
)sql";

void read_part(Session& session, std::span<const SeriesOfDay> wanted, std::size_t begin,
               const TakeSeries& take, OnDamage on_damage) {
    std::vector<std::int32_t> hosts, series;
    std::vector<std::chrono::sys_days> days;
    for (const auto& one : wanted) {
        hosts.push_back(one.host_id);
        days.push_back(one.day);
        series.push_back(one.series_id);
    }
    const auto [first, last] = std::ranges::minmax_element(days);
    for (const auto row :
         session.execute_once(kSeries, Parameters{}
                                           .int4_array(std::span<const std::int32_t>{hosts})
                                           .date_array(std::span<const std::chrono::sys_days>{days})
                                           .int4_array(std::span<const std::int32_t>{series})
                                           .date(*first)
                                           .date(*last))) {
        const auto place = static_cast<std::size_t>(row.int8(0) - 1);
        const auto& one = wanted[place];
        read_packed_row(session, {one.host_id, one.day, one.series_id}, on_damage, [&] {
            const auto starts = read_hours(row, 1);
            take(begin + place, starts, read_series(row, 2, starts));
        });
    }
}

HostBatches read_host_batches(const Row& row, const SealedHours& hours) {
    HostBatches host;
    host.host_id = row.int4(0);
    host.starts = read_hours(row, 1);
    host.first = static_cast<std::uint32_t>(row.int4(2));
    host.times = row.timestamp_array(3);
    const auto delays = read_delays(row, 4, 5, host.times.size());
    for (const auto id : row.int8_array(6)) {
        host.layout_ids.push_back(static_cast<std::int32_t>(id.value_or(0)));
    }
    const auto number = host.starts.at(static_cast<std::size_t>(hours.last)) -
                        host.starts.at(static_cast<std::size_t>(hours.first));
    if (delays.size() != number || host.layout_ids.size() != number) {
        throw DamagedRow("a row of the sealed days is damaged");
    }
    for (std::size_t i = 0; i < delays.size(); ++i) {
        host.received.push_back(host.times[i] + delays[i]);
    }
    return host;
}

}  // namespace

void AnswerTime::check() const {
    if (std::chrono::steady_clock::now() - begin_ > kLongestAnswer) {
        throw DatabaseError{std::string{sqlstate::kQueryCanceled}, "too many packed batches"};
    }
}

std::vector<std::chrono::sys_days> find_sealed_days(Session& session, Timestamp first,
                                                    Timestamp last) {
    std::vector<std::chrono::sys_days> days;
    for (const auto row :
         session.execute(kDaysOfRange, Parameters{}.timestamp(first).timestamp(last))) {
        days.push_back(row.date(0));
    }
    return days;
}

std::vector<HostBatches> read_sealed_batches(Session& session, const SealedHours& hours,
                                             std::optional<std::int32_t> host_id,
                                             OnDamage on_damage) {
    std::vector<HostBatches> hosts;
    for (const auto row : session.execute_once(
             kBatches,
             Parameters{}.date(hours.day).int4(hours.first).int4(hours.last).int4(host_id))) {
        read_packed_row(session, {row.int4(0), hours.day, {}}, on_damage,
                        [&] { hosts.push_back(read_host_batches(row, hours)); });
    }
    return hosts;
}

std::vector<HostTimes> read_sealed_times(Session& session, const SealedHours& hours,
                                         std::span<const std::int32_t> host_ids) {
    std::vector<HostTimes> hosts;
    for (const auto row : session.execute_once(kTimes, Parameters{}
                                                           .date(hours.day)
                                                           .int4(hours.first)
                                                           .int4(hours.last)
                                                           .int4_array(host_ids))) {
        read_packed_row(session, {row.int4(0), hours.day, {}}, OnDamage::skip, [&] {
            HostTimes host{row.int4(0), read_hours(row, 1), row.timestamp_array(2)};
            if (!host.times.empty()) hosts.push_back(std::move(host));
        });
    }
    return hosts;
}

void read_packed_series(Session& session, std::span<const SeriesOfDay> wanted,
                        const TakeSeries& take, OnDamage on_damage) {
    for (std::size_t begin = 0; begin < wanted.size();) {
        std::size_t end = begin, values = 0;
        while (end < wanted.size() && end - begin < kSeriesAtATime &&
               (end == begin || values + wanted[end].batches <= kPackedValuesAtATime)) {
            values += wanted[end++].batches;
        }
        read_part(session, wanted.subspan(begin, end - begin), begin, take, on_damage);
        begin = end;
    }
}

int hour_of_batch(const HourStarts& starts, std::uint32_t number) {
    const auto behind = std::upper_bound(starts.begin() + 1, starts.end(), number);
    return static_cast<int>(behind - starts.begin()) - 1;
}

}  // namespace chorus::store
