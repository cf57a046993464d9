#include "aggregator/history/sealed_metrics.h"

#include <algorithm>
#include <numeric>
#include <set>
#include <tuple>
#include <utility>

#include "aggregator/history/direction.h"

namespace chorus::store {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::sys_days;

constexpr std::size_t kFewestValues = 64;
constexpr std::size_t kMostValues = 1U << 18U;  // at once; about 10 MiB of them
constexpr std::int64_t kMostBatches = 1'024;    // at once
constexpr std::size_t kMostLayouts = 256;       // that are kept
constexpr std::size_t kLayoutsAtATime = 16;     // that are read

// The next batches of some hours of a day. None, without a look at them, if the day has no value of
// what is asked for. Planned anew for each call, so that only the day's partitions are looked at.
constexpr std::string_view kBatches = R"sql(
SELECT b.host_id, h.hostname, p.skipped + t.n - 1, p.of_day, t.ts,
       monitoring.sealed_delay(b.delay_low, p.delays, p.of_day, (p.skipped + t.n)::int),
       t.layout_id
FROM monitoring.sealed_batches b
JOIN monitoring.hosts h ON h.host_id = b.host_id
CROSS JOIN LATERAL (
    SELECT coalesce(sum(u.n) FILTER (WHERE u.hour <= $2), 0)::int AS skipped,
           coalesce(sum(u.n) FILTER (WHERE u.hour <= $3), 0)::int AS until,
           sum(u.n)::int AS of_day,
           CASE WHEN length(b.delays) <= 64 * sum(u.n) THEN b.delays || B'' END AS delays
    FROM unnest(b.batches) WITH ORDINALITY AS u (n, hour)) p
CROSS JOIN LATERAL unnest(b.times[p.skipped + 1 : p.until], b.layout_ids[p.skipped + 1 : p.until])
     WITH ORDINALITY AS t (ts, layout_id, n)
WHERE b.day = $1 AND ($4::int IS NULL OR b.host_id = $4)
  AND t.ts BETWEEN $5 AND $6
  AND ($7::timestamptz IS NULL OR (t.ts, b.host_id::bigint) @BEHIND@ ($7, $8::bigint))
  AND ($9::text IS NULL AND $10::jsonb IS NULL
       OR EXISTS (SELECT FROM monitoring.series n
                  JOIN monitoring.sealed_series s ON s.series_id = n.series_id
                  WHERE s.day = $1 AND ($4::int IS NULL OR s.host_id = $4)
                    AND ($9::text IS NULL OR n.metric_type = $9)
                    AND ($10::jsonb IS NULL OR n.tags @> $10))
          AND t.layout_id IN (SELECT e.layout_id FROM monitoring.layout_entries e
                          WHERE ($9::text IS NULL OR e.metric_type = $9)
                            AND ($10::jsonb IS NULL OR e.tags @> $10)))
ORDER BY t.ts @DIRECTION@, b.host_id @DIRECTION@
LIMIT $11
)sql";

constexpr std::string_view kPackedEntries = R"sql(
SELECT layout_id, position, series_id, metric_type, unit, label, tags
FROM monitoring.layout_series
WHERE layout_id = ANY ($1)
  AND ($2::text IS NULL OR metric_type = $2)
  AND ($3::jsonb IS NULL OR tags @> $3)
ORDER BY layout_id, position @DIRECTION@
)sql";

}  // namespace

SealedMetrics::SealedMetrics(Session& session, const MetricFilter& filter,
                             std::vector<sys_days> days, std::int64_t rows)
    : session_(session),
      filter_(filter),
      days_(std::move(days)),
      at_once_(
          static_cast<std::size_t>(std::clamp<std::int64_t>(rows, kFewestValues, kMostValues))) {
    next_hours();
}

