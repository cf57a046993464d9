// Interfaces that count the same packets: the host's rates count each once.
#include <gtest/gtest.h>

#include <filesystem>
#include <map>

#include "agent/collect/network/network_collector.h"
#include "tests/unit/agent/samples.h"
#include "tests/unit/agent/written_host.h"

namespace chorus::agent {
namespace {

using testing::collect;
using testing::Samples;
using testing::WrittenHost;

// Interfaces by name, and how many bytes a second each receives.
class Network {
  public:
    explicit Network(std::map<std::string, int> rates) : rates_(std::move(rates)) {}

    void has(const std::string& path, const std::string& text = {}) {
        host_.sys_tree.write("class/net/" + path, text);
    }
    void has_device(const std::string& name) { has(name + "/device/vendor"); }
    void links(const std::string& path, const std::string& target) {
        const auto link = std::filesystem::path(host_.sys_tree.path()) / "class/net" / path;
        std::filesystem::create_directories(link.parent_path());
        std::filesystem::create_symlink(target, link);
    }
    void has_lower(const std::string& upper, const std::string& lower) {
        links(upper + "/lower_" + lower, "../" + lower);
    }
    Samples second_sample() {
        NetworkCollector network(host_.proc, host_.sys, host_.faults, WrittenHost::kInterval);
        write_counters(0);
        collect(network);
        host_.clock.advance(WrittenHost::kInterval);
        write_counters(WrittenHost::kInterval.count());
        return collect(network);
    }
    double host_rate() { return second_sample().value("network_receive_bytes_per_sec"); }

  private:
    void write_counters(long seconds) {
        std::string text;
        for (const auto& [name, rate] : rates_) {
            text +=
                name + ": " + std::to_string(rate * seconds) + " 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n";
        }
        host_.proc_tree.write("net/dev", text);
    }

