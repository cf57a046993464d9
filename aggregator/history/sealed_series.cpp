#include "aggregator/history/sealed_series.h"

#include <iterator>
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

constexpr Statement kNames{"sealed_series_names", R"sql(
SELECT series_id, metric_type, label, unit, tags
FROM monitoring.series
WHERE metric_type = ANY ($1) AND ($2::text IS NULL OR label = $2)
)sql"};

// Of the first day the times from hour $6 on, of the last one those before hour $7.
constexpr Statement kDaysOfHost{"sealed_days_of_host", R"sql(
SELECT b.day, b.batches,
       CASE WHEN NOT ($4 OR b.day = ANY ($5)) THEN NULL
            WHEN b.day NOT IN ($2, $3) THEN b.times
            ELSE b.times[1 + (SELECT coalesce(sum(n), 0)::int
                              FROM unnest(b.batches[:CASE WHEN b.day = $2 THEN $6 ELSE 0 END]) n)
                         : (SELECT sum(n)::int
                            FROM unnest(b.batches[:CASE WHEN b.day = $3 THEN $7 ELSE 24 END]) n)]
       END
FROM monitoring.sealed_batches b
JOIN monitoring.sealed_days d ON d.day = b.day
WHERE b.host_id = $1 AND b.day BETWEEN $2 AND $3
)sql"};

// `bits` lie outside the row, and are fetched only for days whose values are to be seen one by one.
constexpr Statement kSeries{"sealed_series_of_host", R"sql(
SELECT s.day, s.series_id, s.multiplier, s.divisor, s.low, s.high, s.sum, s.count, s.hours,
       s.counts, s.width, CASE WHEN $5 OR s.day = ANY ($6) THEN s.bits END, s.plain
FROM monitoring.sealed_series s
WHERE s.series_id = ANY ($1) AND s.host_id = $2 AND s.day BETWEEN $3 AND $4
)sql"};

struct Day {
    HourStarts hours{};
    std::vector<Timestamp> times;  // those of the range; empty if only rollups are needed
    std::uint32_t first_time = 0;  // the number of the batch that the first one is of
};

class Reading {
  public:
    Reading(const SealedRange& range, const std::function<void(const SealedPiece&)>& take)
        : range_(range), take_(take) {}

    // Whether each hour belongs to one bucket. If not, all values are to be seen.
    bool by_hours() const { return range_.step % hours{1} == hours{0}; }
    std::vector<sys_days> partial_days() const;
    void series(const SealedSeriesName& name, sys_days day, const Day& known,
                const PackedSeries& packed) const;

  private:
    std::int64_t bucket_of(Timestamp time) const {
        return floor<std::chrono::seconds>(time).time_since_epoch() / range_.step;
    }
    // Whether the hour's rollup is what one bucket gets.
    bool is_whole(Timestamp from) const {
        return by_hours() && from >= range_.start &&
               from + hours{1} <= range_.end + std::chrono::microseconds{1};
    }
    void values(const SealedSeriesName& name, int hour, const Day& known,
                const PackedSeries& packed) const;

    const SealedRange& range_;
    const std::function<void(const SealedPiece&)>& take_;
};

// Days of which the range has a part of an hour: the first, the last, or none.
std::vector<sys_days> Reading::partial_days() const {
    std::vector<sys_days> list;
    for (const Timestamp time : {range_.start, range_.end}) {
        if (!is_whole(floor<hours>(time))) list.push_back(floor<days>(time));
    }
    return list;
}

void Reading::series(const SealedSeriesName& name, sys_days day, const Day& known,
                     const PackedSeries& packed) const {
    for (int hour = 0; hour < kHoursOfDay; ++hour) {
        const Timestamp from = Timestamp{day} + hours{hour};
        if (from > range_.end || from + hours{1} <= range_.start) continue;
        if (!is_whole(from)) {
            values(name, hour, known, packed);
            continue;
        }
        const HourRollup all = rollup(packed, known.hours, hour);
        if (all.count > 0) take_({name, bucket_of(from), all});
    }
}

