#include "aggregator/alert_store/sealed_samples.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <utility>

namespace chorus::store {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::sys_days;

constexpr const char* kSeries = R"sql(
SELECT w.layout_id, w.place, s.series_id
FROM unnest($1::int[], $2::int[], $3::int[]) AS w (layout_id, position, place)
JOIN monitoring.layout_series s ON s.layout_id = w.layout_id AND s.position = w.position
)sql";

// By layout: series_id, and the place that its value has among those wanted of a batch.
using Places = std::map<std::int32_t, std::map<std::int32_t, std::size_t>>;

Places places_of(Session& session, const WantedPositions& wanted,
                 const std::set<std::int32_t>& layouts) {
    std::vector<std::int32_t> ids, positions, places;
    for (const auto& [id, list] : wanted) {
        if (!layouts.contains(id)) continue;
        for (std::size_t i = 0; i < list.size(); ++i) {
            ids.push_back(id);
            positions.push_back(list[i]);
            places.push_back(static_cast<std::int32_t>(i));
        }
    }
    Places found;
    if (ids.empty()) return found;
    for (const auto row :
         session.execute_once(kSeries, Parameters{}
                                           .int4_array(std::span<const std::int32_t>{ids})
                                           .int4_array(std::span<const std::int32_t>{positions})
                                           .int4_array(std::span<const std::int32_t>{places}))) {
        found[row.int4(0)].emplace(row.int4(2), static_cast<std::size_t>(row.int4(1)));
    }
    return found;
}

// Where batches of a scope may lie by the host's own time.
TimeRange times_of(const SampleScope& scope) {
    TimeRange times{scope.ranges.front().from - scope.before,
                    scope.ranges.back().to + scope.behind};
    for (const auto& host : scope.apart) {
        times.from = std::min(times.from, scope.ranges.front().from - host.before);
        times.to = std::max(
            times.to, scope.ranges.back().to + host.behind + host.width.value_or(microseconds{0}));
    }
    return times;
}

}  // namespace

SealedSamples::SealedSamples(Session& session, const SampleScope& scope)
    : session_(session), scope_(scope) {
    if (scope.ranges.empty()) return;
    const auto times = times_of(scope);
    const auto days = find_sealed_days(session, times.from, times.to);
    if (days.empty()) return;
    for (const auto& host : scope.apart) apart_.insert(host.host_id);
    if (!scope.only_host || !apart_.contains(*scope.only_host)) {
        read({scope.only_host, scope.before, scope.behind, std::nullopt}, days);
    }
    for (const auto& host : scope.apart) {
        if (scope.only_host.value_or(host.host_id) != host.host_id) continue;
        read({host.host_id, host.before, host.behind, host.width}, days);
    }
}

Timestamp SealedSamples::end_of(const TimeRange& range, const Look& look) const {
    return look.width ? range.from + *look.width : range.to;
}

bool SealedSamples::takes(const Look& look, Timestamp time, Timestamp received) const {
    return std::ranges::any_of(scope_.ranges, [&](const TimeRange& range) {
        const auto to = end_of(range, look);
        return received > range.from && received <= to && time > range.from - look.before &&
               time <= to + look.behind;
    });
}

// The clock hours of that day in which batches may lie, neighbours joined.
std::vector<SealedHours> SealedSamples::hours_of_day(const Look& look, sys_days day) const {
    std::array<bool, kHoursOfDay> wanted{};
    for (const auto& range : scope_.ranges) {
        const auto from = std::chrono::floor<hours>(range.from - look.before);
        const auto to = std::chrono::floor<hours>(end_of(range, look) + look.behind);
        for (std::size_t hour = 0; hour < wanted.size(); ++hour) {
            const auto at = day + hours{hour};
            if (at >= from && at <= to) wanted[hour] = true;
        }
    }
    std::vector<SealedHours> list;
    for (int hour = 0; hour < kHoursOfDay; ++hour) {
        if (!wanted[static_cast<std::size_t>(hour)]) continue;
        if (list.empty() || list.back().last != hour) list.push_back({day, hour, hour});
        list.back().last = hour + 1;
    }
    return list;
}

