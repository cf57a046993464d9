#include "aggregator/sealed/series_codec.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <numeric>
#include <optional>
#include <stdexcept>

namespace chorus::store {
namespace {

// What most agents send; and bytes that are shown as KiB, MiB or GiB.
constexpr std::array kDecimal{1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6};
constexpr std::array kBinary{0x1p10, 0x1p20, 0x1p30};
// Adding and taking away rounds to a whole number, as long as the number is below this bound.
constexpr double kMost = 0x1p51;
constexpr double kRounder = 0x1.8p52;
constexpr int kWidest = 53;

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

int width_of(const PackedHour& hour, std::uint32_t batches) {
    if (hour.count == 0) return 0;
    const auto range = static_cast<std::uint64_t>(hour.high) - static_cast<std::uint64_t>(hour.low);
    const bool gaps = static_cast<std::uint32_t>(hour.count) < batches;
    return static_cast<int>(std::bit_width(range + (gaps ? 1 : 0)));
}

class BitWriter {
  public:
    void put(std::uint64_t code, int width) {
        held_ = (held_ << static_cast<unsigned>(width)) | code;
        have_ += width;
        count_ += static_cast<std::size_t>(width);
        while (have_ >= 8) {
            have_ -= 8;
            bytes_ += static_cast<char>(
                static_cast<unsigned char>(held_ >> static_cast<unsigned>(have_)));
        }
    }
    void finish(PackedSeries& out) {
        if (have_ > 0)
            bytes_ += static_cast<char>(
                static_cast<unsigned char>(held_ << static_cast<unsigned>(8 - have_)));
        out.bits = std::move(bytes_);
        out.bit_count = count_;
    }

  private:
    std::string bytes_;
    std::uint64_t held_ = 0;  // at most 7 bits wait, and 52 come
    int have_ = 0;
    std::size_t count_ = 0;
};

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
    BitWriter bits;
    for (int h = 0; h < kHoursOfDay; ++h) {
        const auto from = hours[static_cast<std::size_t>(h)];
        const auto size = hours[static_cast<std::size_t>(h) + 1] - from;
        auto& hour = out.hours[static_cast<std::size_t>(h)];
        if (!measure(values.subspan(from, size), std::span{steps}.subspan(from, size), hour)) {
            return false;
        }
        const int width = width_of(hour, size);
        if (width == 0) continue;
        for (std::uint32_t i = from; i < from + size; ++i) {
            const auto distance =
                is_missing(values[i]) ? hour.high - hour.low + 1 : steps[i] - hour.low;
            bits.put(static_cast<std::uint64_t>(distance), width);
        }
    }
    bits.finish(out);
    return true;
}

double value_of(std::int64_t steps, const PackedSeries& series) {
    return static_cast<double>(steps * series.multiplier) / series.divisor;
}

std::uint64_t eight_bytes(const char* from) {
    std::uint64_t word = 0;
    std::memcpy(&word, from, sizeof word);
    return __builtin_bswap64(word);
}

// `bits` has eight bytes more than its codes, so that the last code can be read like the others.
void unpack_hour(const PackedSeries& series, const PackedHour& hour, std::uint32_t size,
                 const char* bits, std::size_t at, std::vector<double>& out) {
    const int width = width_of(hour, size);
    if (width == 0) {
        out.insert(out.end(), size, hour.count == 0 ? kNoSample : value_of(hour.low, series));
        return;
    }
    const auto missing = static_cast<std::uint64_t>(hour.high - hour.low) + 1;
    const auto shift = static_cast<unsigned>(64 - width);
    for (std::uint32_t i = 0; i < size; ++i, at += static_cast<std::size_t>(width)) {
        const auto code = (eight_bytes(bits + at / 8) << (at % 8)) >> shift;
        out.push_back(code == missing
                          ? kNoSample
                          : value_of(hour.low + static_cast<std::int64_t>(code), series));
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
    std::size_t needed = 0;
    for (std::size_t h = 0; h < kHoursOfDay; ++h) {
        const auto& hour = series.hours[h];
        const auto size = hours[h + 1] - hours[h];
        if (hour.count < 0 || static_cast<std::uint32_t>(hour.count) > size) return false;
        if (hour.count == 0) continue;
        std::int64_t range = 0;
        if (hour.high < hour.low || __builtin_sub_overflow(hour.high, hour.low, &range))
            return false;
        const int width = width_of(hour, size);
        if (width > kWidest) return false;
        needed += static_cast<std::size_t>(width) * size;
    }
    return needed == series.bit_count && series.bits.size() == (needed + 7) / 8;
}

void unpack_hours(const PackedSeries& series, const HourStarts& hours, int first, int last,
                  std::vector<double>& out) {
    if (!is_sound(series, hours)) throw std::runtime_error("a packed series is damaged");
    const auto from = hours[static_cast<std::size_t>(first)];
    const auto end = hours[static_cast<std::size_t>(last)];
    if (series.is_plain()) {
        out.insert(out.end(), series.plain.begin() + from, series.plain.begin() + end);
        return;
    }
    out.reserve(out.size() + (end - from));
    const std::string bits = series.bits + std::string(sizeof(std::uint64_t), '\0');
    std::size_t at = 0;
    for (int h = 0; h < last; ++h) {
        const auto index = static_cast<std::size_t>(h);
        const auto size = hours[index + 1] - hours[index];
        if (h >= first) unpack_hour(series, series.hours[index], size, bits.data(), at, out);
        at += static_cast<std::size_t>(width_of(series.hours[index], size)) * size;
    }
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
        return {value_of(one.low, series), value_of(one.high, series), static_cast<double>(sum),
                one.count};
    }
    for (auto i = hours[index]; i < hours[index + 1]; ++i) {
        const double value = series.plain[i];
        if (is_missing(value)) continue;
        out.minimum = out.count == 0 ? value : std::min(out.minimum, value);
        out.maximum = out.count == 0 ? value : std::max(out.maximum, value);
        out.sum += value;
        ++out.count;
    }
    return out;
}

}  // namespace chorus::store