void Reading::values(const SealedSeriesName& name, int hour, const Day& known,
                     const PackedSeries& packed) const {
    std::vector<double> list;
    unpack_hours(packed, known.hours, hour, hour + 1, list);
    const auto from = known.hours[static_cast<std::size_t>(hour)];
    SealedPiece piece{name, 0, {}};
    const auto flush = [&] {
        if (piece.values.count > 0) take_(piece);
        piece.values = {};
    };
    for (std::size_t i = 0; i < list.size(); ++i) {
        const Timestamp time = known.times.at(from - known.first_time + i);
        const double value = list[i];
        if (value != value || time < range_.start || time > range_.end) continue;
        if (const auto bucket = bucket_of(time); bucket != piece.bucket) {
            flush();
            piece.bucket = bucket;
        }
        auto& sum = piece.values;
        sum.minimum = sum.count == 0 ? value : std::min(sum.minimum, value);
        sum.maximum = sum.count == 0 ? value : std::max(sum.maximum, value);
        sum.sum += value;
        ++sum.count;
    }
    flush();
}

int hour_of(Timestamp time) {
    return static_cast<int>(floor<hours>(time - floor<days>(time)).count());
}

// By series_id.
std::map<std::int32_t, SealedSeriesName> find_names(Session& session, const SealedRange& range) {
    std::map<std::int32_t, SealedSeriesName> names;
    for (const auto row : session.execute(
             kNames, Parameters{}.text_array(std::span{range.metric_types}).text(range.label))) {
        names[row.int4(0)] = {row.int4(0), std::string{row.text(1)}, std::string{row.text(2)},
                              std::string{row.text(3)}, std::string{row.text(4)}};
    }
    return names;
}

}  // namespace

void read_sealed(Session& session, const SealedRange& range,
                 const std::function<void(const SealedPiece&)>& take) {
    if (range.end < range.start) return;
    const Reading reading{range, take};
    const auto first = floor<days>(range.start), last = floor<days>(range.end);
    const auto partial = reading.partial_days();
    const std::span<const sys_days> in_detail{partial};
    const int first_hour = hour_of(range.start), last_hour = hour_of(range.end);
    std::map<sys_days, Day> known;
    for (const auto row : session.execute(kDaysOfHost, Parameters{}
                                                           .int4(range.host_id)
                                                           .date(first)
                                                           .date(last)
                                                           .boolean(!reading.by_hours())
                                                           .date_array(in_detail)
                                                           .int4(first_hour)
                                                           .int4(last_hour + 1))) {
        const auto day = row.date(0);
        read_packed_row(session, {range.host_id, day, {}}, range.on_damage, [&] {
            const auto starts = read_hours(row, 1);
            const auto first_time = day == first ? starts[static_cast<std::size_t>(first_hour)] : 0;
            known[day] = {starts, row.timestamp_array(2), first_time};
        });
    }
    if (known.empty()) return;
    const auto names = find_names(session, range);
    std::vector<std::int32_t> series_ids;
    for (const auto& [id, name] : names) series_ids.push_back(id);
    for (auto begin = known.begin(); begin != known.end();) {
        // All days at once, unless their values are to be seen one by one.
        auto end = begin;
        std::size_t values = 0;
        do {
            if (!reading.by_hours()) values += series_ids.size() * end->second.hours.back();
            ++end;
        } while (end != known.end() && values < kPackedValuesAtATime);
        for (const auto row :
             session.execute(kSeries, Parameters{}
                                          .int4_array(std::span<const std::int32_t>{series_ids})
                                          .int4(range.host_id)
                                          .date(begin->first)
                                          .date(std::prev(end)->first)
                                          .boolean(!reading.by_hours())
                                          .date_array(in_detail))) {
            const auto day = known.find(row.date(0));
            if (day == known.end()) continue;
            read_packed_row(session, {range.host_id, day->first, row.int4(1)}, range.on_damage,
                            [&] {
                                reading.series(names.at(row.int4(1)), day->first, day->second,
                                               read_series(row, 2, day->second.hours));
                            });
        }
        begin = end;
    }
}

}  // namespace chorus::store
