// Figures come back the same, whatever they were; and what is damaged is refused.
#include "aggregator/sealed/processes/figure_codec.h"

#include <gtest/gtest.h>

#include <bit>
#include <random>
#include <stdexcept>
#include <vector>

namespace chorus::store {
namespace {

using Figures = std::vector<std::int64_t>;

std::int64_t bits(float value) {
    return std::bit_cast<std::uint32_t>(value);
}

std::string packed(const Figures& figures, FigureType type) {
    std::string bytes;
    pack_figures(figures, type, bytes);
    return bytes;
}

void expect_same(const Figures& figures, FigureType type) {
    const auto bytes = packed(figures, type) + "rest";
    std::string_view left{bytes};
    const PackedFigures read{left, figures.size(), type};
    EXPECT_EQ(left, "rest");
    for (std::size_t i = 0; i < figures.size(); ++i) ASSERT_EQ(read.at(i), figures[i]) << i;
}

TEST(FigureCodec, WholeNumbersComeBack) {
    constexpr auto least = std::numeric_limits<std::int64_t>::min() + 1;
    constexpr auto most = std::numeric_limits<std::int64_t>::max();
    for (const auto& figures :
         {Figures{0}, Figures{-1}, Figures{kUnknown}, Figures{kUnknown, kUnknown}, Figures{7, 7, 7},
          Figures{7, kUnknown, 7}, Figures{-20, 19, 0}, Figures{0, most}, Figures{least, most},
          Figures{least, kUnknown, most}, Figures{4096, 8192, kUnknown}, Figures{127, 128, -128},
          Figures{1LL << 50, 3LL << 50}}) {
        expect_same(figures, FigureType::whole);
    }
}

TEST(FigureCodec, RealNumbersComeBackBitForBit) {
    for (const auto& figures :
         {Figures{bits(0)}, Figures{bits(-0.0F)}, Figures{bits(0), bits(-0.0F), kUnknown},
          Figures{bits(12.345F), bits(99.9F), kUnknown}, Figures{bits(1e-30F), bits(3e38F)},
          Figures{bits(0.1F), bits(1.0F / 3)}, Figures{bits(-5.5F), bits(16'777'216.0F)}}) {
        expect_same(figures, FigureType::real);
    }
}

TEST(FigureCodec, RandomFiguresComeBack) {
    std::mt19937_64 random{3};
    for (int round = 0; round < 3'000; ++round) {
        const auto width = random() % 65;
        const auto shift = random() % 20;
        const auto unknown = random() % 3 == 0 ? 4U : 1'000'000U;
        Figures whole(1 + random() % 130), real(whole.size());
        for (std::size_t i = 0; i < whole.size(); ++i) {
            const auto number = width == 0 ? 0 : random() >> (64 - width);
            whole[i] = static_cast<std::int64_t>(number << shift);
            const auto digits = static_cast<double>(random() % 100'000) / 1'000;
            real[i] = round % 2 == 0 ? bits(static_cast<float>(digits))
                                     : static_cast<std::int64_t>(random() >> 32U);
            if (random() % unknown == 0) whole[i] = real[i] = kUnknown;
        }
        expect_same(whole, FigureType::whole);
        expect_same(real, FigureType::real);
    }
}

TEST(FigureCodec, WhatStaysTheSameTakesNoBits) {
    EXPECT_EQ(packed(Figures(120, 0), FigureType::whole).size(), 2U);
    EXPECT_EQ(packed(Figures(120, 4096 * 100), FigureType::whole).size(), 3U);
    EXPECT_EQ(packed(Figures(120, kUnknown), FigureType::real).size(), 2U);
    Figures shares(120, bits(1.5F));
    shares[3] = bits(1.6F);
    EXPECT_EQ(packed(shares, FigureType::real).size(), 3U + 15U);
}

TEST(FigureCodec, DamagedBytesAreRefused) {
    const auto bytes = packed({1, 2, 300'000}, FigureType::whole);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        std::string_view part{bytes.data(), size};
        EXPECT_THROW(PackedFigures(part, 3, FigureType::whole), std::runtime_error) << size;
    }
    std::mt19937_64 random{5};
    for (int round = 0; round < 20'000; ++round) {
        std::string noise;
        for (auto i = random() % 30; i > 0; --i) noise += static_cast<char>(random());
        const auto type = round % 2 == 0 ? FigureType::whole : FigureType::real;
        const std::size_t count = 1 + random() % 20;
        try {
            std::string_view left{noise};
            const PackedFigures read{left, count, type};
            for (std::size_t i = 0; i < count; ++i) read.at(i);
        } catch (const std::runtime_error&) {
        }
    }
}

}  // namespace
}  // namespace chorus::store
