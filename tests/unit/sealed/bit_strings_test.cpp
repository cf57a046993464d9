// What is written bit by bit reads the same, whatever the widths.
#include "aggregator/sealed/bit_strings.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <utility>
#include <vector>

namespace chorus::store {
namespace {

TEST(BitStrings, HoldTheMostSignificantBitFirstAndZerosAtTheEnd) {
    BitWriter bits;
    bits.put(0b101, 3);
    bits.put(0, 0);
    bits.put(0b11110000'1, 9);
    EXPECT_EQ(bits.size(), 12U);
    EXPECT_EQ(bits.finish(), std::string("\xBE\x10", 2));
    EXPECT_EQ(BitWriter{}.finish(), "");
}

TEST(BitStrings, GiveBackNumbersOfAnyWidth) {
    std::mt19937_64 random{7};
    for (int run = 0; run < 200; ++run) {
        std::vector<std::pair<std::uint64_t, int>> numbers;
        BitWriter bits;
        for (int i = 0; i < 100; ++i) {
            const int width = static_cast<int>(random() % 65);
            const auto number = width == 0 ? 0 : random() >> static_cast<unsigned>(64 - width);
            numbers.emplace_back(number, width);
            if (width <= kWidestNumber) {
                bits.put(number, width);
            } else {
                bits.put_wide(number, width);
            }
        }
        const auto size = bits.size();
        const auto bytes = bits.finish();
        ASSERT_EQ(bytes.size(), (size + 7) / 8);
        const BitReader reader{bytes};
        std::size_t at = 0;
        for (const auto& [number, width] : numbers) {
            ASSERT_EQ(reader.wide_at(at, width), number) << at << ' ' << width;
            at += static_cast<std::size_t>(width);
        }
        ASSERT_EQ(at, size);
    }
}

}  // namespace
}  // namespace chorus::store
