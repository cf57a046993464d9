// Rates of interfaces and of the host, and the state of links.
#include "agent/collect/network/network_collector.h"

#include <gtest/gtest.h>

#include "tests/unit/agent/samples.h"

namespace chorus::agent {
namespace {

using testing::collect;
using testing::Machine;
using testing::Samples;
using testing::TemporaryTree;
using namespace std::chrono_literals;

NetworkCollector network_of(Machine& machine) {
    return {machine.proc, machine.sys, machine.faults, Machine::kInterval};
}

TEST(NetworkCollector, TotalsLeaveOutTheLoopback) {
    Machine machine;
    auto network = network_of(machine);
    const auto samples = collect(network);
    EXPECT_EQ(samples.value("network_bytes_recv"), 1'000'000 + 700'000 + 100);
    EXPECT_EQ(samples.value("network_bytes_sent"), 3'000'000 + 600'000 + 200);
    EXPECT_EQ(samples.value("network_packets_recv"), 2'000 + 800 + 1);
    EXPECT_EQ(samples.value("network_packets_sent"), 4'000 + 700 + 2);
    EXPECT_FALSE(samples.has("network_receive_bytes_per_sec", "lo"));
}

TEST(NetworkCollector, RatesAreThoseOfTheInterval) {
    Machine machine;
    auto network = network_of(machine);
    collect(network);
    machine.become("server/proc-later");
    const auto later = collect(network);
    EXPECT_DOUBLE_EQ(later.value("network_receive_bytes_per_sec", "eth0"), 125'000);
    EXPECT_DOUBLE_EQ(later.value("network_transmit_bytes_per_sec", "eth0"), 250'000);
    EXPECT_DOUBLE_EQ(later.value("network_receive_packets_per_sec", "eth0"), 100);
    EXPECT_DOUBLE_EQ(later.value("network_transmit_packets_per_sec", "eth0"), 200);
    EXPECT_DOUBLE_EQ(later.value("network_receive_errors_per_sec", "eth0"), 1);
    EXPECT_DOUBLE_EQ(later.value("network_transmit_errors_per_sec", "eth0"), 0.5);
    EXPECT_DOUBLE_EQ(later.value("network_receive_drops_per_sec", "eth0"), 2);
    EXPECT_DOUBLE_EQ(later.value("network_transmit_drops_per_sec", "eth0"), 0);
    EXPECT_DOUBLE_EQ(later.value("network_receive_bytes_per_sec", "veth12ab34c"), 0);
}

TEST(NetworkCollector, NewAndResetInterfacesHaveNoRateYet) {
    Machine machine;
    auto network = network_of(machine);
    collect(network);
    machine.become("server/proc-later");
    const auto later = collect(network);
    EXPECT_TRUE(later.is_null("network_receive_bytes_per_sec", "docker0"));
    EXPECT_TRUE(later.is_null("network_receive_bytes_per_sec", "eth1"));
    EXPECT_TRUE(later.is_null("network_transmit_drops_per_sec", "eth1"));
}

TEST(NetworkCollector, UnreadableFileLeavesTheLayout) {
    Machine machine;
    auto network = network_of(machine);
    const auto names = collect(network).names();
    machine.proc_tree.remove("net");
    machine.clock.advance(10s);
    const auto without = collect(network);
    EXPECT_EQ(without.names(), names);
    for (std::size_t i = 0; i < without.values.size(); ++i) {
        const std::string& name = without.layout[i].metric_type;
        const bool of_sysfs = name == "network_link_up" || name == "network_speed_mbps";
        EXPECT_EQ(std::isnan(without.values[i]), !of_sysfs) << name;
    }
}

TEST(NetworkCollector, RatesOfTheHostAreThoseOfTheHardware) {
    Machine machine;
    auto network = network_of(machine);
    collect(network);
    machine.become("server/proc-later");
    const auto later = collect(network);
    EXPECT_DOUBLE_EQ(later.value("network_receive_bytes_per_sec"), 125'000);
    EXPECT_DOUBLE_EQ(later.value("network_transmit_packets_per_sec"), 200);
}

// What a test says of one interface in sysfs.
class Interfaces {
  public:
    void write(const std::string& attribute, const std::string& text) {
        sys_tree.write("class/net/" + attribute, text + '\n');
    }
    Samples second_sample() {
        NetworkCollector network(machine.proc, sys, machine.faults, Machine::kInterval);
        collect(network);
        machine.become("server/proc-later");
        return collect(network);
    }
    TemporaryTree sys_tree;
    Machine machine;
    Reader sys{sys_tree.path(), machine.clock};
};

TEST(NetworkCollector, WithoutHardwareTheHostsRatesAreThoseOfAll) {
    Interfaces interfaces;
    interfaces.machine.proc_tree.write("net/dev", "eth0: 1000000 2000 10 20 0 0 0 0 1 1 1 1 0 0\n");
    const auto later = interfaces.second_sample();
    EXPECT_TRUE(later.is_null("network_receive_bytes_per_sec"));  // eth1 is new
    EXPECT_FALSE(later.has("network_link_up", "eth0"));
}

TEST(NetworkCollector, UsageOfALinkIsThatOfItsBusierDirection) {
    Machine machine;
    auto network = network_of(machine);
    collect(network);
    machine.become("server/proc-later");
    const auto later = collect(network);
    EXPECT_EQ(later.value("network_link_up", "eth0"), 1);
    EXPECT_EQ(later.value("network_speed_mbps", "eth0"), 1'000);
    EXPECT_DOUBLE_EQ(later.value("network_usage_percent", "eth0"), 0.2);
    EXPECT_FALSE(later.has("network_link_up", "veth12ab34c"));
}

TEST(NetworkCollector, HalfDuplexSharesTheLink) {
    Interfaces interfaces;
    interfaces.write("eth0/device/vendor", "0x8086");
    interfaces.write("eth0/operstate", "up");
    interfaces.write("eth0/speed", "10");
    interfaces.write("eth0/duplex", "half");
    EXPECT_DOUBLE_EQ(interfaces.second_sample().value("network_usage_percent", "eth0"), 30);
}

TEST(NetworkCollector, LinkIsDownWithoutCarrierAndHasNoSpeed) {
    Interfaces interfaces;
    interfaces.write("eth0/device/vendor", "0x8086");
    interfaces.write("eth0/operstate", "unknown");
    interfaces.write("eth0/carrier", "0");
    interfaces.write("eth0/speed", "-1");
    const auto later = interfaces.second_sample();
    EXPECT_EQ(later.value("network_link_up", "eth0"), 0);
    EXPECT_FALSE(later.has("network_speed_mbps", "eth0"));
    EXPECT_FALSE(later.has("network_usage_percent", "eth0"));
}

TEST(NetworkCollector, SpeedThatIsNoneIsNotTold) {
    for (const char* speed : {"65535", "4294967295", "0"}) {
        Interfaces interfaces;
        interfaces.write("eth0/device/vendor", "0x1af4");
        interfaces.write("eth0/operstate", "up");
        interfaces.write("eth0/speed", speed);
        EXPECT_FALSE(interfaces.second_sample().has("network_speed_mbps", "eth0")) << speed;
    }
}

// 250,000 bytes a second are 2 Mbit/s. Of a virtual interface the speed is often made up.
TEST(NetworkCollector, LinkThatCarriesMoreThanItsSpeedHasAnotherSpeed) {
    const auto usage_at = [](const char* mbps) {
        Interfaces interfaces;
        interfaces.write("eth0/device/vendor", "0x1af4");
        interfaces.write("eth0/operstate", "up");
        interfaces.write("eth0/speed", mbps);
        return interfaces.second_sample().value("network_usage_percent", "eth0");
    };
    EXPECT_DOUBLE_EQ(usage_at("2"), 100);
    EXPECT_DOUBLE_EQ(usage_at("1"), 100);  // some drivers count every other second
    EXPECT_TRUE(std::isnan(usage_at("0.9")));
}

// An interface that another driver took over counts from elsewhere.
TEST(NetworkCollector, CounterThatJumpsAheadGivesNoValue) {
    Interfaces interfaces;
    interfaces.machine.proc_tree.write("net/dev", "eth0: 1 2 10 20 0 0 0 0 1 1 1 1 0 0\n");
    NetworkCollector network(interfaces.machine.proc, interfaces.sys, interfaces.machine.faults,
                             Machine::kInterval);
    collect(network);
    interfaces.machine.clock.advance(10s);
    interfaces.machine.proc_tree.write(
        "net/dev", "eth0: 18446744073709551000 12 10 20 0 0 0 0 11 1 1 1 0 0\n");
    const auto later = collect(network);
    EXPECT_TRUE(later.is_null("network_receive_bytes_per_sec", "eth0"));
    EXPECT_TRUE(later.is_null("network_receive_bytes_per_sec"));
    EXPECT_DOUBLE_EQ(later.value("network_receive_packets_per_sec", "eth0"), 1);
}

// Some drivers tell 0 for a moment. What comes after is no traffic of ten seconds.
TEST(NetworkCollector, CountersThatAreZeroForAMomentGiveNoValue) {
    Interfaces interfaces;
    NetworkCollector network(interfaces.machine.proc, interfaces.sys, interfaces.machine.faults,
                             Machine::kInterval);
    const auto next = [&](const std::string& bytes, const char* packets) {
        interfaces.machine.clock.advance(10s);
        interfaces.machine.proc_tree.write(
            "net/dev", "eth0: " + bytes + ' ' + packets + " 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n");
        return collect(network);
    };
    const auto* const rate = "network_receive_bytes_per_sec";
    next("1000000000000", "9");
    EXPECT_DOUBLE_EQ(next("1000000001000", "10").value(rate, "eth0"), 100);
    EXPECT_TRUE(next("0", "0").is_null(rate, "eth0"));
    EXPECT_TRUE(next("1000000003000", "12").is_null(rate, "eth0"));
    EXPECT_DOUBLE_EQ(next("1000000004000", "13").value(rate, "eth0"), 100);
    next("0", "0");
    next("0", "0");
    EXPECT_DOUBLE_EQ(next("0", "0").value(rate, "eth0"), 0);  // it was made anew, and is idle
}

}  // namespace
}  // namespace chorus::agent
