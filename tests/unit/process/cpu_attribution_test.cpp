#include "agent/process/cpu_attribution.h"

#include <gtest/gtest.h>

namespace chorus::agent {
namespace {

struct Usage {
    std::int32_t pid, ppid;
    std::uint64_t own, children;
    std::int64_t start = 1;
};

std::optional<std::uint64_t> scan(CpuAttribution& attribution, std::initializer_list<Usage> all) {
    for (const Usage& usage : all) {
        PidStat stat;
        stat.pid = usage.pid;
        stat.ppid = usage.ppid;
        stat.user_ticks = usage.own;
        stat.children_system_ticks = usage.children;
        stat.start_ticks = usage.start;
        attribution.add(stat);
    }
    return attribution.finish();
}

TEST(CpuAttribution, FirstScanExplainsNothing) {
    CpuAttribution attribution;
    EXPECT_FALSE(scan(attribution, {{1, 0, 100, 50}}));
}

TEST(CpuAttribution, RunningProcessesCountByTheirOwnTime) {
    CpuAttribution attribution;
    scan(attribution, {{1, 0, 100, 0}, {2, 1, 10, 0}});
    EXPECT_EQ(scan(attribution, {{1, 0, 105, 0}, {2, 1, 30, 0}, {3, 1, 7, 0}}), 5U + 20U + 7U);
}

// Made and ended between two scans: only the parent tells of it.
TEST(CpuAttribution, ChildNobodySawIsTheParentsInheritance) {
    CpuAttribution attribution;
    scan(attribution, {{1, 0, 100, 50}});
    EXPECT_EQ(scan(attribution, {{1, 0, 100, 350}}), 300U);
}

// 1,000 ticks were told before; only the last 40 are new.
TEST(CpuAttribution, LongChildThatEndsIsNoSpike) {
    CpuAttribution attribution;
    scan(attribution, {{1, 0, 0, 0}, {2, 1, 1'000, 0}});
    EXPECT_EQ(scan(attribution, {{1, 0, 0, 1'040}}), 40U);
}

TEST(CpuAttribution, TimeOfAWholeBranchGoesToTheNearestAncestor) {
    CpuAttribution attribution;
    scan(attribution, {{1, 0, 0, 0}, {2, 1, 100, 0}, {3, 2, 200, 10}});
    // 3 ended, was waited for by 2, which used 5 more and ended as well.
    EXPECT_EQ(scan(attribution, {{1, 0, 0, 100 + 5 + 210 + 3}}), 8U);
}

TEST(CpuAttribution, ChildThatNobodyWaitedForTakesNothingOff) {
    CpuAttribution attribution;
    scan(attribution, {{1, 0, 0, 0}, {2, 1, 1'000, 0}, {3, 1, 0, 0}});
    EXPECT_EQ(scan(attribution, {{1, 0, 0, 0}, {3, 1, 30, 0}}), 30U);
}

TEST(CpuAttribution, ReusedPidIsAnotherProcess) {
    CpuAttribution attribution;
    scan(attribution, {{1, 0, 0, 0}, {2, 1, 500, 0, 10}});
    EXPECT_EQ(scan(attribution, {{1, 0, 0, 510}, {2, 1, 20, 0, 99}}), 10U + 20U);
}

}  // namespace
}  // namespace chorus::agent
