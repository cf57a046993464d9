// Process tables come back as they were, whoever lives in them and for how long.
#include "aggregator/sealed/processes/process_block.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <stdexcept>

namespace chorus::store {
namespace {

class Tables {
  public:
    // A few processes live on, many come and go; some are named twice, some tables are empty.
    std::vector<StoredTable> make(std::size_t count) {
        std::vector<StoredTable> tables;
        std::vector<std::int64_t> alive;
        std::int64_t next = 1'000'000'000'000;
        for (std::size_t t = 0; t < count; ++t) {
            std::erase_if(alive, [&](auto) { return random_() % 10 == 0; });
            while (random_() % 3 != 0) alive.push_back(next += static_cast<int>(random_() % 5));
            if (random_() % 8 == 0) std::ranges::shuffle(alive, random_);
            StoredTable table;
            table.head = head(t);
            for (const auto ref : alive) {
                if (random_() % 20 == 0) continue;
                add(table, ref);
                if (random_() % 50 == 0) add(table, ref);
            }
            if (random_() % 15 == 0) table = {table.head, {}, {}};
            tables.push_back(std::move(table));
        }
        return tables;
    }

  private:
    TableHead head(std::size_t t) {
        TableHead head;
        head.time = Timestamp{} + std::chrono::seconds{30 * t};
        head.delay = std::chrono::microseconds{static_cast<int>(random_() % 1'000) - 500};
        head.scanned = static_cast<std::int32_t>(random_() % 1'000);
        if (random_() % 2 == 0) head.memory_total_bytes = 1LL << 34U;
        if (random_() % 2 == 0) head.other_count = 3;
        if (random_() % 2 == 0) head.other_cpu_percent = 0.25;
        if (random_() % 2 == 0) head.other_rss_bytes = 4'096;
        return head;
    }
    void add(StoredTable& table, std::int64_t ref) {
        table.refs.push_back(ref);
        auto& figures = table.figures.emplace_back();
        for (auto& figure : figures) {
            const auto kind = random_() % 10;
            figure = kind == 0   ? kUnknown
                     : kind == 1 ? static_cast<std::int64_t>(random_() % 1'000)
                                 : 7;
        }
        figures[kPositionFigure] = static_cast<std::int64_t>(table.refs.size());
    }
    std::mt19937_64 random_{11};
};

TEST(ProcessBlock, TablesComeBackAsTheyWere) {
    Tables make;
    for (const std::size_t count : {1U, 2U, 10U, 60U, 130U}) {
        for (int round = 0; round < 20; ++round) {
            const auto tables = make.make(count);
            ASSERT_EQ(unpack_tables(pack_tables(tables)), tables);
        }
    }
}

TEST(ProcessBlock, OneProcessIsReadAlone) {
    const auto tables = Tables{}.make(80);
    const auto block = pack_tables(tables);
    std::set<std::pair<std::size_t, std::int64_t>> seen;
    for (std::size_t r = 0; r < block.runs(); ++r) {
        const auto run = block.run(r);
        const RunReader reader{run, block.common};
        for (std::size_t t = run.first; t < run.first + run.tables; ++t) {
            const auto place = static_cast<std::size_t>(reader.figure(kPositionFigure, t)) - 1;
            ASSERT_EQ(tables[t].refs.at(place), run.ref);
            ASSERT_EQ(reader.figures(t), tables[t].figures[place]);
            EXPECT_TRUE(seen.emplace(t, static_cast<std::int64_t>(place)).second);
        }
    }
    EXPECT_EQ(seen.size(), block.samples());
}

// A column that came after the block was packed has no figures in it.
TEST(ProcessBlock, ColumnsThatCameLaterAreUnknown) {
    auto tables = Tables{}.make(20);
    constexpr auto kLast = kProcessFigureCount - 1;
    for (auto& table : tables) {
        for (auto& figures : table.figures) figures[kLast] = kUnknown;
    }
    auto block = pack_tables(tables);
    ASSERT_EQ(block.common.back(), kUnknown);
    block.common.pop_back();
    EXPECT_EQ(unpack_tables(block), tables);
}

TEST(ProcessBlock, DamagedBlocksAreRefused) {
    const auto good = pack_tables(Tables{}.make(20));
    ASSERT_GT(good.runs(), 2U);
    auto block = good;
    block.ends[0] = block.ends[1] + 1;
    EXPECT_THROW(unpack_tables(block), std::runtime_error);
    block = good;
    block.ends.back() = static_cast<std::int32_t>(block.body.size()) + 1;
    EXPECT_THROW(unpack_tables(block), std::runtime_error);
    block = good;
    block.firsts[0] = 20;
    EXPECT_THROW(unpack_tables(block), std::runtime_error);
    block = good;
    block.tables[0] = 0;
    EXPECT_THROW(unpack_tables(block), std::runtime_error);
    block = good;
    block.common.push_back(0);
    EXPECT_THROW(unpack_tables(block), std::runtime_error);
}

}  // namespace
}  // namespace chorus::store
