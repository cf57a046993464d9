// Which layouts a writer remembers, and how much memory that takes.
#include "aggregator/batches/layout_cache.h"

#include <gtest/gtest.h>

#include <string>

namespace chorus::store {
namespace {

constexpr std::chrono::sys_days kToday{std::chrono::days{20'000}};

std::vector<SeriesKey> layout(int number, std::size_t series = 3, std::size_t label = 8) {
    std::vector<SeriesKey> all;
    for (std::size_t i = 0; i < series; ++i) {
        std::string text = std::to_string(number) + "/" + std::to_string(i);
        text.resize(label, '.');
        all.push_back({"disk_usage_percent", std::move(text), "percent"});
    }
    return all;
}

void put(LayoutCache& cache, int number, std::vector<SeriesKey> series) {
    cache.put(static_cast<std::uint64_t>(number), {std::move(series), number, kToday});
}

// Of a layout as layout() makes it; 0: not known.
std::int32_t id_of(LayoutCache& cache, int number) {
    const auto* known = cache.find(static_cast<std::uint64_t>(number), layout(number));
    return known == nullptr ? 0 : known->layout_id;
}

std::size_t bytes_of_one() {
    LayoutCache cache;
    put(cache, 1, layout(1));
    return cache.bytes();
}

TEST(LayoutCache, ManyLargeLayoutsTakeNoMoreThanTheBound) {
    LayoutCache cache;
    std::vector<SeriesKey> last;
    for (int i = 0; i < 100; ++i) {
        last = layout(i, 5'000, 255);
        put(cache, i, last);
        ASSERT_LE(cache.bytes(), LayoutCache::kMostBytes);
    }
    EXPECT_GT(memory_of(last), 5'000U * 255U) << "labels count";
    EXPECT_GT(100 * memory_of(last), 2 * LayoutCache::kMostBytes) << "the test shows nothing";
    EXPECT_NE(cache.find(99, last), nullptr);
    EXPECT_EQ(cache.find(0, layout(0, 5'000, 255)), nullptr);
}

TEST(LayoutCache, LayoutsWithoutSeriesAreBoundedAsWell) {
    LayoutCache cache{10'000};
    for (int i = 0; i < 1'000; ++i) put(cache, i, {});
    EXPECT_LE(cache.bytes(), 10'000U);
    EXPECT_EQ(cache.find(0, {}), nullptr);
}

TEST(LayoutCache, WhatIsUsedStaysAndWhatWasNotUsedForLongestGoes) {
    LayoutCache cache{3 * bytes_of_one()};
    for (int i = 1; i <= 3; ++i) put(cache, i, layout(i));
    EXPECT_EQ(id_of(cache, 1), 1);
    put(cache, 4, layout(4));
    EXPECT_EQ(id_of(cache, 2), 0);
    for (const int kept : {1, 3, 4}) EXPECT_EQ(id_of(cache, kept), kept);
}

TEST(LayoutCache, OneThatIsLargerThanTheBoundIsNotKept) {
    LayoutCache cache{bytes_of_one() - 1};
    put(cache, 1, layout(1));
    EXPECT_EQ(id_of(cache, 1), 0);
    EXPECT_EQ(cache.bytes(), 0U);
}

TEST(LayoutCache, AnEqualHashProvesNothing) {
    LayoutCache cache;
    cache.put(7, {layout(1), 1, kToday});
    cache.put(7, {layout(2), 2, kToday});
    EXPECT_EQ(cache.find(7, layout(1))->layout_id, 1);
    EXPECT_EQ(cache.find(7, layout(2))->layout_id, 2);
    EXPECT_EQ(cache.find(7, layout(3)), nullptr);
}

TEST(LayoutCache, WhatIsKnownAnewTakesThePlaceOfTheOld) {
    LayoutCache cache;
    put(cache, 1, layout(1));
    cache.put(1, {layout(1), 5, kToday + std::chrono::days{1}});
    EXPECT_EQ(id_of(cache, 1), 5);
    EXPECT_EQ(cache.bytes(), bytes_of_one());
}

TEST(LayoutCache, WhatIsTakenOverCountsAndLeavesTheOtherEmpty) {
    LayoutCache cache{2 * bytes_of_one()};
    LayoutCache learnt;
    put(cache, 1, layout(1));
    put(learnt, 2, layout(2));
    put(learnt, 3, layout(3));
    cache.take_all(learnt);
    EXPECT_EQ(learnt.bytes(), 0U);
    EXPECT_EQ(id_of(learnt, 2), 0);
    EXPECT_EQ(cache.bytes(), 2 * bytes_of_one());
    EXPECT_EQ(id_of(cache, 1), 0);
    for (const int kept : {2, 3}) EXPECT_EQ(id_of(cache, kept), kept);
}

}  // namespace
}  // namespace chorus::store
