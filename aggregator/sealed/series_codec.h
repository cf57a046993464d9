// One series of one host and UTC day, packed: its hours' bounds and sums, and every value bit for
// bit.
//
// Most measured values are decimals with few digits, or counts of bytes shown in a larger unit.
// Such a day is whole numbers k with value = k * multiplier / divisor. Of each clock hour the least
// and the greatest k are kept, and each value as its distance from the least one, in as few bits as
// the hour needs (frame of reference). So the bounds of the packing are at the same time the hour's
// rollup. Where values come again and again, distances from the day's least k in whole half bytes
// are smaller once PostgreSQL has compressed them.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace chorus::store {

// NaN stands for a value that is not there: unknown, or of a batch without the series.
inline constexpr double kNoSample = std::numeric_limits<double>::quiet_NaN();
inline constexpr int kHoursOfDay = 24;

// Where the batches of each clock hour begin among the batches of the day; the last element is
// their number. The hour h has the batches [starts[h], starts[h + 1]).
using HourStarts = std::array<std::uint32_t, kHoursOfDay + 1>;

struct PackedHour {
    std::int64_t low = 0;    // least k; 0 if the hour has no sample
    std::int64_t high = 0;   // greatest k
    std::int64_t total = 0;  // sum of k - low
    std::int32_t count = 0;  // samples, without those that are not there
};

struct PackedSeries {
    std::int64_t multiplier = 1;
    double divisor = 1;
    std::array<PackedHour, kHoursOfDay> hours{};
    // 0: the codes are k - low, with the low and high of the hour. Each hour has the width that its
    // high - low needs. An hour of one value, or of none, has no bits. Else they are so with the
    // day's low and high, and each has so many bits.
    int width = 0;
    // The code of each batch, hour after hour, most significant bit first. Where a sample is
    // missing it is high - low + 1.
    std::string bits;
    std::size_t bit_count = 0;
    // The values themselves, where they are no such numbers; then hours and bits are empty.
    std::vector<double> plain;

    bool is_plain() const { return !plain.empty(); }
};

// Least and greatest k of the day; 0 and 0 if it has no sample.
struct DayBounds {
    std::int64_t low = 0;
    std::int64_t high = 0;
};
DayBounds bounds_of(const std::array<PackedHour, kHoursOfDay>& hours);

// What is known of an hour without its single values.
struct HourRollup {
    double minimum = kNoSample;
    double maximum = kNoSample;
    double sum = 0;
    std::int64_t count = 0;
};

// `values` has one element for each batch of the day; infinities are not allowed. What it returns
// unpacks to the same bits. Negative zero, values beyond 2^51 steps, or with more than six decimals
// that are no binary fraction either, make the series plain.
PackedSeries pack_series(std::span<const double> values, const HourStarts& hours);

// Whether the columns of a stored row fit together: widths, bits and counts.
bool is_sound(const PackedSeries& series, const HourStarts& hours);

// Appends the values of the hours [first, last) to `out`. Throws DamagedRow if the series is
// not sound.
void unpack_hours(const PackedSeries& series, const HourStarts& hours, int first, int last,
                  std::vector<double>& out);

// The hour's rollup. Of a packed series the sum is that of the exact values, rounded at the end.
HourRollup rollup(const PackedSeries& series, const HourStarts& hours, int hour);

// The same of the hours of a whole day.
HourRollup rollup_day(const PackedSeries& series, const HourStarts& hours);

// Adds what is known of other samples.
void add(HourRollup& to, const HourRollup& more);

// The value that k stands for.
double value_of(std::int64_t steps, std::int64_t multiplier, double divisor);

}  // namespace chorus::store