    std::map<std::string, int> rates_;
    WrittenHost host_;
};

// Azure: hv_netvsc adds what the virtual function below it carries.
TEST(InterfaceStack, VirtualFunctionBelowNetvscCountsOnce) {
    Network network({{"eth0", 1'000}, {"enP59317s1", 990}});
    network.has_device("eth0");
    network.has_device("enP59317s1");
    network.links("enP59317s1/master", "../eth0");
    network.has_lower("eth0", "enP59317s1");
    network.has("enP59317s1/operstate", "up\n");
    const auto samples = network.second_sample();
    EXPECT_DOUBLE_EQ(samples.value("network_receive_bytes_per_sec"), 1'000);
    EXPECT_EQ(samples.value("network_bytes_recv"), 10'000);
    // Its own series stay, and the state of its link.
    EXPECT_DOUBLE_EQ(samples.value("network_receive_bytes_per_sec", "enP59317s1"), 990);
    EXPECT_EQ(samples.value("network_link_up", "enP59317s1"), 1);
}

// As git checks a link out where it must not make links.
TEST(InterfaceStack, LinkThatWasRecordedAsAFileIsOne) {
    Network network({{"eth0", 1'000}, {"enP1", 990}});
    network.has_device("eth0");
    network.has_device("enP1");
    network.has("enP1/master", "../eth0");
    EXPECT_DOUBLE_EQ(network.host_rate(), 1'000);
}

TEST(InterfaceStack, NetFailoverCountsItsStandbyAndItsFunction) {
    Network network({{"ens3", 500}, {"ens3nsby", 100}, {"ens4", 400}});
    for (const char* name : {"ens3", "ens3nsby", "ens4"}) network.has_device(name);
    for (const char* part : {"ens3nsby", "ens4"}) {
        network.links(std::string(part) + "/master", "../ens3");
        network.has_lower("ens3", part);
    }
    EXPECT_DOUBLE_EQ(network.host_rate(), 500);
}

TEST(InterfaceStack, PortsOfBondsAndBridgesCountAndWhatLiesOnThemDoesNot) {
    Network network({{"eth0", 300}, {"eth1", 200}, {"bond0", 500}, {"bond0.7", 450}, {"br0", 450}});
    network.has_device("eth0");
    network.has_device("eth1");
    for (const char* port : {"eth0", "eth1"}) {
        network.links(std::string(port) + "/master", "../bond0");
        network.has_lower("bond0", port);
    }
    network.has_lower("bond0.7", "bond0");
    network.has_lower("br0", "bond0.7");
    EXPECT_DOUBLE_EQ(network.host_rate(), 500);
}

TEST(InterfaceStack, PortsOfASwitchPassItsConduit) {
    Network network({{"eth0", 1'000}, {"lan0", 600}, {"lan1", 400}});
    for (const char* name : {"eth0", "lan0", "lan1"}) network.has_device(name);
    network.has_lower("lan0", "eth0");  // since Linux 5.10
    network.has("lan1/uevent", "DEVTYPE=dsa\nINTERFACE=lan1\nIFINDEX=4\n");
    EXPECT_DOUBLE_EQ(network.host_rate(), 1'000);
}

TEST(InterfaceStack, FunctionsOfGuestsAndMonitorsOfARadioRepeatTheirPort) {
    Network network({{"ens1", 1'000}, {"ens1_0", 400}, {"mon0", 300}, {"wlan0", 200}});
    for (const char* name : {"ens1", "ens1_0", "mon0", "wlan0"}) network.has_device(name);
    network.has("ens1/phys_port_name", "p0\n");
    network.has("ens1_0/phys_port_name", "pf0vf2\n");
    network.has("mon0/type", "803\n");
    EXPECT_DOUBLE_EQ(network.host_rate(), 1'200);
}

TEST(InterfaceStack, WhatIsMadeOnAPortPassesIt) {
    Network network({{"eth0", 1'000}, {"eth0.7", 300}, {"macvtap0", 400}});
    for (const char* name : {"eth0", "eth0.7", "macvtap0"}) network.has_device(name);
    network.has("eth0.7/uevent", "DEVTYPE=vlan\nINTERFACE=eth0.7\n");
    network.has("macvtap0/uevent", "DEVTYPE=macvtap\nINTERFACE=macvtap0\n");
    EXPECT_DOUBLE_EQ(network.host_rate(), 1'000);
}

TEST(InterfaceStack, PortGivenToAContainerAloneIsAllItHas) {
    Network network({{"lan1", 400}});
    network.has_device("lan1");
    network.has("lan1/uevent", "DEVTYPE=dsa\n");
    EXPECT_DOUBLE_EQ(network.host_rate(), 400);
}

// A container with containers of its own, a tunnel and a VLAN.
TEST(InterfaceStack, WithoutHardwareTheBottomCounts) {
    Network network({{"eth0", 1'000},
                     {"eth0.5", 100},
                     {"docker0", 700},
                     {"veth1a2b", 700},
                     {"wg0", 50},
                     {"bond1", 0}});
    network.has_lower("eth0.5", "eth0");
    network.has("docker0/bridge/bridge_id", "8000.024200000000\n");
    network.links("veth1a2b/master", "../docker0");
    network.has("veth1a2b/brport/port_id", "0x8001\n");
    network.has("wg0/type", "65534\n");
    network.has("bond1/bonding/mode", "active-backup 1\n");
    EXPECT_DOUBLE_EQ(network.host_rate(), 1'000);
}

TEST(InterfaceStack, OnlyPortOfABridgeInAContainerCounts) {
    Network network({{"eth0", 1'000}, {"br0", 990}});
    network.has_lower("br0", "eth0");
    network.has("eth0/brport/port_id", "0x8001\n");
    network.links("eth0/master", "../br0");
    EXPECT_DOUBLE_EQ(network.host_rate(), 1'000);
}

}  // namespace
}  // namespace chorus::agent
