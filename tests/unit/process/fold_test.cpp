#include "agent/process/fold.h"

#include <gtest/gtest.h>

namespace chorus::agent {
namespace {

TEST(FoldSmallProcesses, KeepsTheBusiestAndTheLargestAndSumsTheRest) {
    ProcessTable table;
    for (std::int32_t pid = 1; pid <= 10; ++pid) {
        ProcessSample row;
        row.pid = pid;
        row.cpu_percent = pid == 1 ? 90.0 : pid == 2 ? 80.0 : 1.0;
        row.memory_rss_bytes = pid == 10 ? 5'000 : pid == 9 ? 4'000 : 10;
        table.rows.push_back(row);
    }
    table.rows[4].cpu_percent.reset();
    fold_small_processes(table, 4);
    std::vector<std::int32_t> pids;
    for (const auto& row : table.rows) pids.push_back(row.pid);
    EXPECT_EQ(pids, (std::vector<std::int32_t>{1, 2, 9, 10}));
    ASSERT_TRUE(table.other);
    EXPECT_EQ(table.other->count, 6);
    EXPECT_DOUBLE_EQ(table.other->cpu_percent.value(), 5);
    EXPECT_EQ(table.other->memory_rss_bytes, 60);
}

// One that writes, one with many files: neither is busy or large.
TEST(FoldSmallProcesses, KeepsThoseThatMoveDataOrHoldFiles) {
    ProcessTable table;
    for (std::int32_t pid = 1; pid <= 12; ++pid) {
        ProcessSample row;
        row.pid = pid;
        row.cpu_percent = pid;
        row.memory_rss_bytes = 100 * pid;
        row.disk_write_bytes = pid == 3 ? 1'000'000 : 0;
        row.fd_count = pid == 5 ? 900 : 3;
        table.rows.push_back(row);
    }
    fold_small_processes(table, 4);
    std::vector<std::int32_t> pids;
    for (const auto& row : table.rows) pids.push_back(row.pid);
    EXPECT_EQ(pids, (std::vector<std::int32_t>{3, 5, 11, 12}));
}

TEST(FoldSmallProcesses, FoldedTwiceTheTotalsAreStillRight) {
    ProcessTable table;
    for (std::int32_t pid = 1; pid <= 100; ++pid) {
        ProcessSample row;
        row.pid = pid;
        row.memory_rss_bytes = 10;
        table.rows.push_back(row);
    }
    fold_small_processes(table, 50);
    fold_small_processes(table, 25);
    EXPECT_EQ(table.other->count, 75);
    EXPECT_EQ(table.other->memory_rss_bytes, 750);
}

TEST(FoldSmallProcesses, LeavesASmallTableAlone) {
    ProcessTable table;
    table.rows.resize(4);
    fold_small_processes(table, 4);
    EXPECT_EQ(table.rows.size(), 4U);
    EXPECT_FALSE(table.other);
}

}  // namespace
}  // namespace chorus::agent
