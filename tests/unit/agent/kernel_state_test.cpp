// Limits, sockets, TCP states and the clock.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "agent/collect/clock_collector.h"
#include "agent/collect/kernel_limits.h"
#include "agent/collect/network/socket_collector.h"
#include "agent/collect/network/tcp_state_collector.h"
#include "agent/collect/support/throttled_collector.h"
#include "tests/unit/agent/samples.h"

namespace chorus::agent {
namespace {

using testing::collect;
using testing::Machine;
using namespace std::chrono_literals;

TEST(KernelLimitsCollector, GivesUseAndShares) {
    Machine machine;
    KernelLimitsCollector limits(machine.proc, machine.faults, Machine::kInterval);
    collect(limits);
    machine.become("server/proc-later");
    const auto later = collect(limits);
    EXPECT_EQ(later.value("system_fd_used_count"), 5'000);
    EXPECT_EQ(later.value("system_fd_usage_percent"), 5);
    EXPECT_EQ(later.value("network_conntrack_usage_percent"), 20);
    EXPECT_EQ(later.value("system_hung_tasks_count"), 2);
}

TEST(KernelLimitsCollector, WhatTheKernelDoesNotHaveIsNoSeriesAndNoFault) {
    Machine machine;
    machine.proc_tree.remove("sys/net/netfilter");
    machine.proc_tree.remove("sys/kernel/hung_task_detect_count");
    KernelLimitsCollector limits(machine.proc, machine.faults, Machine::kInterval);
    const auto samples = collect(limits);
    EXPECT_FALSE(samples.has("network_conntrack_usage_percent"));
    EXPECT_FALSE(samples.has("system_hung_tasks_count"));
    EXPECT_TRUE(machine.faults.by_errno().empty());
}

TEST(SocketCollector, GivesCountsAndTheShareOfTcpMemory) {
    Machine machine;
    SocketCollector sockets(machine.proc, machine.faults);
    const auto samples = collect(sockets);
    EXPECT_EQ(samples.value("sockets_used_count"), 300);
    EXPECT_EQ(samples.value("tcp_orphan_count"), 2);
    EXPECT_NEAR(samples.value("tcp_memory_usage_percent"), 100.0 / 6, 1e-4);
}

TEST(SocketCollector, NamespaceWithoutALimitHasNoShareOfIt) {
    Machine machine;
    machine.proc_tree.remove("sys/net/ipv4");
    SocketCollector sockets(machine.proc, machine.faults);
    EXPECT_FALSE(collect(sockets).has("tcp_memory_usage_percent"));
}

std::optional<TcpStates> no_answer() {
    return std::nullopt;
}

TEST(TcpStateCollector, FilesAreReadIfTheKernelDoesNotAnswer) {
    Machine machine;
    TcpStateCollector tcp(machine.proc, machine.faults, no_answer);
    const auto samples = collect(tcp);
    EXPECT_EQ(samples.value("tcp_established_count"), 4);
    EXPECT_EQ(samples.value("tcp_time_wait_count"), 3);
    EXPECT_EQ(samples.value("tcp_close_wait_count"), 1);
    EXPECT_EQ(samples.value("tcp_syn_recv_count"), 1);
    EXPECT_EQ(samples.value("tcp_listen_count"), 3);
}

TEST(TcpStateCollector, HostWithoutIpv6IsNoFault) {
    Machine machine;
    machine.proc_tree.remove("net/tcp6");
    TcpStateCollector tcp(machine.proc, machine.faults, no_answer);
    EXPECT_EQ(collect(tcp).value("tcp_listen_count"), 2);
    EXPECT_TRUE(machine.faults.by_errno().empty());
}

// Binds and listens on a free port of the loopback interface.
FileDescriptor listener(sockaddr_in& address) {
    FileDescriptor fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(fd.get(), 8), 0);
    EXPECT_EQ(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    return fd;
}

// More sockets than one answer of the kernel holds. Others on this machine come and go: only the
// growth by ours is looked at.
TEST(AskTcpStates, CountsTheSocketsOfThisMachine) {
    const auto before = ask_tcp_states();
    ASSERT_TRUE(before);
    constexpr std::uint64_t count = 300;
    std::vector<FileDescriptor> listeners;
    for (std::uint64_t i = 0; i < count; ++i) {
        sockaddr_in address{};
        listeners.push_back(listener(address));
    }
    const auto during = ask_tcp_states();
    ASSERT_TRUE(during);
    EXPECT_GE(during->listen, before->listen + count - 20);
    EXPECT_LE(during->listen, before->listen + count + 20);
}

TEST(ClockCollector, TellsWhetherTheClockIsInStep) {
    ClockCollector clock([] { return ClockState{.synchronised = true, .offset_ms = -1.5}; });
    const auto samples = collect(clock);
    EXPECT_EQ(samples.value("system_clock_synced"), 1);
    EXPECT_EQ(samples.value("system_clock_offset_ms"), -1.5);
    ClockCollector deaf([] { return std::nullopt; });
    EXPECT_TRUE(collect(deaf).is_null("system_clock_synced"));
}

TEST(ClockCollector, TheKernelAnswers) {
    EXPECT_TRUE(ask_clock_state());
}

// Counts how often it is asked.
class Asked final : public Collector {
  public:
    explicit Asked(int& times) : times_(times) {}
    void collect(MetricSink& out) override { out.add("cpu_count", "count", ++times_); }

  private:
    int& times_;
};

TEST(ThrottledCollector, TellsTheLastValuesAgainUntilItsTime) {
    ManualBootClock clock(5'000s);
    int times = 0;
    ThrottledCollector throttled(std::make_unique<Asked>(times), 30s, clock);
    EXPECT_EQ(collect(throttled).value("cpu_count"), 1);
    for (int i = 0; i < 2; ++i) {
        clock.advance(10s);
        EXPECT_EQ(collect(throttled).value("cpu_count"), 1);
    }
    clock.advance(9'900ms);  // a cycle that came a little early
    EXPECT_EQ(collect(throttled).value("cpu_count"), 2);
}

}  // namespace
}  // namespace chorus::agent
