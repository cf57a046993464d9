// Block devices that count the same requests: the host's figures count each once.
#include <gtest/gtest.h>

#include "agent/collect/storage/disk_collector.h"
#include "tests/unit/agent/samples.h"
#include "tests/unit/agent/written_host.h"

namespace chorus::agent {
namespace {

using testing::collect;
using testing::Samples;
using testing::WrittenHost;

class Disks {
  public:
    void has(const std::string& path, const std::string& text = {}) {
        host_.sys_tree.write("block/" + path, text);
    }
    void has_device(const std::string& name) { has(name + "/device/model"); }
    void read(const std::string& name, int mebibytes) {
        constexpr int sectors = 2'048;
        diskstats_ += "259 0 " + name + ' ' + std::to_string(mebibytes) + " 0 " +
                      std::to_string(mebibytes * sectors) + " 1 0 0 0 0 0 1 1\n";
    }
    Samples next_sample() {
        host_.proc_tree.write("diskstats", diskstats_);
        diskstats_.clear();
        host_.clock.advance(WrittenHost::kInterval);
        return collect(collector_);
    }
    double total_mebibytes() { return next_sample().value("disk_read_bytes") / (1 << 20); }

  private:
    WrittenHost host_;
    DiskCollector collector_{host_.proc, host_.sys, host_.faults, WrittenHost::kInterval};
    std::string diskstats_;
};

void add_nvme_paths(Disks& disks) {
    for (const char* path : {"nvme0c0n1", "nvme0c1n1"}) {
        disks.has_device(path);
        disks.has(std::string(path) + "/hidden", "1\n");
    }
    disks.has_device("nvme0n1");
    disks.has("nvme0n1/hidden", "0\n");
}

TEST(DiskStack, HeadOfNvmeCountsForItsHiddenPaths) {
    Disks disks;
    add_nvme_paths(disks);
    for (const int read : {100, 200}) {
        disks.read("nvme0c0n1", read / 2);
        disks.read("nvme0c1n1", read / 2);
        disks.read("nvme0n1", read);
        const auto samples = disks.next_sample();
        EXPECT_EQ(samples.value("disk_read_bytes"), read * 1'048'576.0);
        EXPECT_TRUE(samples.has("disk_busy_percent", "nvme0c0n1"));
        if (read == 200) {
            EXPECT_EQ(samples.value("disk_read_bytes_per_sec"), 10 * 1'048'576);
        }
    }
}

TEST(DiskStack, PathsOfNvmeCountWhereTheHeadCountsNothing) {
    Disks disks;
    add_nvme_paths(disks);
    disks.read("nvme0c0n1", 30);
    disks.read("nvme0c1n1", 70);
    disks.read("nvme0n1", 0);
    EXPECT_EQ(disks.total_mebibytes(), 100);
}

// dm-multipath, bcache and RAID: the paths and disks count, and what lies on them does not.
TEST(DiskStack, DevicesOnHardwareDoNotCount) {
    Disks disks;
    for (const char* disk : {"sda", "sdb"}) {
        disks.has_device(disk);
        disks.read(disk, 50);
    }
    for (const char* upper : {"dm-0", "bcache0", "md_home"}) {
        disks.has(std::string(upper) + "/slaves/sda");
        disks.read(upper, 100);
    }
    EXPECT_EQ(disks.total_mebibytes(), 100);
}

TEST(DiskStack, WithoutHardwareTheBottomCounts) {
    Disks disks;
    disks.has("xvdb/xvdb1/partition", "1\n");
    disks.read("xvdb", 100);
    disks.has("md0/slaves/xvdb1/partition", "1\n");
    disks.read("md0", 100);
    disks.has("dm-0/slaves/md0/md/level", "raid1\n");
    disks.read("dm-0", 100);
    disks.has("dm-1/slaves/sdz/size");  // of a disk that is not to be seen here
    disks.read("dm-1", 7);
    EXPECT_EQ(disks.total_mebibytes(), 107);
}

}  // namespace
}  // namespace chorus::agent
