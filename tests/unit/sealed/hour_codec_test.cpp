// Hours that are kept for years say what the packed day said of them, and damaged bytes are
// refused.
#include "aggregator/sealed/hour_codec.h"

#include <gtest/gtest.h>

#include <bit>
#include <random>
#include <vector>

namespace chorus::store {
namespace {

class HourCodec : public testing::Test {
  protected:
    // Some hours without batches, some batches without a value.
    void fill(int most_batches, const std::function<double()>& value) {
        values_.clear();
        for (std::size_t h = 0; h < kHoursOfDay; ++h) {
            starts_[h] = static_cast<std::uint32_t>(values_.size());
            if (random_() % 5 == 0) continue;
            const auto count = random_() % static_cast<std::uint64_t>(most_batches);
            for (std::uint64_t i = 0; i < count; ++i) {
                values_.push_back(random_() % 10 == 0 ? kNoSample : value());
            }
        }
        starts_[kHoursOfDay] = static_cast<std::uint32_t>(values_.size());
    }
    void expect_same() {
        const auto series = pack_series(values_, starts_);
        const auto bytes = encode_hours(series, starts_);
        largest_ = std::max(largest_, bytes.size());
        const auto hours = decode_hours(bytes);
        for (int h = 0; h < kHoursOfDay; ++h) {
            const auto expected = rollup(series, starts_, h);
            const auto& got = hours[static_cast<std::size_t>(h)];
            ASSERT_EQ(got.count, expected.count) << h;
            if (expected.count == 0) continue;
            ASSERT_EQ(std::bit_cast<std::uint64_t>(got.minimum),
                      std::bit_cast<std::uint64_t>(expected.minimum));
            ASSERT_EQ(std::bit_cast<std::uint64_t>(got.maximum),
                      std::bit_cast<std::uint64_t>(expected.maximum));
            ASSERT_EQ(std::bit_cast<std::uint64_t>(got.sum),
                      std::bit_cast<std::uint64_t>(expected.sum));
        }
    }
    double whole(std::uint64_t most) {
        return static_cast<double>(random_() % (2 * most)) - static_cast<double>(most);
    }

    std::mt19937_64 random_{3};
    std::vector<double> values_;
    HourStarts starts_{};
    std::size_t largest_ = 0;
};

TEST_F(HourCodec, SaysWhatThePackedDaySaid) {
    const std::vector<std::function<double()>> kinds{
        [&] { return whole(1) * 0 + 7; },
        [&] { return whole(1'000) / 100; },
        [&] { return whole(1ULL << 50); },
        [&] { return whole(1ULL << 40) * 4096 / 1048576; },
        [&] { return whole(1ULL << 40) / 3; },  // no decimal: plain
        [&] { return random_() % 2 == 0 ? 1e300 : -1e-300; },
        [&] { return -0.0; },
    };
    for (int round = 0; round < 300; ++round) {
        fill(round % 3 == 0 ? 4 : 130, kinds[static_cast<std::size_t>(round) % kinds.size()]);
        ASSERT_NO_FATAL_FAILURE(expect_same()) << round;
    }
    EXPECT_LT(largest_, 700U) << "rows are not compressed";
}

TEST_F(HourCodec, ADayThatStaysTheSameTakesFewBytes) {
    values_.assign(2'880, 42.5);
    for (std::size_t h = 0; h <= kHoursOfDay; ++h) starts_[h] = static_cast<std::uint32_t>(h * 120);
    expect_same();
    EXPECT_LT(largest_, 20U);
}

TEST_F(HourCodec, AWholeDayIsTheSumOfItsHours) {
    fill(50, [&] { return whole(1'000); });
    HourRollup expected;
    for (const double value : values_) {
        if (value == value) add_rollup(expected, {value, value, value, 1});
    }
    const auto day = whole_day(decode_hours(encode_hours(pack_series(values_, starts_), starts_)));
    EXPECT_EQ(day.minimum, expected.minimum);
    EXPECT_EQ(day.maximum, expected.maximum);
    EXPECT_EQ(day.sum, expected.sum);
    EXPECT_EQ(day.count, expected.count);
}

TEST_F(HourCodec, DamagedBytesAreRefused) {
    fill(50, [&] { return whole(1'000) / 10; });
    const auto bytes = encode_hours(pack_series(values_, starts_), starts_);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        EXPECT_THROW(decode_hours(bytes.substr(0, size)), std::runtime_error) << size;
    }
    EXPECT_THROW(decode_hours(bytes + '\0'), std::runtime_error);
    EXPECT_THROW(decode_hours("\x04" + bytes.substr(1)), std::runtime_error);
    int refused = 0;
    for (int i = 0; i < 10'000; ++i) {
        auto changed = bytes;
        changed[random_() % changed.size()] = static_cast<char>(random_());
        try {
            (void)decode_hours(changed);
        } catch (const std::runtime_error&) {
            ++refused;
        }
    }
    EXPECT_GT(refused, 100);
}

}  // namespace
}  // namespace chorus::store
