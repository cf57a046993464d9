// Parsers of /proc/PID and of mounts, and the reader.
#include <gtest/gtest.h>

#include <cerrno>
#include <string>

#include "agent/procfs/mountinfo.h"
#include "agent/procfs/pid/pid_cgroup.h"
#include "agent/procfs/pid/pid_io.h"
#include "agent/procfs/pid/pid_stat.h"
#include "agent/procfs/support/reader.h"
#include "tests/unit/agent/tree.h"

namespace chorus::agent {
namespace {

using testing::TemporaryTree;

std::string stat_line(const std::string& comm, const std::string& state = "S") {
    return "42 (" + comm + ") " + state +
           " 7 42 42 0 -1 4194560 100 0 5 0 30 12 0 0 20 0 9 0 123456 50000000 2560 1 1 1\n";
}

TEST(PidStat, ReadsItsFields) {
    const std::string line = stat_line("java");
    const auto stat = parse_pid_stat(line);
    ASSERT_TRUE(stat);
    EXPECT_EQ(stat->pid, 42);
    EXPECT_EQ(stat->comm, "java");
    EXPECT_EQ(stat->state, 'S');
    EXPECT_EQ(stat->ppid, 7);
    EXPECT_EQ(stat->user_ticks, 30U);
    EXPECT_EQ(stat->system_ticks, 12U);
    EXPECT_EQ(stat->num_threads, 9);
    EXPECT_EQ(stat->start_ticks, 123456);
    EXPECT_EQ(stat->rss_pages, 2560);
}

TEST(PidStat, NameEndsAtTheLastParenthesis) {
    for (const std::string comm :
         {"tmux: server", "a) R 1 (b", ")", "(((", ") S 1 2 3", "", "a\nb", "\xff\xfe"}) {
        const std::string line = stat_line(comm, "R");
        const auto stat = parse_pid_stat(line);
        ASSERT_TRUE(stat) << comm;
        EXPECT_EQ(stat->comm, comm);
        EXPECT_EQ(stat->state, 'R');
        EXPECT_EQ(stat->rss_pages, 2560);
    }
}

TEST(PidStat, EveryCutOfALineIsRefusedOrWhole) {
    const std::string line = stat_line("x");
    const auto rss_end = line.find(" 2560") + 5;
    for (std::size_t size = 0; size < line.size(); ++size) {
        const auto stat = parse_pid_stat(std::string_view(line).substr(0, size));
        if (size >= rss_end) {
            EXPECT_TRUE(stat) << size;
        } else if (size <= line.find(" 2560")) {
            EXPECT_FALSE(stat) << size;
        }
    }
}

TEST(PidStat, DamagedFieldsAreRefused) {
    EXPECT_FALSE(parse_pid_stat("42 (x) SS 7 42 42 0 -1 0 0 0 0 0 1 1 0 0 20 0 1 0 1 1 1"));
    EXPECT_FALSE(parse_pid_stat("pid (x) S 7 42 42 0 -1 0 0 0 0 0 1 1 0 0 20 0 1 0 1 1 1"));
    EXPECT_FALSE(parse_pid_stat("42 (x) S 7 42 42 0 -1 0 0 0 0 0 -1 1 0 0 20 0 1 0 1 1 1"));
    EXPECT_FALSE(parse_pid_stat("42 (x) S 7 42 42 0 -1 0 0 0 0 0 1 1 0 0 20 0 1 0 1 1 -1"));
    EXPECT_FALSE(parse_pid_stat(")42("));
}

TEST(PidIo, ReadsStorageBytesOnly) {
    const auto io = parse_pid_io("rchar: 1\nwchar: 2\nread_bytes: 4096\nwrite_bytes: 8192\n");
    EXPECT_EQ(io.read_bytes, 4096);
    EXPECT_EQ(io.write_bytes, 8192);
    const auto damaged = parse_pid_io("read_bytes:\nwrite_bytes: much\n");
    EXPECT_FALSE(damaged.read_bytes);
    EXPECT_FALSE(damaged.write_bytes);
}

const std::string kContainerId(64, 'a');

TEST(PidCgroup, UnitIsTheInnermostOneOfTheUnifiedHierarchy) {
    EXPECT_EQ(parse_pid_cgroup("0::/system.slice/ssh.service\n").unit, "ssh.service");
    EXPECT_EQ(
        parse_pid_cgroup("0::/user.slice/user-1000.slice/user@1000.service/app.slice/app-x.scope\n")
            .unit,
        "app-x.scope");
    EXPECT_EQ(parse_pid_cgroup("0::/system.slice/pg.service/worker\n").unit, "pg.service");
    EXPECT_EQ(parse_pid_cgroup("0::/\n").unit, "");
    EXPECT_EQ(parse_pid_cgroup("0::/user.slice\n").unit, "");
}

TEST(PidCgroup, UnitComesFromSystemdsOwnHierarchyOnOldHosts) {
    const std::string hybrid =
        "12:pids:/system.slice/other.service\n1:name=systemd:/system.slice/cron.service\n0::/\n";
    EXPECT_EQ(parse_pid_cgroup(hybrid).unit, "cron.service");
    EXPECT_EQ(parse_pid_cgroup("4:memory:/system.slice/x.service\n").unit, "");
}

TEST(PidCgroup, ContainerIsARunOfSixtyFourHexadecimalDigits) {
    for (const std::string& path :
         {"/docker/" + kContainerId, "/system.slice/docker-" + kContainerId + ".scope",
          "/kubepods.slice/kubepods-pod1234.slice/cri-containerd-" + kContainerId + ".scope",
          "/machine.slice/libpod-" + kContainerId + ".scope/container"}) {
        EXPECT_EQ(parse_pid_cgroup("0::" + path + "\n").container_id, kContainerId) << path;
        EXPECT_EQ(parse_pid_cgroup("4:memory:" + path + "\n0::/\n").container_id, kContainerId);
    }
    EXPECT_EQ(parse_pid_cgroup("0::/docker/" + kContainerId + "a\n").container_id, "");
    EXPECT_EQ(parse_pid_cgroup("0::/docker/" + kContainerId.substr(1) + "\n").container_id, "");
}

TEST(PidCgroup, DamagedLinesTellNothing) {
    for (const char* text : {"", "\n", "0", "0:", "0::", ":::::", "no colon here.service\n"}) {
        const auto cgroup = parse_pid_cgroup(text);
        EXPECT_EQ(cgroup.unit, "") << text;
        EXPECT_EQ(cgroup.container_id, "") << text;
    }
}

TEST(MountInfo, ReadsOptionalFieldsAndEscapes) {
    const auto mounts = parse_mountinfo(
        "26 1 8:1 / / rw shared:1 - ext4 /dev/sda1 rw\n"
        "29 26 8:1 /srv/www /my\\040site ro - ext4 /dev/sda1 rw\n"
        "30 26 0:45 / /tab\\011back\\134slash rw shared:1 master:2 - nfs4 host:/x rw\n");
    ASSERT_EQ(mounts.size(), 3U);
    EXPECT_EQ(mounts[0].device_id, "8:1");
    EXPECT_EQ(mounts[0].type, "ext4");
    EXPECT_EQ(mounts[1].root, "/srv/www");
    EXPECT_EQ(mounts[1].mount_point, "/my site");
    EXPECT_EQ(mounts[2].mount_point, "/tab\tback\\slash");
    EXPECT_EQ(mounts[2].source, "host:/x");
}

TEST(MountInfo, DamagedLinesAreLeftOut) {
    EXPECT_TRUE(parse_mountinfo("26 1 8:1 / / rw shared:1\n26 1 - ext4\n\n - \n").empty());
    const auto odd = parse_mountinfo("1 1 8:1 / /a\\9\\04 rw - ext4 x y\n");
    ASSERT_EQ(odd.size(), 1U);
    EXPECT_EQ(odd[0].mount_point, "/a\\9\\04");
}

TEST(Reader, ReadsWholeFilesIntoOneBuffer) {
    const TemporaryTree tree;
    const std::string large(100'000, 'x');
    tree.write("large", large);
    tree.write("sub/small", "abc\n");
    tree.write("empty", "");
    const ManualBootClock clock(std::chrono::seconds{77});
    Reader reader(tree.path(), clock);
    EXPECT_EQ(reader.read("large").text, large);
    const auto small = reader.read("sub/small");
    EXPECT_TRUE(small);
    EXPECT_EQ(small.text, "abc\n");
    EXPECT_EQ(small.at, std::chrono::seconds{77});
    EXPECT_TRUE(reader.read("empty"));
    EXPECT_EQ(reader.read("empty").text, "");
}

TEST(Reader, AnswersTheErrno) {
    const TemporaryTree tree;
    tree.write("file", "x");
    const ManualBootClock clock(std::chrono::seconds{0});
    Reader reader(tree.path(), clock);
    EXPECT_EQ(reader.read("absent").error, ENOENT);
    EXPECT_EQ(reader.read("file/below").error, ENOTDIR);
    EXPECT_EQ(reader.read(".").error, EISDIR);
    Reader nowhere(tree.path() + "/no-such-root", clock);
    EXPECT_EQ(nowhere.read("file").error, ENOENT);
}

TEST(Reader, RefusesWhatIsAboveTheLimit) {
    const TemporaryTree tree;
    tree.write("exact", std::string(Reader::kLimit - 1, 'x'));
    tree.write("above", std::string(Reader::kLimit + 1, 'x'));
    const ManualBootClock clock(std::chrono::seconds{0});
    Reader reader(tree.path(), clock);
    EXPECT_EQ(reader.read("exact").text.size(), Reader::kLimit - 1);
    EXPECT_EQ(reader.read("above").error, EFBIG);
}

}  // namespace
}  // namespace chorus::agent
