#include "agent/collect/cgroup_collector.h"

#include <gtest/gtest.h>

#include "tests/unit/agent/samples.h"

namespace chorus::agent {
namespace {

using testing::collect;
using testing::fixture;
using testing::Samples;
using testing::TemporaryTree;
using namespace std::chrono_literals;

// A host of control groups whose state is exchanged between two collections ten seconds apart.
class Host {
  public:
    explicit Host(std::string version) : version_(std::move(version)) {
        tree.copy(fixture("container-host/" + version_));
    }
    void become_later() {
        // The directories stay the same ones, as in the kernel.
        std::filesystem::copy(fixture("container-host/" + version_ + "-later"), tree.path(),
                              std::filesystem::copy_options::recursive |
                                  std::filesystem::copy_options::overwrite_existing);
        clock.advance(10s);
    }
    TemporaryTree tree;
    ManualBootClock clock{5'000s};
    Reader sys{tree.path(), clock};
    TemporaryTree proc_tree;
    Reader proc{proc_tree.path(), clock};

  private:
    std::string version_;
};

constexpr const char* kWeb = "web.service";
constexpr const char* kContainer =
    "3f4b1c9d2e5a60783f4b1c9d2e5a60783f4b1c9d2e5a60783f4b1c9d2e5a6078";

Samples second_sample(Host& host) {
    CgroupCollector groups(host.proc, host.sys, host.clock, 10s);
    collect(groups);
    host.become_later();
    return collect(groups);
}

void expect_web(const Samples& later) {
    EXPECT_DOUBLE_EQ(later.value("cgroup_cpu_usage_percent", kWeb), 250);
    EXPECT_DOUBLE_EQ(later.value("cgroup_cpu_throttled_percent", kWeb), 25);
    EXPECT_EQ(later.value("cgroup_memory_bytes", kWeb), 268'435'456);
    EXPECT_EQ(later.value("cgroup_memory_working_set_bytes", kWeb), 201'326'592);
    EXPECT_DOUBLE_EQ(later.value("cgroup_memory_limit_percent", kWeb), 50);
    EXPECT_EQ(later.value("cgroup_oom_kills_count", kWeb), 2);
    EXPECT_DOUBLE_EQ(later.value("cgroup_io_read_bytes_per_sec", kWeb), 1'048'576);
    EXPECT_DOUBLE_EQ(later.value("cgroup_io_write_bytes_per_sec", kWeb), 2'097'152);
    EXPECT_EQ(later.value("cgroup_pids_count", kWeb), 64);
}

TEST(CgroupCollector, ReadsVersionTwo) {
    Host host("sys");
    const auto later = second_sample(host);
    expect_web(later);
    EXPECT_DOUBLE_EQ(later.value("cgroup_pressure_cpu_some_percent", kWeb), 20);
    EXPECT_DOUBLE_EQ(later.value("cgroup_pressure_memory_full_percent", kWeb), 5);
    EXPECT_DOUBLE_EQ(later.value("cgroup_pressure_io_full_percent", kWeb), 15);
}

TEST(CgroupCollector, ReadsVersionOneWhereThereIsNoOther) {
    Host host("sys-v1");
    const auto later = second_sample(host);
    expect_web(later);
    EXPECT_FALSE(later.has("cgroup_pressure_cpu_some_percent", kWeb));
}

TEST(CgroupCollector, GroupsAreThoseOfUnitsAndContainers) {
    Host host("sys");
    CgroupCollector groups(host.proc, host.sys, host.clock, 10s);
    std::vector<std::string> labels;
    for (const auto& key : collect(groups).layout) {
        if (key.metric_type == "cgroup_memory_bytes") labels.push_back(key.label);
    }
    std::string reversed(kContainer);
    std::reverse(reversed.begin(), reversed.end());
    EXPECT_EQ(labels, (std::vector<std::string>{kContainer, "cri-containerd-" + reversed + ".scope",
                                                "ssh.service", kWeb}));
}

TEST(CgroupCollector, LimitIsTheSmallestUpTheTree) {
    Host host("sys");
    CgroupCollector groups(host.proc, host.sys, host.clock, 10s);
    const auto samples = collect(groups);
    EXPECT_DOUBLE_EQ(samples.value("cgroup_memory_limit_percent", kContainer), 50);
    std::string reversed(kContainer);
    std::reverse(reversed.begin(), reversed.end());
    // 1 GiB of 4 GiB, the limit of the slice; above it are 8 GiB.
    EXPECT_DOUBLE_EQ(
        samples.value("cgroup_memory_limit_percent", "cri-containerd-" + reversed + ".scope"), 25);
    EXPECT_FALSE(samples.has("cgroup_memory_limit_percent", "ssh.service"));
}

TEST(CgroupCollector, FirstSampleHasNoRates) {
    Host host("sys");
    CgroupCollector groups(host.proc, host.sys, host.clock, 10s);
    const auto first = collect(groups);
    EXPECT_TRUE(first.is_null("cgroup_cpu_usage_percent", kWeb));
    EXPECT_TRUE(first.is_null("cgroup_oom_kills_count", kWeb));
    EXPECT_FALSE(first.is_null("cgroup_memory_bytes", kWeb));
}

TEST(CgroupCollector, ServiceThatWasStartedAnewHasNoRateYet) {
    Host host("sys");
    CgroupCollector groups(host.proc, host.sys, host.clock, 10s);
    collect(groups);
    host.become_later();
    host.tree.write("fs/cgroup/system.slice/web.service/cpu.stat", "usage_usec 5\n");
    EXPECT_TRUE(collect(groups).is_null("cgroup_cpu_usage_percent", kWeb));
}

// The kernel adds up what waited so far at moments of its own.
TEST(CgroupCollector, PressureIsAtMostTheWholeTime) {
    Host host("sys");
    const std::string file = "fs/cgroup/system.slice/web.service/cpu.pressure";
    CgroupCollector groups(host.proc, host.sys, host.clock, 10s);
    host.tree.write(file, "some avg10=0.00 avg60=0.00 avg300=0.00 total=1000000\n");
    collect(groups);
    host.clock.advance(10s);
    host.tree.write(file, "some avg10=0.00 avg60=0.00 avg300=0.00 total=11000900\n");
    EXPECT_DOUBLE_EQ(collect(groups).value("cgroup_pressure_cpu_some_percent", kWeb), 100);
}

TEST(CgroupCollector, MoreTimeThanTheCpusHadIsUnknown) {
    Host host("sys");
    host.tree.write("devices/system/cpu/online", "0-1\n");
    const std::string file = "fs/cgroup/system.slice/web.service/cpu.stat";
    CgroupCollector groups(host.proc, host.sys, host.clock, 10s);
    const auto usage_at = [&](const char* microseconds) {
        host.tree.write(file, std::string("usage_usec ") + microseconds + '\n');
        host.clock.advance(10s);
        return collect(groups).value("cgroup_cpu_usage_percent", kWeb);
    };
    usage_at("1000000");
    EXPECT_DOUBLE_EQ(usage_at("21000000"), 200);
    EXPECT_TRUE(std::isnan(usage_at("1730000000000000")));
}

// A group on a volume of LVM: the volume and the disk below it count the same bytes.
TEST(CgroupCollector, BytesOfAVolumeAndOfItsDiskCountOnce) {
    for (const char* version : {"sys", "sys-v1"}) {
        Host host(version);
        host.proc_tree.write("diskstats",
                             "8 0 sda 1 0 1 1 1 0 1 1 0 1 1\n8 2 sda2 1 0 1 1 1 0 1 1 0 1 1\n"
                             "253 0 dm-0 1 0 1 1 1 0 1 1 0 1 1\n7 0 loop0 1 0 1 1 1 0 1 1 0 1 1\n");
        host.tree.write("block/sda/sda2/partition", "2\n");
        host.tree.write("dev/block/253:0/slaves/sda2/partition", "2\n");
        const auto write = [&](const std::string& bytes) {
            std::string stat, service;
            for (const std::string device : {"253:0", "8:0", "7:0"}) {
                stat += device + " rbytes=" + bytes + " wbytes=" + bytes + " rios=1 wios=1\n";
                service += device + " Read " + bytes + '\n' + device + " Write " + bytes + '\n';
            }
            if (version == std::string("sys")) {
                host.tree.write("fs/cgroup/system.slice/web.service/io.stat", stat);
            } else {
                host.tree.write(
                    "fs/cgroup/blkio/system.slice/web.service/blkio.throttle.io_service_bytes",
                    service + "Total 4\n");
            }
        };
        CgroupCollector groups(host.proc, host.sys, host.clock, 10s);
        write("1000000");
        collect(groups);
        host.become_later();
        write("4000000");
        const auto later = collect(groups);
        EXPECT_DOUBLE_EQ(later.value("cgroup_io_read_bytes_per_sec", kWeb), 300'000) << version;
        EXPECT_DOUBLE_EQ(later.value("cgroup_io_write_bytes_per_sec", kWeb), 300'000) << version;
    }
}

TEST(CgroupCollector, NumbersBelowAVolumeComeFromSysfsWhereDiskstatsIsHidden) {
    Host host("sys");
    const auto disk = std::filesystem::path(host.tree.path()) / "devices/pci/block/sdb";
    host.tree.write("devices/pci/block/sdb/dev", "8:16\n");
    host.tree.write("devices/pci/block/sdb/sdb1/dev", "8:17\n");
    host.tree.write("devices/pci/block/sdb/sdb1/partition", "1\n");
    host.tree.write("dev/block/253:0/size", "1\n");
    std::filesystem::create_directories(host.tree.path() + "/dev/block/253:0/slaves");
    std::filesystem::create_symlink(disk / "sdb1",
                                    host.tree.path() + "/dev/block/253:0/slaves/sdb1");
    const auto write = [&](const std::string& bytes) {
        host.tree.write("fs/cgroup/system.slice/web.service/io.stat",
                        "8:16 rbytes=" + bytes + "\n253:0 rbytes=" + bytes + '\n');
    };
    CgroupCollector groups(host.proc, host.sys, host.clock, 10s);
    write("0");
    collect(groups);
    host.clock.advance(10s);
    write("1000000");
    EXPECT_DOUBLE_EQ(collect(groups).value("cgroup_io_read_bytes_per_sec", kWeb), 100'000);
}

TEST(CgroupCollector, HostWithoutGroupsHasNoSeries) {
    const TemporaryTree nothing;
    const ManualBootClock clock{5'000s};
    Reader sys(nothing.path(), clock);
    CgroupCollector groups(sys, sys, clock, 10s);
    EXPECT_TRUE(collect(groups).layout.empty());
}

// A tree of control groups of version 2, made name by name.
class Groups {
  public:
    Groups() { tree.write("fs/cgroup/cgroup.controllers", "memory\n"); }
    void add(const std::string& path, std::uint64_t cpu_us = 0, std::uint64_t memory = 1) {
        tree.write("fs/cgroup/" + path + "/cpu.stat",
                   "usage_usec " + std::to_string(cpu_us) + '\n');
        tree.write("fs/cgroup/" + path + "/memory.current", std::to_string(memory) + '\n');
    }
    std::vector<std::string> labels() {
        std::vector<std::string> found;
        for (const auto& key : collect(collector()).layout) {
            if (key.metric_type == "cgroup_memory_bytes") found.push_back(key.label);
        }
        return found;
    }
    CgroupCollector& collector() {
        if (!groups_) groups_ = std::make_unique<CgroupCollector>(sys, sys, clock, 10s);
        return *groups_;
    }

    TemporaryTree tree;
    ManualBootClock clock{5'000s};
    Reader sys{tree.path(), clock};

  private:
    std::unique_ptr<CgroupCollector> groups_;
};

using Names = std::vector<std::string>;

TEST(CgroupCollector, ContainersWithAServiceManagerAreToldInPlaceOfTheirUnits) {
    Groups host;
    for (const char* inside : {"init.scope", "system.slice/cron.service"}) {
        host.add(inside);
        for (const std::string container :
             {"lxc/101", "lxc.payload.web", "machine.slice/machine-db.scope",
              "machine.slice/systemd-nspawn@app.service"}) {
            host.add(container);
            host.add(container + "/payload/" + inside);
        }
    }
    EXPECT_EQ(host.labels(), (Names{"init.scope", "lxc/101", "lxc.payload.web", "machine-db.scope",
                                    "systemd-nspawn@app.service", "cron.service"}));
}

TEST(CgroupCollector, ContainerWithoutFiguresOfItsOwnIsToldByItsUnits) {
    Groups host;
    for (const char* place : {"", "lxc/101/ns/", "lxc.payload.web/"}) {
        host.add(std::string(place) + "init.scope");
        host.add(std::string(place) + "system.slice/cron.service");
    }
    EXPECT_EQ(host.labels(),
              (Names{"init.scope", "lxc/101/ns/init.scope", "lxc/101/ns/system.slice/cron.service",
                     "lxc.payload.web/init.scope", "lxc.payload.web/system.slice/cron.service",
                     "cron.service"}));
}

TEST(CgroupCollector, UnitsOfAnUnknownContainerHaveItsPath) {
    Groups host;
    host.add("system.slice/cron.service");
    host.add("default/web/system.slice/cron.service");
    EXPECT_EQ(host.labels(), (Names{"default/web/system.slice/cron.service", "cron.service"}));
}

TEST(CgroupCollector, MountsOfContainersAreNoContainers) {
    const std::string id(64, 'a');
    Groups host;
    host.add("docker/" + id);
    host.add("kubepods.slice/kubepods-pod1.slice/cri-containerd-" + id + ".scope");
    for (const char* frame : {"run-containerd-", "var-lib-docker-containers-"}) {
        host.add("system.slice/" + (frame + id) + "-shm.mount");
        host.add("system.slice/" + (frame + id) + ".mount");
    }
    EXPECT_EQ(host.labels(), (Names{id, "cri-containerd-" + id + ".scope"}));
}

TEST(CgroupCollector, GroupsThatShareALabelShareNoSample) {
    const std::string id(64, 'a');
    Groups host;
    host.add("a/" + id, 0);
    host.add("b/" + id, 50'000'000);
    collect(host.collector());
    host.clock.advance(10s);
    host.add("a/" + id, 5'000'000);
    host.add("b/" + id, 51'000'000);
    const auto later = collect(host.collector());
    EXPECT_DOUBLE_EQ(later.value("cgroup_cpu_usage_percent", "a/" + id), 50);
    EXPECT_DOUBLE_EQ(later.value("cgroup_cpu_usage_percent", "b/" + id), 10);
}

TEST(CgroupCollector, OfTooManyThoseThatHoldMostMemoryAreTold) {
    Groups host;
    for (std::size_t i = 0; i < CgroupCollector::kMostGroups; ++i) {
        host.add("user.slice/session-" + std::to_string(i) + ".scope", 0, 1'000'000);
    }
    host.add("system.slice/small.service", 0, 1);
    host.add("user.slice/session-big.scope", 0, 2'000'000);
    const auto samples = collect(host.collector());
    EXPECT_TRUE(samples.has("cgroup_memory_bytes", "small.service"));
    EXPECT_TRUE(samples.has("cgroup_memory_bytes", "session-big.scope"));
    EXPECT_EQ(samples.value("agent_left_out_count", "cgroups"), 2);
}

TEST(CgroupCollector, NumberOfGroupsIsBounded) {
    const TemporaryTree tree;
    tree.write("fs/cgroup/cgroup.controllers", "memory\n");
    for (std::size_t i = 0; i < CgroupCollector::kMostGroups + 50; ++i) {
        tree.write("fs/cgroup/s" + std::to_string(i) + ".service/memory.current", "1\n");
    }
    const ManualBootClock clock{5'000s};
    Reader sys(tree.path(), clock);
    CgroupCollector groups(sys, sys, clock, 10s);
    std::size_t count = 0;
    for (const auto& key : collect(groups).layout)
        count += key.metric_type == "cgroup_memory_bytes";
    EXPECT_EQ(count, CgroupCollector::kMostGroups);
}

}  // namespace
}  // namespace chorus::agent