void SealedSamples::read(const Look& look, const std::vector<sys_days>& days) {
    for (const auto day : days) {
        for (const auto& part : hours_of_day(look, day)) {
            for (const auto& host : read_sealed_batches(session_, part, look.host_id)) {
                if (!look.host_id && apart_.contains(host.host_id)) continue;
                HostPart taken{host.host_id, day, host.starts.back(), {}};
                for (std::size_t i = 0; i < host.times.size(); ++i) {
                    if (!takes(look, host.times[i], host.received[i])) continue;
                    taken.batches.push_back({host.first + static_cast<std::uint32_t>(i),
                                             host.times[i], host.received[i], host.layout_ids[i]});
                }
                if (!taken.batches.empty()) parts_.push_back(std::move(taken));
            }
        }
    }
}

void SealedSamples::add_layouts(std::set<std::int32_t>& layouts) const {
    for (const auto& part : parts_) {
        for (const auto& batch : part.batches) layouts.insert(batch.layout_id);
    }
}

void SealedSamples::add_receipts(std::vector<Timestamp>& receipts) const {
    for (const auto& part : parts_) {
        for (const auto& batch : part.batches) receipts.push_back(batch.received);
    }
}

void SealedSamples::add_samples(const WantedPositions& wanted, SampleRows& rows) const {
    constexpr auto kNone = static_cast<std::size_t>(-1);
    std::set<std::int32_t> layouts;
    add_layouts(layouts);
    const auto places = places_of(session_, wanted, layouts);
    std::vector<SeriesOfDay> series;
    std::vector<std::size_t> part_of;               // of each element of `series`
    std::vector<std::vector<std::size_t>> offsets;  // of each batch of each part
    for (std::size_t p = 0; p < parts_.size(); ++p) {
        const auto& part = parts_[p];
        std::set<std::int32_t> ids;
        offsets.emplace_back();
        for (const auto& batch : part.batches) {
            const auto positions = wanted.find(batch.layout_id);
            offsets.back().push_back(positions == wanted.end() ? kNone : rows.values.size());
            if (positions == wanted.end()) continue;
            rows.host_ids.push_back(part.host_id);
            rows.layout_ids.push_back(batch.layout_id);
            rows.times.push_back(batch.time);
            rows.received.push_back(batch.received);
            rows.offsets.push_back(rows.values.size());
            rows.values.resize(rows.values.size() + positions->second.size(), kNoSample);
            if (const auto found = places.find(batch.layout_id); found != places.end()) {
                for (const auto& [id, place] : found->second) ids.insert(id);
            }
        }
        for (const auto id : ids) {
            series.push_back({part.host_id, part.day, id, part.of_day});
            part_of.push_back(p);
        }
    }
    std::vector<double> unpacked;
    read_packed_series(
        session_, series,
        [&](std::size_t which, const HourStarts& starts, const PackedSeries& packed) {
            const auto& batches = parts_[part_of[which]].batches;
            const int first = hour_of_batch(starts, batches.front().number);
            const int last = hour_of_batch(starts, batches.back().number);
            const auto skipped = starts[static_cast<std::size_t>(first)];
            unpacked.clear();
            unpack_hours(packed, starts, first, std::min(last + 1, kHoursOfDay), unpacked);
            for (std::size_t i = 0; i < batches.size(); ++i) {
                const auto offset = offsets[part_of[which]][i];
                const auto layout = places.find(batches[i].layout_id);
                if (offset == kNone || layout == places.end()) continue;
                const auto place = layout->second.find(series[which].series_id);
                if (place == layout->second.end()) continue;
                rows.values[offset + place->second] = unpacked.at(batches[i].number - skipped);
            }
        });
}

}  // namespace chorus::store
