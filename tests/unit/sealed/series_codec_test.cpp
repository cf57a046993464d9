// What is packed comes back bit for bit, whatever it was, and its hours' rollups are those of its
// values.
#include "aggregator/sealed/series_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <functional>
#include <random>

namespace chorus::store {
namespace {

struct Day {
    std::vector<double> values;
    HourStarts hours{};
};

Day day_of(const std::vector<std::vector<double>>& hours) {
    Day day;
    for (std::size_t h = 0; h < kHoursOfDay; ++h) {
        day.hours[h] = static_cast<std::uint32_t>(day.values.size());
        if (h < hours.size()) day.values.insert(day.values.end(), hours[h].begin(), hours[h].end());
    }
    day.hours[kHoursOfDay] = static_cast<std::uint32_t>(day.values.size());
    return day;
}

std::vector<std::uint64_t> bits_of(const std::vector<double>& values) {
    std::vector<std::uint64_t> bits;
    for (const double value : values) bits.push_back(std::bit_cast<std::uint64_t>(value));
    return bits;
}

PackedSeries packed(const Day& day) {
    return pack_series(day.values, day.hours);
}

void expect_same(const Day& day) {
    const auto series = packed(day);
    ASSERT_TRUE(is_sound(series, day.hours));
    std::vector<double> all;
    unpack_hours(series, day.hours, 0, kHoursOfDay, all);
    ASSERT_EQ(bits_of(all), bits_of(day.values));
    for (int h = 0; h < kHoursOfDay; ++h) {
        const auto at = static_cast<std::size_t>(h);
        const std::vector<double> expected(day.values.begin() + day.hours[at],
                                           day.values.begin() + day.hours[at + 1]);
        std::vector<double> one;
        unpack_hours(series, day.hours, h, h + 1, one);
        ASSERT_EQ(bits_of(one), bits_of(expected)) << h;
        HourRollup sum;
        long double total = 0, magnitude = 0;
        for (const double value : expected) {
            if (value != value) continue;
            sum.minimum = sum.count == 0 ? value : std::min(sum.minimum, value);
            sum.maximum = sum.count == 0 ? value : std::max(sum.maximum, value);
            total += value;
            magnitude += std::fabs(value);
            ++sum.count;
        }
        const auto rolled = rollup(series, day.hours, h);
        ASSERT_EQ(rolled.count, sum.count);
        if (sum.count == 0) continue;
        ASSERT_EQ(rolled.minimum, sum.minimum);
        ASSERT_EQ(rolled.maximum, sum.maximum);
        if (!std::isfinite(static_cast<double>(magnitude))) continue;
        ASSERT_NEAR(rolled.sum, static_cast<double>(total),
                    static_cast<double>(magnitude) * 1e-13 + 1e-300);
    }
}

// Sources of values, each of another nature.
using Source = std::function<double(std::mt19937_64&)>;
const std::pair<const char*, Source> kSources[] = {
    {"percent", [](auto& r) { return static_cast<double>(r() % 10'001) / 100; }},
    {"four decimals", [](auto& r) { return static_cast<double>(r() % 100'000'000) / 1e4; }},
    {"six decimals below 0", [](auto& r) { return -static_cast<double>(r() % 1'000'000) / 1e6; }},
    {"pages", [](auto& r) { return 4'096.0 * static_cast<double>(r() % 10'000'000); }},
    {"MiB", [](auto& r) { return static_cast<double>(r() % (1U << 30U)) / 1'048'576.0; }},
    {"GiB", [](auto& r) { return static_cast<double>(r() >> 20U) / 1'073'741'824.0; }},
    {"constant", [](auto&) { return 7.25; }},
    {"zero of both signs", [](auto& r) { return r() % 2 == 0 ? 0.0 : -0.0; }},
    {"any bits",
     [](auto& r) {
         const auto value = std::bit_cast<double>(r());
         return std::isfinite(value) ? value : 1.0;
     }},
    {"extremes",
     [](auto& r) {
         constexpr double some[] = {1e308, -1e308, 5e-324, 0x1p51, -0x1p51 + 1, 0x1p51 - 1, 1e-7};
         return some[r() % std::size(some)];
     }},
    {"one odd value among decimals",
     [](auto& r) { return r() % 50 == 0 ? 1.0 / 3 : static_cast<double>(r() % 100) / 10; }},
};

class RandomDays : public testing::TestWithParam<int> {};

TEST_P(RandomDays, ComeBackBitForBit) {
    const auto& [name, source] = kSources[GetParam()];
    std::mt19937_64 random{static_cast<std::uint64_t>(GetParam()) + 1};
    for (int i = 0; i < 1'000; ++i) {
        const auto missing = random() % 3 * 5;  // percent
        std::vector<std::vector<double>> hours(kHoursOfDay);
        for (auto& hour : hours) {
            hour.resize(random() % 4 == 0 ? 0 : random() % 40);
            for (auto& value : hour) value = random() % 100 < missing ? kNoSample : source(random);
        }
        SCOPED_TRACE(std::string{name} + ", day " + std::to_string(i));
        expect_same(day_of(hours));
        if (HasFatalFailure()) return;
    }
}
INSTANTIATE_TEST_SUITE_P(Sources, RandomDays,
                         testing::Range(0, static_cast<int>(std::size(kSources))));

TEST(SeriesCodec, AConstantDayHasNoBits) {
    const auto series = packed(day_of({{5, 5, 5}, {5}}));
    EXPECT_EQ(series.bit_count, 0U);
    EXPECT_EQ(series.hours[0].low * series.multiplier, 5);
    EXPECT_EQ(series.hours[0].count, 3);
    EXPECT_EQ(series.hours[2].count, 0);
}

TEST(SeriesCodec, BytesInLargerUnitsArePacked) {
    const auto series = packed(day_of({{4'096 / 1'048'576.0, 12'288 / 1'048'576.0}}));
    EXPECT_FALSE(series.is_plain());
    EXPECT_EQ(series.bit_count, 4U);  // 1 and 3 pages: 0 and 2 above the least
}

TEST(SeriesCodec, WhatIsNoDecimalStaysPlain) {
    EXPECT_TRUE(packed(day_of({{1.0 / 3}})).is_plain());
    EXPECT_TRUE(packed(day_of({{-0.0}})).is_plain());
    EXPECT_TRUE(packed(day_of({{0x1p51}})).is_plain());
    EXPECT_FALSE(packed(day_of({{0x1p51 - 1}})).is_plain());
    EXPECT_TRUE(packed(day_of({{0.1, 1e-7}})).is_plain());
}

TEST(SeriesCodec, ASumBeyond64BitsStaysPlain) {
    std::vector<double> hour(20'000, 0x1p51 - 1);
    hour[0] = -0x1p51 + 2;
    const auto day = day_of({hour});
    EXPECT_TRUE(packed(day).is_plain());
    expect_same(day);
}

TEST(SeriesCodec, MissingValuesHaveACodeOfTheirOwn) {
    expect_same(day_of({{kNoSample, 1, kNoSample}, {kNoSample}, {3, 3, kNoSample}, {0, 1, 2, 3}}));
    EXPECT_EQ(packed(day_of({{3, 3, kNoSample}})).bit_count, 3U);
}

TEST(SeriesCodec, ValuesThatComeAgainGetCodesOfWholeHalfBytes) {
    // The same values each hour, but another least one.
    std::mt19937_64 random{3};
    std::vector<double> same;
    for (int i = 0; i < 60; ++i) same.push_back(static_cast<double>(random() % 3'000'000) / 10);
    std::vector<std::vector<double>> hours(kHoursOfDay, same);
    for (std::size_t h = 0; h < hours.size(); ++h) hours[h][0] = -1 - static_cast<double>(h);
    hours[5].assign(60, kNoSample);
    hours[7][30] = kNoSample;
    const auto day = day_of(hours);
    const auto series = packed(day);
    EXPECT_EQ(series.width, 24);
    EXPECT_EQ(series.bit_count, 24U * day.values.size());
    expect_same(day);
    auto damaged = series;
    damaged.width = 20;
    EXPECT_FALSE(is_sound(damaged, day.hours));
}

// The hours whose size is estimated say nothing of the others.
TEST(SeriesCodec, DaysOfManyBatchesComeBackHoweverTheirHoursDiffer) {
    std::mt19937_64 random{4};
    for (int run = 0; run < 50; ++run) {
        std::vector<std::vector<double>> hours(kHoursOfDay);
        for (auto& hour : hours) {
            const auto range = random() % 3 == 0 ? 1 : std::uint64_t{1} << random() % 40;
            hour.resize(random() % 4 == 0 ? 0 : 120);
            for (auto& value : hour) {
                value = random() % 50 == 0 ? kNoSample : static_cast<double>(random() % range);
            }
        }
        expect_same(day_of(hours));
        if (HasFatalFailure()) return;
    }
}

TEST(SeriesCodec, DaysHaveTheRollupOfTheirHours) {
    const auto day = day_of({{3, kNoSample, 5}, {}, {1}});
    const auto rolled = rollup_day(packed(day), day.hours);
    EXPECT_EQ(rolled.minimum, 1);
    EXPECT_EQ(rolled.maximum, 5);
    EXPECT_EQ(rolled.sum, 9);
    EXPECT_EQ(rolled.count, 3);
}

TEST(SeriesCodec, DamageIsSeen) {
    const auto day = day_of({{1, 2, 3, 4}, {5, 9}});
    const auto sound = packed(day);
    const auto damaged = [&](auto change) {
        auto series = sound;
        change(series);
        return !is_sound(series, day.hours);
    };
    EXPECT_TRUE(is_sound(sound, day.hours));
    EXPECT_TRUE(damaged([](auto& s) { s.bits.pop_back(); }));
    auto without_bits = sound;  // as it is read for its rollups
    without_bits.bits.clear();
    without_bits.bit_count = 0;
    std::vector<double> values;
    EXPECT_THROW(unpack_hours(without_bits, day.hours, 0, 1, values), std::runtime_error);
    EXPECT_TRUE(damaged([](auto& s) { s.bit_count += 1; }));
    EXPECT_TRUE(damaged([](auto& s) { s.hours[0].high = 1'000; }));
    EXPECT_TRUE(damaged([](auto& s) { std::swap(s.hours[1].low, s.hours[1].high); }));
    EXPECT_TRUE(damaged([](auto& s) { s.hours[0].count = 5; }));
    EXPECT_TRUE(damaged([](auto& s) { s.multiplier = 0; }));
    EXPECT_TRUE(damaged([](auto& s) { s.divisor = 0; }));
    EXPECT_TRUE(damaged([](auto& s) {
        s.hours[0].low = std::numeric_limits<std::int64_t>::min();
        s.hours[0].high = std::numeric_limits<std::int64_t>::max();
    }));
}

}  // namespace
}  // namespace chorus::store
