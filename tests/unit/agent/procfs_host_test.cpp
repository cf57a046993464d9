// Parsers of the host's files.
#include <gtest/gtest.h>

#include <string>

#include "agent/procfs/cpu_list.h"
#include "agent/procfs/cpuinfo.h"
#include "agent/procfs/diskstats.h"
#include "agent/procfs/loadavg.h"
#include "agent/procfs/meminfo.h"
#include "agent/procfs/net_dev.h"
#include "agent/procfs/os_release.h"
#include "agent/procfs/stat.h"
#include "agent/procfs/uptime.h"

namespace chorus::agent {
namespace {

TEST(Stat, ReadsTotalCoresAndBootTime) {
    const auto stat = parse_stat(
        "cpu  10 20 30 40 50 60 70 80 90 100\n"
        "cpu0 1 2 3 4 5 6 7 8 9 10\n"
        "cpu3 11 12 13 14 15 16 17 18 19 20\n"
        "intr 5 1 2\nctxt 9\nbtime 1767225600\nprocesses 3\n");
    ASSERT_TRUE(stat.total);
    EXPECT_EQ(stat.total->user, 10U);
    EXPECT_EQ(stat.total->steal, 80U);
    EXPECT_EQ(stat.total->guest_nice, 100U);
    ASSERT_EQ(stat.cores.size(), 2U);
    EXPECT_EQ(stat.cores[1].core, 3U);
    EXPECT_EQ(stat.cores[1].times.idle, 14U);
    EXPECT_EQ(stat.boot_time_seconds, 1767225600);
}

TEST(Stat, ShortLineOfAnOldKernelIsEnough) {
    const auto stat = parse_stat("cpu 1 2 3 4\n");
    ASSERT_TRUE(stat.total);
    EXPECT_EQ(stat.total->idle, 4U);
    EXPECT_EQ(stat.total->steal, 0U);
}

TEST(Stat, DamagedLinesGiveNothing) {
    EXPECT_FALSE(parse_stat("").total);
    EXPECT_FALSE(parse_stat("cpu").total);
    EXPECT_FALSE(parse_stat("cpu 1 2 3\n").total);
    EXPECT_FALSE(parse_stat("cpu 1 2 x 4 5\n").total);
    EXPECT_FALSE(parse_stat("cpu 1 -2 3 4\n").total);
    EXPECT_FALSE(parse_stat("cpu 1 2 3 99999999999999999999999\n").total);
    const auto stat = parse_stat("cpuX 1 2 3 4\ncpu1 1 2\nbtime soon\n");
    EXPECT_TRUE(stat.cores.empty());
    EXPECT_FALSE(stat.boot_time_seconds);
}

TEST(LoadAverage, ReadsThreeNumbers) {
    const auto load = parse_loadavg("0.52 1.25 12.50 3/512 4242\n");
    EXPECT_DOUBLE_EQ(load.one_minute.value(), 0.52);
    EXPECT_DOUBLE_EQ(load.five_minutes.value(), 1.25);
    EXPECT_DOUBLE_EQ(load.fifteen_minutes.value(), 12.5);
}

TEST(LoadAverage, WhatIsMissingIsAbsent) {
    const auto load = parse_loadavg("0.52 oops");
    EXPECT_TRUE(load.one_minute);
    EXPECT_FALSE(load.five_minutes);
    EXPECT_FALSE(load.fifteen_minutes);
    EXPECT_FALSE(parse_loadavg("").one_minute);
}

TEST(MemInfo, GivesBytes) {
    const auto info = parse_meminfo(
        "MemTotal:       16384000 kB\nMemFree:         2048000 kB\nMemAvailable:    8192000 kB\n"
        "SwapTotal:             0 kB\nSwapFree:              0 kB\n");
    EXPECT_EQ(info.total, 16384000ULL * 1024);
    EXPECT_EQ(info.usable(), 8192000ULL * 1024);
    EXPECT_EQ(info.swap_total, 0U);
}

TEST(MemInfo, WithoutMemAvailableItIsEstimatedFromFreeAndCaches) {
    const auto info = parse_meminfo(
        "MemTotal: 10000 kB\nMemFree: 1000 kB\nBuffers: 200 kB\nCached: 3000 kB\n"
        "Shmem: 500 kB\nSReclaimable: 300 kB\n");
    EXPECT_EQ(info.usable(), (1000ULL + 200 + 3000 + 300 - 500) * 1024);
}

TEST(MemInfo, AvailableAboveTotalFallsBackToFree) {
    const auto info = parse_meminfo("MemTotal: 1000 kB\nMemFree: 400 kB\nMemAvailable: 9000 kB\n");
    EXPECT_EQ(info.usable(), 400ULL * 1024);
}

TEST(MemInfo, DamagedNumbersAreAbsent) {
    const auto info = parse_meminfo("MemTotal: lots kB\nMemFree: 18446744073709551615 kB\nCached");
    EXPECT_FALSE(info.total);
    EXPECT_FALSE(info.free);
    EXPECT_FALSE(info.cached);
    EXPECT_FALSE(info.usable());
}

TEST(Uptime, ReadsTheFirstNumber) {
    EXPECT_DOUBLE_EQ(parse_uptime("5000.25 17000.00\n").value(), 5000.25);
    EXPECT_FALSE(parse_uptime(""));
    EXPECT_FALSE(parse_uptime("-1.0 2.0\n"));
    EXPECT_FALSE(parse_uptime("nan 2.0\n"));
}

TEST(DiskStats, ReadsAllGenerationsOfTheFormat) {
    // 11 fields before Linux 4.18, 15 before 5.5, 17 since.
    const auto disks = parse_diskstats(
        "   8 0 sda 1 2 3 4 5 6 7 8 9 10 11\n"
        "   8 1 sda1 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15\n"
        " 104 0 cciss/c0d0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17\n");
    ASSERT_EQ(disks.size(), 3U);
    EXPECT_EQ(disks[0].name, "sda");
    EXPECT_EQ(disks[0].counters.reads, 1U);
    EXPECT_EQ(disks[0].counters.sectors_read, 3U);
    EXPECT_EQ(disks[0].counters.writes, 5U);
    EXPECT_EQ(disks[0].counters.sectors_written, 7U);
    EXPECT_EQ(disks[0].counters.busy_ms, 10U);
    EXPECT_EQ(disks[2].name, "cciss/c0d0");
}

TEST(DiskStats, DamagedLinesAreLeftOut) {
    const auto disks = parse_diskstats(
        "8 0 sda 1 2 3\n8 0\n\n8 16 sdb 1 2 x 4 5 6 7 8 9 10 11\n8 32 sdc 1 2 3 4 5 6 7 8 9 10 11");
    ASSERT_EQ(disks.size(), 1U);
    EXPECT_EQ(disks[0].name, "sdc");
}

TEST(NetDev, ReadsInterfacesAndSkipsHeadings) {
    const auto devices = parse_net_dev(
        "Inter-|   Receive          |  Transmit\n"
        " face |bytes    packets errs drop|bytes packets\n"
        "    lo: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n"
        "eth0:1:21 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n"
        "wlan0:100 2 3 4 5 6 7 8 90 10 11 12 13 14 15 16\n");
    ASSERT_EQ(devices.size(), 3U);
    EXPECT_EQ(devices[0].name, "lo");
    EXPECT_EQ(devices[0].receive.errors, 3U);
    EXPECT_EQ(devices[0].transmit.drops, 12U);
    EXPECT_EQ(devices[1].name, "eth0:1");
    EXPECT_EQ(devices[1].receive.bytes, 21U);
    EXPECT_EQ(devices[2].receive.bytes, 100U);
    EXPECT_EQ(devices[2].transmit.bytes, 90U);
}

TEST(NetDev, DamagedLinesAreLeftOut) {
    EXPECT_TRUE(parse_net_dev("eth0: 1 2 3\n: 1 2 3 4 5 6 7 8 9 10 11 12\neth1: a").empty());
}

TEST(CpuInfo, GivesTheModelAndTheMeanFrequency) {
    const auto info = parse_cpuinfo(
        "processor\t: 0\nmodel name\t: Example CPU\ncpu MHz\t\t: 1000.0\n\n"
        "processor\t: 1\nmodel name\t: Other\ncpu MHz\t\t: 2000.0\n");
    EXPECT_EQ(info.model, "Example CPU");
    EXPECT_DOUBLE_EQ(info.mhz.value(), 1500);
}

TEST(CpuInfo, KnowsOtherArchitecturesAndAbsence) {
    EXPECT_DOUBLE_EQ(parse_cpuinfo("clock\t\t: 3425.000000MHz\n").mhz.value(), 3425);
    const auto arm = parse_cpuinfo("processor\t: 0\nBogoMIPS\t: 50.00\n");
    EXPECT_FALSE(arm.mhz);
    EXPECT_EQ(arm.model, "");
    EXPECT_FALSE(parse_cpuinfo("cpu MHz : fast\ncpu MHz : 0.000\n").mhz);
}

TEST(CpuList, CountsRangesAndSingles) {
    EXPECT_EQ(count_cpu_list("0-3,5\n"), 5);
    EXPECT_EQ(count_cpu_list("0\n"), 1);
    EXPECT_EQ(count_cpu_list("0-63,128-191"), 128);
}

TEST(CpuList, AnythingElseIsAbsent) {
    for (const char* text : {"", "\n", "3-1", "0-", "-3", "a", "0,,1", "0-3,x", "99999999999"}) {
        EXPECT_FALSE(count_cpu_list(text)) << text;
    }
}

TEST(OsRelease, PrefersThePrettyNameAndUndoesQuoting) {
    EXPECT_EQ(parse_os_release("NAME=x\nPRETTY_NAME=\"Example \\\"12\\\"\"\n"), "Example \"12\"");
    EXPECT_EQ(parse_os_release("NAME='Single'\n"), "Single");
    EXPECT_EQ(parse_os_release("# nothing\n"), "");
    EXPECT_EQ(parse_os_release("PRETTY_NAME=\"\n"), "\"");
}

}  // namespace
}  // namespace chorus::agent
