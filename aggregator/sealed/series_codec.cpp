#include "aggregator/sealed/series_codec.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>
#include <optional>
#include <utility>

#include "aggregator/sealed/bit_strings.h"
#include "aggregator/sealed/compressed_size.h"
#include "aggregator/sealed/damage.h"

namespace chorus::store {
namespace {

// What most agents send; and bytes that are shown as KiB, MiB or GiB.
constexpr std::array kDecimal{1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6};
constexpr std::array kBinary{0x1p10, 0x1p20, 0x1p30};
// Adding and taking away rounds to a whole number, as long as the number is below this bound.
constexpr double kMost = 0x1p51;
constexpr double kRounder = 0x1.8p52;
constexpr int kWidest = 53;
// The size of each coding is estimated from so many hours of this many, unless there are few
// batches.
constexpr std::size_t kSampledHours = 3, kOfSampledHours = 8;
constexpr std::uint32_t kFewBatches = 720;

bool is_missing(double value) {
    return value != value;
}

double to_steps(double value, double divisor) {
    return (value * divisor + kRounder) - kRounder;
}

bool fits(double value, double divisor) {
    return std::fabs(value * divisor) < kMost &&
           std::bit_cast<std::uint64_t>(to_steps(value, divisor) / divisor) ==
               std::bit_cast<std::uint64_t>(value);
}

// The first of the divisors that fits all values. What fits one of them fits the later ones as
// well, unless it passes the bound; the second look finds that.
std::optional<double> common_divisor(std::span<const double> values,
                                     std::span<const double> divisors) {
    std::size_t at = 0;
    for (const double value : values) {
        if (is_missing(value)) continue;
        while (!fits(value, divisors[at])) {
            if (++at == divisors.size()) return std::nullopt;
        }
    }
    const double divisor = divisors[at];
    const auto fit = [&](double value) { return is_missing(value) || fits(value, divisor); };
    return std::ranges::all_of(values, fit) ? std::optional{divisor} : std::nullopt;
}

// 1 if all are 0.
std::int64_t common_factor(std::span<const std::int64_t> steps) {
    std::int64_t factor = 0;
    for (const auto step : steps) {
        if (factor == 1) return 1;
        factor = std::gcd(factor, step);
    }
    return std::max<std::int64_t>(factor, 1);
}

std::uint64_t range_of(std::int64_t low, std::int64_t high) {
    return static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
}

bool has_gaps(const PackedHour& hour, std::uint32_t batches) {
    return static_cast<std::uint32_t>(hour.count) < batches;
}

// What the codes of an hour are distances from, and which one stands for a missing sample.
struct Frame {
    std::int64_t low = 0;
    std::uint64_t missing = 0;
    int width = 0;
};

// `day` is what bounds_of() says.
Frame frame_of(const PackedSeries& series, const DayBounds& day, const PackedHour& hour,
               std::uint32_t batches) {
    if (series.width > 0) return {day.low, range_of(day.low, day.high) + 1, series.width};
    if (hour.count == 0) return {};
    const auto range = range_of(hour.low, hour.high);
    const auto most = range + (has_gaps(hour, batches) ? 1 : 0);
    return {hour.low, range + 1, static_cast<int>(std::bit_width(most))};
}

// How many bits the codes of the day need.
int day_width(const PackedSeries& series, const DayBounds& day, const HourStarts& hours) {
    bool gaps = false;
    for (std::size_t h = 0; h < kHoursOfDay; ++h) {
        gaps = gaps || has_gaps(series.hours[h], hours[h + 1] - hours[h]);
    }
    return static_cast<int>(std::bit_width(range_of(day.low, day.high) + (gaps ? 1 : 0)));
}

// False if the sum of the hour passes 64 bits.
bool measure(std::span<const double> values, std::span<const std::int64_t> steps,
             PackedHour& hour) {
    for (std::size_t i = 0; i < steps.size(); ++i) {
        if (is_missing(values[i])) continue;
        hour.low = hour.count == 0 ? steps[i] : std::min(hour.low, steps[i]);
        hour.high = hour.count == 0 ? steps[i] : std::max(hour.high, steps[i]);
        ++hour.count;
    }
    for (std::size_t i = 0; i < steps.size(); ++i) {
        if (is_missing(values[i])) continue;
        if (__builtin_add_overflow(hour.total, steps[i] - hour.low, &hour.total)) return false;
    }
    return true;
}

// The codes of some hours.
std::string codes_of(std::span<const double> values, std::span<const std::int64_t> steps,
                     const HourStarts& hours, std::span<const std::size_t> wanted,
                     const PackedSeries& series, std::size_t& bit_count) {
    BitWriter bits;
    const auto day = bounds_of(series.hours);
    for (const auto h : wanted) {
        const auto frame = frame_of(series, day, series.hours[h], hours[h + 1] - hours[h]);
        if (frame.width == 0) continue;
        for (auto i = hours[h]; i < hours[h + 1]; ++i) {
            bits.put(is_missing(values[i]) ? frame.missing : range_of(frame.low, steps[i]),
                     frame.width);
        }
    }
    bit_count = bits.size();
    return bits.finish();
}

// Those that have batches; of a day of many batches some of them, which tell enough of the others.
std::vector<std::size_t> sampled_hours(const HourStarts& hours) {
    const bool all = hours.back() < kFewBatches;
    std::vector<std::size_t> some;
    std::size_t known = 0;
    for (std::size_t h = 0; h < kHoursOfDay; ++h) {
        if (hours[h + 1] == hours[h]) continue;
        if (all || known % kOfSampledHours < kSampledHours) some.push_back(h);
        ++known;
    }
    return some;
}

// Hours apart are smaller where values wander. The day as one is where they come again: PostgreSQL
// finds that if codes begin at bytes, or at half ones. An estimate from some hours will do.
int choose_width(std::span<const double> values, std::span<const std::int64_t> steps,
                 const HourStarts& hours, const PackedSeries& series) {
    const auto day = bounds_of(series.hours);
    const auto wanted = sampled_hours(hours);
    PackedSeries other = series;
    const auto size_with = [&](int width) {
        other.width = width;
        std::size_t bit_count = 0;
        return compressed_size(codes_of(values, steps, hours, wanted, other, bit_count));
    };
    const int needed = day_width(series, day, hours);
    int best = 0, last = 0;
    auto size = size_with(0);
    for (const int unit : {4, 8}) {
        const int width = (needed + unit - 1) / unit * unit;
        if (std::exchange(last, width) == width) continue;
        if (const auto others = size_with(width); others < size) {
            size = others;
            best = width;
        }
    }
    return best;
}

// No bits at all if each hour has one value or none.
void put_codes(std::span<const double> values, std::span<const std::int64_t> steps,
               const HourStarts& hours, PackedSeries& out) {
    std::array<std::size_t, kHoursOfDay> all_hours{};
    std::iota(all_hours.begin(), all_hours.end(), 0U);
    const auto day = bounds_of(out.hours);
    const bool has_codes = std::ranges::any_of(all_hours, [&](std::size_t h) {
        return frame_of(out, day, out.hours[h], hours[h + 1] - hours[h]).width > 0;
    });
    if (!has_codes) return;
    out.width = choose_width(values, steps, hours, out);
    out.bits = codes_of(values, steps, hours, all_hours, out, out.bit_count);
}

// False if it cannot be done without loss.
bool pack_steps(std::span<const double> values, const HourStarts& hours, PackedSeries& out) {
    auto divisor = common_divisor(values, kDecimal);
    if (!divisor) divisor = common_divisor(values, kBinary);
    if (!divisor) return false;
    out.divisor = *divisor;
    std::vector<std::int64_t> steps(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
        steps[i] =
            is_missing(values[i]) ? 0 : static_cast<std::int64_t>(to_steps(values[i], out.divisor));
    }
    out.multiplier = common_factor(steps);
    if (out.multiplier != 1) {
        for (auto& step : steps) step /= out.multiplier;
    }
    for (std::size_t h = 0; h < kHoursOfDay; ++h) {
        const auto size = hours[h + 1] - hours[h];
        if (!measure(values.subspan(hours[h], size), std::span{steps}.subspan(hours[h], size),
                     out.hours[h])) {
            return false;
        }
    }
    put_codes(values, steps, hours, out);
    return true;
}

double value_in(const PackedSeries& series, std::int64_t steps) {
    return value_of(steps, series.multiplier, series.divisor);
}

void unpack_hour(const PackedSeries& series, const Frame& frame, std::uint32_t size,
                 const BitReader& bits, std::size_t at, std::vector<double>& out) {
    for (std::uint32_t i = 0; i < size; ++i, at += static_cast<std::size_t>(frame.width)) {
        const auto code = bits.at(at, frame.width);
        out.push_back(code == frame.missing
                          ? kNoSample
                          : value_in(series, static_cast<std::int64_t>(
                                                 static_cast<std::uint64_t>(frame.low) + code)));
    }
}

}  // namespace

PackedSeries pack_series(std::span<const double> values, const HourStarts& hours) {
    PackedSeries packed;
    if (pack_steps(values, hours, packed)) return packed;
    PackedSeries plain;
    plain.plain.assign(values.begin(), values.end());
    return plain;
}

bool is_sound(const PackedSeries& series, const HourStarts& hours) {
    if (!std::ranges::is_sorted(hours)) return false;
    if (series.is_plain()) return series.plain.size() == hours.back();
    if (series.multiplier < 1 || !(series.divisor >= 1)) return false;
    for (std::size_t h = 0; h < kHoursOfDay; ++h) {
        const auto& hour = series.hours[h];
        if (hour.count < 0 || static_cast<std::uint32_t>(hour.count) > hours[h + 1] - hours[h]) {
            return false;
        }
        if (hour.count > 0 && hour.high < hour.low) return false;
    }
    const auto day = bounds_of(series.hours);
    const int widest = day_width(series, day, hours);
    if (widest > kWidest || (series.width > 0 && series.width < widest) || series.width < 0 ||
        series.width > kWidestNumber) {
        return false;
    }
    std::size_t needed = 0;
    for (std::size_t h = 0; h < kHoursOfDay; ++h) {
        const auto size = hours[h + 1] - hours[h];
        const int width = frame_of(series, day, series.hours[h], size).width;
        needed += static_cast<std::size_t>(width) * size;
    }
    return needed == series.bit_count && series.bits.size() == (needed + 7) / 8;
}

void unpack_hours(const PackedSeries& series, const HourStarts& hours, int first, int last,
                  std::vector<double>& out) {
    if (!is_sound(series, hours)) throw DamagedRow("a packed series is damaged");
    const auto from = hours[static_cast<std::size_t>(first)];
    const auto end = hours[static_cast<std::size_t>(last)];
    if (series.is_plain()) {
        out.insert(out.end(), series.plain.begin() + from, series.plain.begin() + end);
        return;
    }
    out.reserve(out.size() + (end - from));
    const BitReader bits{series.bits};
    const auto day = bounds_of(series.hours);
    std::size_t at = 0;
    for (int h = 0; h < last; ++h) {
        const auto& hour = series.hours[static_cast<std::size_t>(h)];
        const auto size =
            hours[static_cast<std::size_t>(h) + 1] - hours[static_cast<std::size_t>(h)];
        const auto frame = frame_of(series, day, hour, size);
        if (h >= first && frame.width > 0) unpack_hour(series, frame, size, bits, at, out);
        if (h >= first && frame.width == 0) {
            out.insert(out.end(), size, hour.count == 0 ? kNoSample : value_in(series, hour.low));
        }
        at += static_cast<std::size_t>(frame.width) * size;
    }
}

DayBounds bounds_of(const std::array<PackedHour, kHoursOfDay>& hours) {
    std::optional<DayBounds> day;
    for (const auto& hour : hours) {
        if (hour.count == 0) continue;
        if (!day) day = {hour.low, hour.high};
        day->low = std::min(day->low, hour.low);
        day->high = std::max(day->high, hour.high);
    }
    return day.value_or(DayBounds{});
}

double value_of(std::int64_t steps, std::int64_t multiplier, double divisor) {
    // What is damaged may pass 64 bits.
    const auto product = static_cast<std::uint64_t>(steps) * static_cast<std::uint64_t>(multiplier);
    return static_cast<double>(static_cast<std::int64_t>(product)) / divisor;
}

void add(HourRollup& to, const HourRollup& more) {
    if (more.count == 0) return;
    to.minimum = to.count == 0 ? more.minimum : std::min(to.minimum, more.minimum);
    to.maximum = to.count == 0 ? more.maximum : std::max(to.maximum, more.maximum);
    to.sum += more.sum;
    to.count += more.count;
}

HourRollup rollup(const PackedSeries& series, const HourStarts& hours, int hour) {
    const auto index = static_cast<std::size_t>(hour);
    HourRollup out;
    if (!series.is_plain()) {
        const auto& one = series.hours[index];
        if (one.count == 0) return out;
        // With the digits of long double the sum is exact but in extremes.
        const auto steps = static_cast<long double>(one.low) * one.count + one.total;
        const auto sum = steps * static_cast<long double>(series.multiplier) / series.divisor;
        return {value_in(series, one.low), value_in(series, one.high), static_cast<double>(sum),
                one.count};
    }
    for (auto i = hours[index]; i < hours[index + 1]; ++i) {
        const double value = series.plain[i];
        if (!is_missing(value)) add(out, {value, value, value, 1});
    }
    return out;
}

HourRollup rollup_day(const PackedSeries& series, const HourStarts& hours) {
    HourRollup day;
    for (int hour = 0; hour < kHoursOfDay; ++hour) add(day, rollup(series, hours, hour));
    return day;
}

}  // namespace chorus::store
