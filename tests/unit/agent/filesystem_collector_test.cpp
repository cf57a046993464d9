#include "agent/collect/storage/filesystem_collector.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "tests/unit/agent/samples.h"

namespace chorus::agent {
namespace {

using testing::collect;
using testing::Machine;
using namespace std::chrono_literals;

constexpr std::uint64_t kGib = 1ULL << 30U;

// 100 GiB, 60 used, 30 to be had: 10 are reserved for root.
FilesystemUsage usage() {
    return {.total_bytes = 100 * kGib,
            .used_bytes = 60 * kGib,
            .avail_bytes = 30 * kGib,
            .inodes = 1'000,
            .inodes_free = 250};
}

StatvfsProber::Ask always() {
    return [](const std::string&) { return usage(); };
}

// Blocks callers until it is opened, like a mount whose server is dead.
class Gate {
  public:
    void open() {
        const std::lock_guard lock(mutex_);
        open_ = true;
        changed_.notify_all();
    }
    void pass() {
        std::unique_lock lock(mutex_);
        ++calls_;
        changed_.notify_all();
        changed_.wait(lock, [&] { return open_; });
    }
    int calls() {
        const std::lock_guard lock(mutex_);
        return calls_;
    }

  private:
    std::mutex mutex_;  // protects the members below
    std::condition_variable changed_;
    bool open_ = false;
    int calls_ = 0;
};

TEST(FilesystemCollector, RootKeepsTheOriginalsFormula) {
    Machine machine;
    FilesystemCollector filesystems(machine.proc, machine.faults, "/", always());
    const auto samples = collect(filesystems);
    EXPECT_DOUBLE_EQ(samples.value("disk_total_gb"), 100);
    EXPECT_DOUBLE_EQ(samples.value("disk_used_gb"), 60);
    EXPECT_DOUBLE_EQ(samples.value("disk_free_gb"), 30);
    EXPECT_DOUBLE_EQ(samples.value("disk_usage_percent"), 60);
}

TEST(FilesystemCollector, MountsAreCountedAsDfCountsThem) {
    Machine machine;
    FilesystemCollector filesystems(machine.proc, machine.faults, "/", always());
    const auto samples = collect(filesystems);
    EXPECT_NEAR(samples.value("disk_usage_percent", "/var"), 100.0 * 60 / 90, 1e-4);
    EXPECT_EQ(samples.value("filesystem_total_bytes", "/var"), 100.0 * kGib);
    EXPECT_EQ(samples.value("filesystem_used_bytes", "/var"), 60.0 * kGib);
    EXPECT_EQ(samples.value("filesystem_avail_bytes", "/var"), 30.0 * kGib);
    EXPECT_DOUBLE_EQ(samples.value("filesystem_inodes_usage_percent", "/var"), 75);
    EXPECT_DOUBLE_EQ(samples.value("filesystem_inodes_free_count", "/var"), 250);
}

TEST(FilesystemCollector, TellsWhatCannotBeWritten) {
    Machine machine;
    FilesystemCollector filesystems(machine.proc, machine.faults, "/", always());
    const auto before = collect(filesystems);
    EXPECT_EQ(before.value("filesystem_readonly", "/srv/my data"), 1);
    EXPECT_EQ(before.value("filesystem_readonly", "/"), 0);  // errors=remount-ro is not ro
    // After an error the file system is ro, the mount still rw.
    machine.proc_tree.write("1/mountinfo",
                            "26 1 8:1 / / rw,relatime - ext4 /dev/sda1 noatime,ro\n");
    EXPECT_EQ(collect(filesystems).value("filesystem_readonly", "/"), 1);
}

// Images are full for ever, and what is left of them is left to nobody.
TEST(FilesystemCollector, NoSpaceIsToldOfWhatCannotBeWritten) {
    Machine machine;
    machine.proc_tree.write("1/mountinfo",
                            "22 1 0:31 / / ro - overlay composefs ro,lowerdir=/a\n"
                            "40 22 254:0 / /usr ro - ext4 /dev/mapper/usr ro\n"
                            "41 22 8:1 / /data ro - ext4 /dev/sda1 rw\n"
                            "42 22 8:1 /log /var/log rw - ext4 /dev/sda1 rw\n");
    FilesystemCollector filesystems(machine.proc, machine.faults, "/", always());
    const auto samples = collect(filesystems);
    EXPECT_EQ(samples.value("filesystem_readonly", "/usr"), 1);
    EXPECT_EQ(samples.value("filesystem_total_bytes", "/usr"), 100.0 * kGib);
    for (const char* space : {"disk_usage_percent", "filesystem_avail_bytes",
                              "filesystem_inodes_usage_percent", "filesystem_inodes_free_count"}) {
        EXPECT_FALSE(samples.has(space, "/usr")) << space;
        EXPECT_TRUE(samples.has(space, "/var/log")) << space;
    }
    EXPECT_TRUE(samples.is_null("disk_usage_percent"));
    EXPECT_DOUBLE_EQ(samples.value("disk_total_gb"), 100);
}

// Transactional systems write to subvolumes beside a "/" that is read-only.
TEST(FilesystemCollector, ReadOnlyRootThatFillsElsewhereKeepsItsUsage) {
    Machine machine;
    machine.proc_tree.write("1/mountinfo",
                            "22 1 0:25 /@/.snapshots/1/snapshot / ro - btrfs /dev/sda2 rw\n"
                            "40 22 0:25 /@/var /var rw - btrfs /dev/sda2 rw\n");
    FilesystemCollector filesystems(machine.proc, machine.faults, "/", always());
    const auto samples = collect(filesystems);
    EXPECT_EQ(samples.value("filesystem_readonly", "/"), 1);
    EXPECT_NEAR(samples.value("disk_usage_percent", "/"), 100.0 * 60 / 90, 1e-4);
    EXPECT_DOUBLE_EQ(samples.value("disk_usage_percent"), 60);
}

TEST(FilesystemCollector, ListsEachRealFileSystemOnce) {
    Machine machine;
    FilesystemCollector filesystems(machine.proc, machine.faults, "/", always());
    std::set<std::string> listed;
    for (const auto& key : collect(filesystems).layout) {
        if (key.metric_type == "filesystem_total_bytes") listed.insert(key.label);
    }
    // Not listed: memory file systems, kernel interfaces, the overlay, and the bind mount /exports.
    EXPECT_EQ(listed,
              (std::set<std::string>{"/", "/boot/efi", "/mnt/files", "/srv/my data", "/var"}));
}

TEST(FilesystemCollector, MountPointsLieBelowRootfs) {
    Machine machine;
    std::mutex mutex;
    std::set<std::string> asked;
    FilesystemCollector filesystems(machine.proc, machine.faults, "/host/",
                                    [&](const std::string& path) {
                                        const std::lock_guard lock(mutex);
                                        asked.insert(path);
                                        return usage();
                                    });
    collect(filesystems);
    EXPECT_EQ(asked, (std::set<std::string>{"/host/", "/host/boot/efi", "/host/mnt/files",
                                            "/host/srv/my data", "/host/var"}));
}

TEST(FilesystemCollector, WhatCannotBeAskedIsNull) {
    Machine machine;
    FilesystemCollector filesystems(machine.proc, machine.faults, "/",
                                    [](const std::string&) { return std::nullopt; });
    const auto samples = collect(filesystems);
    EXPECT_TRUE(samples.is_null("disk_usage_percent"));
    EXPECT_TRUE(samples.is_null("disk_usage_percent", "/var"));
    EXPECT_TRUE(samples.is_null("filesystem_inodes_usage_percent", "/var"));
}

TEST(FilesystemCollector, UnreadableMountListLeavesTheLayout) {
    Machine machine;
    FilesystemCollector filesystems(machine.proc, machine.faults, "/", always());
    const auto names = collect(filesystems).names();
    machine.proc_tree.remove("1/mountinfo");
    EXPECT_EQ(collect(filesystems).names(), names);
    EXPECT_EQ(machine.faults.by_errno().at(ENOENT), 1U);
}

TEST(FilesystemCollector, FileSystemWithoutInodesHasNoShareOfThem) {
    Machine machine;
    FilesystemCollector filesystems(machine.proc, machine.faults, "/", [](const std::string&) {
        auto without = usage();
        without.inodes = without.inodes_free = 0;
        return std::optional{without};
    });
    const auto samples = collect(filesystems);
    EXPECT_TRUE(samples.is_null("filesystem_inodes_usage_percent", "/var"));
    EXPECT_TRUE(samples.is_null("filesystem_inodes_free_count", "/var"));
    EXPECT_FALSE(samples.is_null("disk_usage_percent", "/var"));
}

TEST(FilesystemCollector, StuckMountIsSkippedAndTheOthersAreTold) {
    Machine machine;
    const auto gate = std::make_shared<Gate>();
    FilesystemCollector filesystems(
        machine.proc, machine.faults, "/",
        [gate](const std::string& path) {
            if (path == "/mnt/files") gate->pass();
            return usage();
        },
        50ms);
    const auto first = collect(filesystems);
    EXPECT_TRUE(first.is_null("disk_usage_percent", "/mnt/files"));
    EXPECT_FALSE(first.is_null("disk_usage_percent", "/var"));
    EXPECT_EQ(first.value("filesystem_stuck", "/mnt/files"), 1);
    EXPECT_EQ(first.value("filesystem_stuck", "/var"), 0);
    const auto second = collect(filesystems);
    EXPECT_TRUE(second.is_null("disk_usage_percent", "/mnt/files"));
    EXPECT_EQ(second.names(), first.names());
    EXPECT_EQ(gate->calls(), 1);  // no second thread for a mount that holds one
    gate->open();
    const auto until = std::chrono::steady_clock::now() + 10s;
    bool answered = false;
    while (!answered && std::chrono::steady_clock::now() < until) {
        const auto again = collect(filesystems);
        answered = !again.is_null("disk_usage_percent", "/mnt/files");
        EXPECT_EQ(again.value("filesystem_stuck", "/mnt/files"), answered ? 0 : 1);
    }
    EXPECT_TRUE(answered);
}

TEST(StatvfsProber, HoldsOnlySoManyThreads) {
    const auto gate = std::make_shared<Gate>();
    StatvfsProber prober(
        [gate](const std::string&) {
            gate->pass();
            return usage();
        },
        20ms);
    std::vector<std::string> paths;
    for (std::size_t i = 0; i < StatvfsProber::kMaxThreads + 5; ++i) {
        paths.push_back("/mnt/" + std::to_string(i));
    }
    const auto until = std::chrono::steady_clock::now() + 10s;
    const auto answers = prober.ask_all(paths);
    EXPECT_EQ(answers.size(), paths.size());
    constexpr int most = StatvfsProber::kMaxThreads;
    while (gate->calls() < most && std::chrono::steady_clock::now() < until) {
        std::this_thread::yield();
    }
    prober.ask_all(paths);
    EXPECT_EQ(gate->calls(), most);
    gate->open();
    const auto all_answer = [&] {
        const auto now = prober.ask_all(paths);
        return std::all_of(now.begin(), now.end(),
                           [](const auto& answer) { return answer.usage.has_value(); });
    };
    bool answered = false;
    while (!answered && std::chrono::steady_clock::now() < until) answered = all_answer();
    EXPECT_TRUE(answered);
}

// Root used more than was kept for it, so users have less than nothing left.
TEST(UsageOf, NegativeSpaceIsNone) {
    struct statvfs fs {};
    fs.f_frsize = 4'096;
    fs.f_blocks = 100;
    fs.f_bfree = 3;
    fs.f_bavail = static_cast<fsblkcnt_t>(-2);
    const auto usage = usage_of(fs);
    ASSERT_TRUE(usage);
    EXPECT_EQ(usage->avail_bytes, 0U);
    EXPECT_EQ(usage->used_bytes, 97U * 4'096);
    fs.f_bfree = static_cast<fsblkcnt_t>(-1);
    EXPECT_EQ(usage_of(fs)->used_bytes, 100U * 4'096);
}

// CephFS tells how many files there are, and -1 for those that can still be made.
TEST(UsageOf, InodesThatAreNotCountedAreNone) {
    struct statvfs fs {};
    fs.f_frsize = 4'096;
    fs.f_blocks = 100;
    fs.f_files = 5'079;
    fs.f_ffree = static_cast<fsfilcnt_t>(-1);
    EXPECT_EQ(usage_of(fs)->inodes, 0U);
    EXPECT_EQ(usage_of(fs)->inodes_free, 0U);
}

TEST(AskStatvfs, AgreesWithTheSystem) {
    struct statvfs fs {};
    ASSERT_EQ(::statvfs("/", &fs), 0);
    const auto root = ask_statvfs("/");
    ASSERT_TRUE(root);
    EXPECT_EQ(root->total_bytes, fs.f_blocks * fs.f_frsize);
    EXPECT_FALSE(ask_statvfs("/no/such/directory"));
}

}  // namespace
}  // namespace chorus::agent