// Leaves out hours that the range does not touch. Goes on to the next day at the end of one.
void SealedMetrics::next_hours() {
    for (; day_ < days_.size(); ++day_, hour_ = 0) {
        for (; hour_ < kHoursOfDay; ++hour_) {
            const int hour = filter_.ascending ? hour_ : kHoursOfDay - 1 - hour_;
            const Timestamp from = Timestamp{days_[day_]} + hours{hour};
            if (from <= filter_.end && from + hours{1} > filter_.start) return;
        }
    }
}

Timestamp SealedMetrics::bound() const {
    if (next_ < values_.size()) return values_[next_].batch->time;
    if (next_batch_ < batches_.size()) return batches_[next_batch_].time;
    if (day_ == days_.size()) return filter_.ascending ? Timestamp::max() : Timestamp::min();
    const Timestamp day{days_[day_]};
    return filter_.ascending ? day + hours{hour_} : day + hours{kHoursOfDay - hour_};
}

std::optional<SampleCursor> SealedMetrics::head() {
    if (next_ == values_.size() && !fill()) return std::nullopt;
    const auto& next = values_[next_];
    return SampleCursor{next.batch->time, next.batch->host_id, next.entry->position};
}

MetricRow SealedMetrics::row() {
    const auto& [batch, entry, value] = values_[next_];
    MetricRow row;
    row.cursor = {batch->time, batch->host_id, entry->position};
    row.hostname = batch->hostname;
    row.metric_type = entry->metric_type;
    row.value = value;
    row.unit = entry->unit;
    row.label = entry->label;
    row.tags_json = entry->tags_json;
    row.time = batch->time;
    row.created_at = batch->received;
    return row;
}

// False at the end.
bool SealedMetrics::fill() {
    for (;;) {
        values_.clear();
        next_ = 0;
        if (next_batch_ == batches_.size() && !read_batches()) return false;
        choose();
        read_values();
        std::erase_if(values_, [](const Value& one) { return one.value != one.value; });
        if (!values_.empty()) return true;
        at_once_ = std::min(2 * at_once_, kMostValues);
    }
}

// One look takes in more and more hours while it finds few batches. False if none are left.
bool SealedMetrics::read_batches() {
    batches_.clear();
    next_batch_ = next_entry_ = 0;
    const auto most = std::min<std::int64_t>(kMostBatches, static_cast<std::int64_t>(at_once_));
    while (batches_.empty()) {
        if (day_ == days_.size()) return false;
        time_.check();
        const int until = std::min(hour_ + length_, kHoursOfDay);
        const int first = filter_.ascending ? hour_ : kHoursOfDay - until;
        std::optional<std::int64_t> host;
        if (last_) {
            host = last_->host_id;
        } else if (filter_.after) {
            // The batch in which the page before ended may have more rows.
            host = std::int64_t{filter_.after->host_id} + (filter_.ascending ? -1 : 1);
        }
        Parameters parameters;
        parameters.date(days_[day_])
            .int4(first)
            .int4(first + until - hour_)
            .int4(filter_.host_id)
            .timestamp(filter_.start)
            .timestamp(filter_.end)
            .timestamp(last_           ? std::optional{last_->time}
                       : filter_.after ? std::optional{filter_.after->time}
                                       : std::nullopt)
            .int8(host)
            .text(filter_.metric_type)
            .json(filter_.tags_json)
            .int8(most);
        const auto found =
            session_.execute_once(with_direction(kBatches, filter_.ascending), parameters);
        for (const auto row : found) {
            last_ = SampleCursor{row.timestamp(4), row.int4(0), 0};
            if (row.is_null(5) || row.is_null(6)) {
                handle_damage(session_, {row.int4(0), days_[day_], {}}, filter_.on_damage());
                continue;
            }
            batches_.push_back({row.int4(0), std::string{row.text(1)}, days_[day_],
                                static_cast<std::uint32_t>(row.int8(2)),
                                static_cast<std::uint32_t>(row.int4(3)), last_->time,
                                last_->time + microseconds{row.int8(5)}, row.int4(6)});
        }
        if (found.size() == most) continue;  // there are more
        hour_ = until;
        length_ = std::min(2 * length_, kHoursOfDay);
        next_hours();
    }
    if (entries_.size() > kMostLayouts) entries_.clear();
    return true;
}

