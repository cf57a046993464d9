// PSS and swap of processes, as far as the budget of a scan goes.
#include "agent/process/proportional_memory.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <mutex>

#include "agent/procfs/pid/smaps_rollup.h"

namespace chorus::agent {
namespace {

using namespace std::chrono_literals;

TEST(SmapsRollup, GivesSharedPagesInProportion) {
    const auto rollup = parse_smaps_rollup(
        "5594a0000000-7ffdc0000000 ---p 00000000 00:00 0          [rollup]\n"
        "Rss:               20480 kB\nPss:                1024 kB\nPss_Anon:  7 kB\n"
        "Swap:                 64 kB\nSwapPss:             32 kB\n");
    EXPECT_EQ(rollup.pss, 1'048'576);
    EXPECT_EQ(rollup.swap_pss, 32'768);
}

TEST(SmapsRollup, OldKernelsTellNoProportionOfSwap) {
    EXPECT_EQ(parse_smaps_rollup("Pss: 4 kB\nSwap: 64 kB\n").swap_pss, 65'536);
    EXPECT_EQ(parse_smaps_rollup("").pss, std::nullopt);
    EXPECT_EQ(parse_smaps_rollup("Pss: 9223372036854775807 kB\n").pss, std::nullopt);
    EXPECT_EQ(parse_smaps_rollup("Pss: -1 kB\n").pss, std::nullopt);
}

// Time stands still but for reads, of which each takes its cost.
class ProportionalMemoryTest : public ::testing::Test {
  protected:
    class Clock final : public BootClock {
      public:
        std::chrono::nanoseconds since_boot() const override {
            const std::lock_guard lock{mutex};
            return now;
        }
        void advance(std::chrono::nanoseconds by) {
            const std::lock_guard lock{mutex};
            now += by;
        }

      private:
        mutable std::mutex mutex;
        std::chrono::nanoseconds now{1h};
    };

    ProportionalMemory with_budget(std::chrono::nanoseconds budget) {
        return {reader, faults, clock, budget};
    }
    static ProcessSample process(std::int32_t pid, std::int64_t rss) {
        ProcessSample row;
        row.pid = pid;
        row.start_ticks = 7;
        row.memory_rss_bytes = rss;
        return row;
    }
    static void fill(ProportionalMemory& memory, std::vector<ProcessSample>& rows) {
        for (auto& row : rows) row.memory_pss_bytes = row.memory_swap_bytes = std::nullopt;
        memory.fill(rows);
    }

    Clock clock;
    ReadFaults faults;
    std::vector<std::string> read;  // in order
    std::map<std::string, int> errors;
    std::int64_t pss_kib = 10;
    DeadlineReader reader{[this](const std::string& path) {
                              read.push_back(path);
                              clock.advance(1ms);
                              DeadlineReader::Result result;
                              if (const auto at = errors.find(path); at != errors.end()) {
                                  result.error = at->second;
                              } else {
                                  result.text =
                                      "Pss: " + std::to_string(pss_kib) + " kB\nSwapPss: 2 kB\n";
                              }
                              return result;
                          },
                          20s};
};

TEST_F(ProportionalMemoryTest, LargestFirstAndTheRestInLaterScans) {
    auto memory = with_budget(2ms);
    std::vector rows{process(1, 1'000), process(2, 3'000), process(3, 2'000), process(4, 0)};
    fill(memory, rows);
    EXPECT_EQ(read, (std::vector<std::string>{"2/smaps_rollup", "3/smaps_rollup"}));
    EXPECT_EQ(rows[0].memory_pss_bytes, std::nullopt);
    EXPECT_EQ(rows[1].memory_pss_bytes, 10'240);
    EXPECT_EQ(rows[1].memory_swap_bytes, 2'048);
    fill(memory, rows);
    EXPECT_EQ(rows[0].memory_pss_bytes, 10'240);
    EXPECT_EQ(rows[1].memory_pss_bytes, 10'240);
    EXPECT_EQ(rows[3].memory_pss_bytes, std::nullopt) << "has no memory of its own";
    EXPECT_EQ(read.size(), 3U) << "nothing is read again that did not change";
}

TEST_F(ProportionalMemoryTest, WhatTakesLongIsPaidBack) {
    auto memory = with_budget(std::chrono::nanoseconds{300us});
    std::vector rows{process(1, 1'000), process(2, 3'000)};
    fill(memory, rows);
    EXPECT_EQ(read.size(), 1U);
    for (int scan = 0; scan < 2; ++scan) fill(memory, rows);
    EXPECT_EQ(read.size(), 1U) << "0.7 ms are owed, two scans give 0.6";
    fill(memory, rows);
    EXPECT_EQ(read.size(), 2U);
}

TEST_F(ProportionalMemoryTest, ChangedOnesAreReadAgainAndOldFiguresAreForgotten) {
    auto memory = with_budget(10ms);
    std::vector rows{process(1, 1'000), process(2, 3'000)};
    fill(memory, rows);
    read.clear();
    pss_kib = 20;
    rows[0].memory_rss_bytes = 2'000;
    fill(memory, rows);
    EXPECT_EQ(read, std::vector<std::string>{"1/smaps_rollup"});
    EXPECT_EQ(rows[0].memory_pss_bytes, 20'480);
    EXPECT_EQ(rows[1].memory_pss_bytes, 10'240);
    errors["2/smaps_rollup"] = ETIMEDOUT;
    clock.advance(ProportionalMemory::kLifetime + 1s);
    fill(memory, rows);
    EXPECT_EQ(rows[1].memory_pss_bytes, std::nullopt);
}

TEST_F(ProportionalMemoryTest, AnotherProcessWithThePidIsAnother) {
    auto memory = with_budget(10ms);
    std::vector rows{process(1, 1'000)};
    fill(memory, rows);
    rows[0].start_ticks = 8;
    errors["1/smaps_rollup"] = ESRCH;
    fill(memory, rows);
    EXPECT_EQ(rows[0].memory_pss_bytes, std::nullopt);
    EXPECT_TRUE(faults.by_errno().empty()) << "a process that ended is no fault";
}

TEST_F(ProportionalMemoryTest, WhatMayNotBeReadIsAskedForSeldom) {
    auto memory = with_budget(10ms);
    errors["1/smaps_rollup"] = EACCES;
    std::vector rows{process(1, 1'000)};
    for (int scan = 0; scan < 5; ++scan) {
        rows[0].memory_rss_bytes = 1'000 * (scan + 1);
        fill(memory, rows);
    }
    EXPECT_EQ(read.size(), 1U);
    EXPECT_EQ(faults.by_errno().at(EACCES), 1U);
    clock.advance(ProportionalMemory::kLifetime);
    fill(memory, rows);
    EXPECT_EQ(read.size(), 2U);
}

TEST_F(ProportionalMemoryTest, NoBudgetReadsNothing) {
    auto memory = with_budget(0ms);
    std::vector rows{process(1, 1'000)};
    fill(memory, rows);
    EXPECT_TRUE(read.empty());
}

}  // namespace
}  // namespace chorus::agent
