#include "aggregator/sealed/sealed_rows.h"

#include <algorithm>
#include <bit>
#include <optional>

#include "aggregator/postgres/pg_types.h"
#include "aggregator/sealed/bit_strings.h"
#include "aggregator/sealed/damage.h"

namespace chorus::store {
namespace {

using std::chrono::hours;
// Agents send once a second at most. This leaves room, and bounds what a damaged row may ask for.
constexpr std::int64_t kMostBatchesOfHour = 1'000'000;

std::int32_t batches_in(const HourStarts& starts, std::size_t hour) {
    return static_cast<std::int32_t>(starts[hour + 1] - starts[hour]);
}

bool has_gaps(const PackedSeries& series, const HourStarts& starts) {
    for (std::size_t h = 0; h < kHoursOfDay; ++h) {
        if (series.hours[h].count != batches_in(starts, h)) return true;
    }
    return false;
}

// PostgreSQL's varbit: the number of bits, then the bytes. See varbit_send.
void add_varbit(Parameters& row, std::size_t bit_count, const std::string& bits) {
    std::string bytes;
    pg::append(bytes, static_cast<std::int32_t>(bit_count));
    row.raw(pg::kVarbit, bytes + bits);
}

struct Bits {
    std::size_t count = 0;
    std::string_view bytes;
};

[[noreturn]] void damaged() {
    throw DamagedRow("a row of the sealed days is damaged");
}

Bits read_varbit(const Row& row, int column) {
    const auto raw = row.raw(column);
    if (raw.size() < sizeof(std::int32_t)) damaged();
    const Bits bits{static_cast<std::size_t>(pg::load<std::int32_t>(raw.data())),
                    raw.substr(sizeof(std::int32_t))};
    if (bits.bytes.size() != (bits.count + 7) / 8) damaged();
    return bits;
}

int width_of(const DayBounds& day) {
    return static_cast<int>(
        std::bit_width(static_cast<std::uint64_t>(day.high) - static_cast<std::uint64_t>(day.low)));
}

// The bounds of each hour as distances from the day's least k, and the hour's total.
void add_hours(Parameters& row, const PackedSeries& series, const DayBounds& day) {
    const int width = width_of(day);
    std::uint64_t most = 0;
    for (const auto& hour : series.hours) {
        most = std::max(most, static_cast<std::uint64_t>(hour.total));
    }
    BitWriter bits;
    for (const auto& hour : series.hours) {
        const bool known = hour.count > 0;
        bits.put(known ? static_cast<std::uint64_t>(hour.low - day.low) : 0, width);
        bits.put(known ? static_cast<std::uint64_t>(hour.high - day.low) : 0, width);
        bits.put_wide(static_cast<std::uint64_t>(hour.total),
                      static_cast<int>(std::bit_width(most)));
    }
    const auto count = bits.size();
    add_varbit(row, count, bits.finish());
}

void add_packed(Parameters& row, const PackedSeries& series, const HourStarts& starts) {
    const auto day = bounds_of(series.hours);
    const auto rollup = rollup_day(series, starts);
    row.int8(day.low)
        .int8(day.high)
        .float8(rollup.sum)
        .int4(static_cast<std::int32_t>(rollup.count));
    if (day.high > day.low) {
        add_hours(row, series, day);
    } else {
        row.raw(pg::kVarbit, std::nullopt);
    }
    if (has_gaps(series, starts)) {
        std::vector<std::int32_t> counts;
        for (const auto& hour : series.hours) counts.push_back(hour.count);
        row.int4_array(std::span<const std::int32_t>{counts});
    } else {
        row.raw(pg::kInt4Array, std::nullopt);
    }
    row.int4(series.width > 0 ? std::optional{series.width} : std::nullopt);
    if (series.bit_count > 0) {
        add_varbit(row, series.bit_count, series.bits);
    } else {
        row.raw(pg::kVarbit, std::nullopt);
    }
    row.raw(pg::kFloat8Array, std::nullopt);
}

void add_delays(Parameters& row, const std::vector<std::chrono::microseconds>& delays) {
    const auto [low, high] = std::ranges::minmax_element(delays);
    if (delays.empty()) {
        row.int8(0);
        add_varbit(row, 0, {});
        return;
    }
    const auto distance = [&](std::chrono::microseconds delay) {
        return static_cast<std::uint64_t>((delay - *low).count());
    };
    const int width = static_cast<int>(std::bit_width(distance(*high)));
    BitWriter bits;
    for (const auto delay : delays) bits.put_wide(distance(delay), width);
    const auto count = bits.size();
    row.int8(low->count());
    add_varbit(row, count, bits.finish());
}

void read_counts(PackedSeries& series, const Row& row, int column, const HourStarts& starts) {
    const auto counts = row.int8_array(column);
    if (!counts.empty() && counts.size() != kHoursOfDay) damaged();
    for (std::size_t h = 0; h < kHoursOfDay; ++h) {
        series.hours[h].count = counts.empty() ? batches_in(starts, h)
                                               : static_cast<std::int32_t>(counts[h].value_or(0));
    }
}

// `counts` have been read.
void read_bounds(PackedSeries& series, const Row& row, int column, const DayBounds& day) {
    if (day.low == day.high) {
        for (auto& hour : series.hours) {
            if (hour.count > 0) hour.low = hour.high = day.low;
        }
        return;
    }
    const auto bounds = read_varbit(row, column);
    const auto all = bounds.count / kHoursOfDay;
    const auto width = static_cast<std::size_t>(width_of(day));
    if (bounds.count != all * kHoursOfDay || width > kWidestNumber || all < 2 * width ||
        all - 2 * width >= 64) {
        damaged();
    }
    const BitReader bits{bounds.bytes};
    for (std::size_t h = 0; h < kHoursOfDay; ++h) {
        auto& hour = series.hours[h];
        if (hour.count == 0) continue;
        const auto bound = [&](std::size_t at) {
            return day.low + static_cast<std::int64_t>(bits.at(at, static_cast<int>(width)));
        };
        hour.low = bound(h * all);
        hour.high = bound(h * all + width);
        hour.total = static_cast<std::int64_t>(
            bits.wide_at(h * all + 2 * width, static_cast<int>(all - 2 * width)));
    }
}

void read_packed(PackedSeries& series, const Row& row, int first, const HourStarts& starts) {
    const DayBounds day{row.int8(first + 2), row.int8(first + 3)};
    if (day.high < day.low) damaged();
    read_counts(series, row, first + 7, starts);
    read_bounds(series, row, first + 6, day);
    series.width = row.optional_int4(first + 8).value_or(0);
    if (row.is_null(first + 9)) return;
    const auto bits = read_varbit(row, first + 9);
    series.bit_count = bits.count;
    series.bits = bits.bytes;
    if (!is_sound(series, starts)) damaged();
}

}  // namespace

HourStarts hours_of(const std::vector<Timestamp>& times, std::chrono::sys_days day) {
    HourStarts starts{};
    for (std::size_t h = 0; h < starts.size(); ++h) {
        const auto at = std::lower_bound(times.begin(), times.end(),
                                         Timestamp{day} + hours{static_cast<int>(h)});
        starts[h] = static_cast<std::uint32_t>(at - times.begin());
    }
    return starts;
}

Parameters batch_row(std::chrono::sys_days day, std::int32_t host_id, const SealedBatches& batches,
                     const HourStarts& starts) {
    std::vector<std::int32_t> counts;
    for (std::size_t h = 0; h < kHoursOfDay; ++h) counts.push_back(batches_in(starts, h));
    Parameters row;
    row.date(day)
        .int4(host_id)
        .int4_array(std::span<const std::int32_t>{counts})
        .timestamp_array(std::span{batches.times});
    add_delays(row, batches.delays);
    row.int4_array(std::span{batches.hashes}).int4_array(std::span{batches.layout_ids});
    return row;
}

Parameters series_row(std::chrono::sys_days day, std::int32_t host_id, std::int32_t series_id,
                      const PackedSeries& series, const HourStarts& starts) {
    Parameters row;
    row.date(day).int4(host_id).int4(series_id).int8(series.multiplier).float8(series.divisor);
    if (!series.is_plain()) {
        add_packed(row, series, starts);
        return row;
    }
    row.int8(std::nullopt).int8(std::nullopt).float8(std::nullopt).int4(std::nullopt);
    row.raw(pg::kVarbit, std::nullopt).raw(pg::kInt4Array, std::nullopt).int4(std::nullopt);
    row.raw(pg::kVarbit, std::nullopt).float8_array_nan_is_null(series.plain);
    return row;
}

std::vector<std::chrono::microseconds> read_delays(const Row& row, int low, int delays,
                                                   std::size_t batches) {
    const auto bits = read_varbit(row, delays);
    const auto width = batches == 0 ? 0 : bits.count / batches;
    if (bits.count != width * batches || width > 64) damaged();
    const BitReader reader{bits.bytes};
    std::vector<std::chrono::microseconds> list;
    for (std::size_t i = 0; i < batches; ++i) {
        list.emplace_back(row.int8(low) + static_cast<std::int64_t>(
                                              reader.wide_at(i * width, static_cast<int>(width))));
    }
    return list;
}

SealedBatches read_batches(const Row& row, int first) {
    SealedBatches batches;
    batches.times = row.timestamp_array(first);
    const auto size = batches.times.size();
    batches.delays = read_delays(row, first + 1, first + 2, size);
    for (const auto hash : row.int8_array(first + 3)) {
        batches.hashes.push_back(static_cast<std::int32_t>(hash.value_or(0)));
    }
    for (const auto id : row.int8_array(first + 4)) {
        batches.layout_ids.push_back(static_cast<std::int32_t>(id.value_or(0)));
    }
    if (batches.hashes.size() != size || batches.layout_ids.size() != size ||
        !std::ranges::is_sorted(batches.times)) {
        damaged();
    }
    return batches;
}

HourStarts read_hours(const Row& row, int column) {
    const auto counts = row.int8_array(column);
    if (counts.size() != kHoursOfDay) damaged();
    HourStarts starts{};
    for (std::size_t h = 0; h < kHoursOfDay; ++h) {
        const auto count = counts[h].value_or(-1);
        if (count < 0 || count > kMostBatchesOfHour) damaged();
        starts[h + 1] = starts[h] + static_cast<std::uint32_t>(count);
    }
    return starts;
}

PackedSeries read_series(const Row& row, int first, const HourStarts& starts) {
    PackedSeries series;
    series.multiplier = row.int8(first);
    series.divisor = row.float8(first + 1);
    if (series.multiplier < 1 || !(series.divisor >= 1)) damaged();
    if (row.is_null(first + 2)) {
        series.plain = row.float8_array(first + 10);
        if (!is_sound(series, starts)) damaged();
    } else {
        read_packed(series, row, first, starts);
    }
    return series;
}

std::optional<HourRollup> read_day(const Row& row, int first) {
    if (row.is_null(first + 2)) return std::nullopt;
    const auto multiplier = row.int8(first);
    const double divisor = row.float8(first + 1);
    return HourRollup{value_of(row.int8(first + 2), multiplier, divisor),
                      value_of(row.int8(first + 3), multiplier, divisor), row.float8(first + 4),
                      row.int4(first + 5)};
}

}  // namespace chorus::store