// A few layouts at a time: one batch may fill the page.
const std::vector<SealedMetrics::Entry>& SealedMetrics::entries_of(std::size_t batch) {
    if (const auto known = entries_.find(batches_[batch].layout_id); known != entries_.end()) {
        return known->second;
    }
    std::set<std::int32_t> unknown;
    for (auto i = batch; i < batches_.size() && unknown.size() < kLayoutsAtATime; ++i) {
        if (!entries_.contains(batches_[i].layout_id)) unknown.insert(batches_[i].layout_id);
    }
    const std::vector<std::int32_t> ids(unknown.begin(), unknown.end());
    for (const auto id : ids) entries_[id];
    for (const auto row : session_.execute_once(with_direction(kPackedEntries, filter_.ascending),
                                                Parameters{}
                                                    .int4_array(std::span<const std::int32_t>{ids})
                                                    .text(filter_.metric_type)
                                                    .json(filter_.tags_json))) {
        entries_[row.int4(0)].push_back({row.int4(1), row.int4(2), std::string{row.text(3)},
                                         std::string{row.text(4)}, std::string{row.text(5)},
                                         std::string{row.text(6)}});
    }
    return entries_.at(batches_[batch].layout_id);
}

bool SealedMetrics::is_before_page(const Batch& batch, const Entry& entry) const {
    if (!filter_.after) return false;
    const std::tuple key{batch.time, batch.host_id, entry.position};
    const std::tuple last{filter_.after->time, filter_.after->host_id, filter_.after->position};
    return filter_.ascending ? key <= last : key >= last;
}

// The next places in order, whatever value they have.
void SealedMetrics::choose() {
    for (; next_batch_ < batches_.size(); ++next_batch_, next_entry_ = 0) {
        const auto& batch = batches_[next_batch_];
        const auto& entries = entries_of(next_batch_);
        for (; next_entry_ < entries.size(); ++next_entry_) {
            if (values_.size() == at_once_) return;
            const auto& entry = entries[next_entry_];
            if (is_before_page(batch, entry)) continue;
            values_.push_back({&batch, &entry, kNoSample});
        }
    }
}

// Each series of a host and day is read once for all places that are of it.
void SealedMetrics::read_values() {
    const auto key = [&](std::size_t i) {
        const auto& [batch, entry, value] = values_[i];
        return std::tuple{batch->day, batch->host_id, entry->series_id, batch->number};
    };
    std::vector<std::size_t> places(values_.size());
    std::iota(places.begin(), places.end(), 0U);
    std::ranges::sort(places, {}, key);
    std::vector<SeriesOfDay> wanted;
    std::vector<std::size_t> begins;
    for (std::size_t i = 0; i < places.size(); ++i) {
        const auto& [batch, entry, value] = values_[places[i]];
        if (!wanted.empty() && wanted.back().host_id == batch->host_id &&
            wanted.back().day == batch->day && wanted.back().series_id == entry->series_id) {
            continue;
        }
        wanted.push_back({batch->host_id, batch->day, entry->series_id, batch->of_day});
        begins.push_back(i);
    }
    begins.push_back(places.size());
    std::vector<double> unpacked;
    read_packed_series(
        session_, wanted,
        [&](std::size_t which, const HourStarts& starts, const PackedSeries& series) {
            const auto of =
                std::span{places}.subspan(begins[which], begins[which + 1] - begins[which]);
            const int first = hour_of_batch(starts, values_[of.front()].batch->number);
            const int last = hour_of_batch(starts, values_[of.back()].batch->number);
            unpacked.clear();
            unpack_hours(series, starts, first, std::min(last + 1, kHoursOfDay), unpacked);
            for (const auto place : of) {
                auto& one = values_[place];
                one.value =
                    unpacked.at(one.batch->number - starts[static_cast<std::size_t>(first)]);
            }
        },
        filter_.on_damage());
}

}  // namespace chorus::store
