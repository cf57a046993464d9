// The estimate is good enough to choose the smaller of two forms by.
#include "aggregator/sealed/compressed_size.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace chorus::store {
namespace {

std::string random_bytes(std::size_t size) {
    std::mt19937_64 random{1};
    std::string bytes;
    for (std::size_t i = 0; i < size; ++i) bytes += static_cast<char>(random() & 0xFFU);
    return bytes;
}

TEST(CompressedSize, NoiseStaysAsLargeAsItIs) {
    const auto size = compressed_size(random_bytes(10'000));
    EXPECT_GT(size, 9'900U);
    EXPECT_LT(size, 10'100U);
}

TEST(CompressedSize, OneByteAgainAndAgainIsNextToNothing) {
    EXPECT_LT(compressed_size(std::string(10'000, 'x')), 100U);
}

TEST(CompressedSize, WhatComesAgainCountsOnce) {
    const auto once = random_bytes(1'000);
    const auto size = compressed_size(once + once + once);
    EXPECT_GT(size, 990U);
    EXPECT_LT(size, 1'050U);
}

TEST(CompressedSize, ShortOnesAreNoSmaller) {
    EXPECT_EQ(compressed_size(""), 1U);
    EXPECT_EQ(compressed_size("abc"), 4U);
    EXPECT_EQ(compressed_size("abcd"), 5U);
}

}  // namespace
}  // namespace chorus::store
