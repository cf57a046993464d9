// Paging, pressure, protocol and backlog counters.
#include <gtest/gtest.h>

#include "agent/collect/network/protocol_collector.h"
#include "agent/collect/network/softnet_collector.h"
#include "agent/collect/pressure_collector.h"
#include "agent/collect/vmstat_collector.h"
#include "tests/unit/agent/samples.h"

namespace chorus::agent {
namespace {

using testing::collect;
using testing::Machine;
using testing::Samples;
using namespace std::chrono_literals;

constexpr std::int64_t kPage = 4'096;

// The second of two samples of the written server, ten seconds apart.
template <typename C>
Samples second_sample(Machine& machine, C& collector) {
    collect(collector);
    machine.become("server/proc-later");
    return collect(collector);
}

TEST(VmstatCollector, RatesInTheUnitsOfEachCounter) {
    Machine machine;
    VmstatCollector vmstat(machine.proc, machine.faults, Machine::kInterval, kPage);
    const auto later = second_sample(machine, vmstat);
    EXPECT_DOUBLE_EQ(later.value("memory_page_faults_per_sec"), 8'000);
    EXPECT_DOUBLE_EQ(later.value("memory_major_faults_per_sec"), 5);
    EXPECT_DOUBLE_EQ(later.value("memory_page_in_bytes_per_sec"), 1'048'576);
    EXPECT_DOUBLE_EQ(later.value("memory_page_out_bytes_per_sec"), 2'097'152);
    EXPECT_DOUBLE_EQ(later.value("memory_direct_reclaim_per_sec"), 30);
    EXPECT_DOUBLE_EQ(later.value("swap_in_bytes_per_sec"), 20'480);
}

TEST(VmstatCollector, OomKillsAreThoseOfTheInterval) {
    Machine machine;
    VmstatCollector vmstat(machine.proc, machine.faults, Machine::kInterval, kPage);
    EXPECT_EQ(second_sample(machine, vmstat).value("memory_oom_kills_count"), 1);
}

TEST(VmstatCollector, CounterGoingBackGivesNoValueForItAlone) {
    Machine machine;
    VmstatCollector vmstat(machine.proc, machine.faults, Machine::kInterval, kPage);
    EXPECT_TRUE(second_sample(machine, vmstat).is_null("swap_out_bytes_per_sec"));
}

TEST(VmstatCollector, CounterThatJumpsAheadGivesNoValue) {
    Machine machine;
    machine.proc_tree.write("vmstat", "pgfault 1\npgmajfault 1\n");
    VmstatCollector vmstat(machine.proc, machine.faults, Machine::kInterval, kPage);
    collect(vmstat);
    machine.clock.advance(Machine::kInterval);
    machine.proc_tree.write("vmstat", "pgfault 18446744073709551000\npgmajfault 11\n");
    const auto later = collect(vmstat);
    EXPECT_TRUE(later.is_null("memory_page_faults_per_sec"));
    EXPECT_DOUBLE_EQ(later.value("memory_major_faults_per_sec"), 1);
}

TEST(VmstatCollector, CounterTheKernelDoesNotHaveGivesNoSeries) {
    Machine machine;
    machine.proc_tree.write("vmstat", "pgfault 1\n");
    VmstatCollector vmstat(machine.proc, machine.faults, Machine::kInterval, kPage);
    const auto samples = collect(vmstat);
    EXPECT_TRUE(samples.is_null("memory_page_faults_per_sec"));
    EXPECT_FALSE(samples.has("memory_oom_kills_count"));
}

TEST(VmstatCollector, UnreadableFileLeavesTheLayout) {
    Machine machine;
    VmstatCollector vmstat(machine.proc, machine.faults, Machine::kInterval, kPage);
    const auto names = collect(vmstat).names();
    machine.proc_tree.remove("vmstat");
    const auto without = collect(vmstat);
    EXPECT_EQ(without.names(), names);
    for (const double value : without.values) EXPECT_TRUE(std::isnan(value));
    machine.become("server/proc-later");
    EXPECT_TRUE(collect(vmstat).is_null("memory_page_faults_per_sec"));  // no previous sample
}

TEST(VmstatCollector, ReclaimIsOfAllKindsOfPagesOrNotKnown) {
    Machine machine;
    VmstatCollector vmstat(machine.proc, machine.faults, Machine::kInterval, kPage);
    EXPECT_EQ(vmstat.reclaim(), std::nullopt);
    machine.proc_tree.write("vmstat", "pgscan_anon 40\npgscan_file 2\n");
    collect(vmstat);
    EXPECT_EQ(vmstat.reclaim(), 42);
    machine.proc_tree.write("vmstat", "pgscan_file 2\n");
    collect(vmstat);
    EXPECT_EQ(vmstat.reclaim(), std::nullopt);
    machine.proc_tree.remove("vmstat");
    collect(vmstat);
    EXPECT_EQ(vmstat.reclaim(), std::nullopt);
}

TEST(PressureCollector, SharesComeFromTheTotals) {
    Machine machine;
    PressureCollector pressure(machine.proc, machine.faults, Machine::kInterval);
    const auto later = second_sample(machine, pressure);
    EXPECT_DOUBLE_EQ(later.value("pressure_cpu_some_percent"), 15);
    EXPECT_DOUBLE_EQ(later.value("pressure_memory_some_percent"), 5);
    EXPECT_DOUBLE_EQ(later.value("pressure_memory_full_percent"), 2.5);
    EXPECT_DOUBLE_EQ(later.value("pressure_io_full_percent"), 25);
    EXPECT_DOUBLE_EQ(later.value("pressure_irq_full_percent"), 1);
}

// 12 s of waiting in 10 s: the two clocks are not read at one moment.
TEST(PressureCollector, ShareIsAtMostTheWholeTime) {
    Machine machine;
    PressureCollector pressure(machine.proc, machine.faults, Machine::kInterval);
    EXPECT_EQ(second_sample(machine, pressure).value("pressure_io_some_percent"), 100);
}

TEST(PressureCollector, WhatAHostDoesNotHaveIsNoSeriesAndNoFault) {
    Machine machine;
    machine.proc_tree.remove("pressure");
    PressureCollector pressure(machine.proc, machine.faults, Machine::kInterval);
    EXPECT_TRUE(collect(pressure).layout.empty());
    EXPECT_TRUE(machine.faults.by_errno().empty());
}

TEST(PressureCollector, CpuHasNoFullShare) {
    Machine machine;
    PressureCollector pressure(machine.proc, machine.faults, Machine::kInterval);
    for (const auto& key : collect(pressure).layout) {
        EXPECT_FALSE(key.metric_type.empty());
        EXPECT_NE(key.metric_type, "pressure_cpu_full_percent");
    }
}

TEST(ProtocolCollector, RatesAreFoundByName) {
    Machine machine;
    ProtocolCollector protocol(machine.proc, machine.faults, Machine::kInterval);
    const auto later = second_sample(machine, protocol);
    EXPECT_DOUBLE_EQ(later.value("tcp_active_opens_per_sec"), 5);
    EXPECT_DOUBLE_EQ(later.value("tcp_passive_opens_per_sec"), 10);
    EXPECT_DOUBLE_EQ(later.value("tcp_attempt_fails_per_sec"), 0.2);
    EXPECT_DOUBLE_EQ(later.value("tcp_resets_sent_per_sec"), 1);
    EXPECT_DOUBLE_EQ(later.value("tcp_retransmits_per_sec"), 2.5);
    EXPECT_DOUBLE_EQ(later.value("tcp_retransmit_percent"), 2.5);
    EXPECT_DOUBLE_EQ(later.value("udp_receive_errors_per_sec"), 1);
    EXPECT_DOUBLE_EQ(later.value("udp_rcvbuf_errors_per_sec"), 0.4);
    EXPECT_DOUBLE_EQ(later.value("tcp_listen_overflows_per_sec"), 2);
    EXPECT_DOUBLE_EQ(later.value("tcp_listen_drops_per_sec"), 3);
    EXPECT_DOUBLE_EQ(later.value("tcp_syncookies_sent_per_sec"), 0.5);
}

TEST(ProtocolCollector, ShareOfFewSegmentsSaysNothing) {
    Machine machine;
    ProtocolCollector protocol(machine.proc, machine.faults, Machine::kInterval);
    const auto tcp = [&](const std::string& values) {
        machine.proc_tree.write("net/snmp", "Tcp: OutSegs RetransSegs\nTcp: " + values + "\n");
        machine.clock.advance(10s);
        return collect(protocol);
    };
    tcp("1000 10");
    EXPECT_TRUE(tcp("1099 20").is_null("tcp_retransmit_percent"));
    EXPECT_EQ(tcp("1199 30").value("tcp_retransmit_percent"), 10);
}

TEST(ProtocolCollector, OneUnreadableFileLeavesTheOther) {
    Machine machine;
    ProtocolCollector protocol(machine.proc, machine.faults, Machine::kInterval);
    const auto names = collect(protocol).names();
    machine.become("server/proc-later");
    machine.proc_tree.remove("net/snmp");
    const auto later = collect(protocol);
    EXPECT_EQ(later.names(), names);
    EXPECT_TRUE(later.is_null("tcp_retransmit_percent"));
    EXPECT_DOUBLE_EQ(later.value("tcp_listen_overflows_per_sec"), 2);
}

TEST(SoftnetCollector, SumsHexadecimalColumnsOverTheCpus) {
    Machine machine;
    SoftnetCollector softnet(machine.proc, machine.faults, Machine::kInterval);
    const auto later = second_sample(machine, softnet);
    EXPECT_DOUBLE_EQ(later.value("network_softnet_drops_per_sec"), 2);
    EXPECT_DOUBLE_EQ(later.value("network_softnet_squeezed_per_sec"), 1.5);
}

TEST(SoftnetCollector, DamagedFileIsAFault) {
    Machine machine;
    SoftnetCollector softnet(machine.proc, machine.faults, Machine::kInterval);
    collect(softnet);
    machine.proc_tree.write("net/softnet_stat", "what is this\n");
    EXPECT_TRUE(collect(softnet).is_null("network_softnet_drops_per_sec"));
    EXPECT_EQ(machine.faults.by_errno().at(EINVAL), 1U);
}

}  // namespace
}  // namespace chorus::agent
