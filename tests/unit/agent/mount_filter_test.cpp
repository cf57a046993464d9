// Which mounts are told of: one for each file system that can fill.
#include "agent/collect/storage/mount_filter.h"

#include <gtest/gtest.h>

#include <string>

namespace chorus::agent {
namespace {

std::vector<std::string> points(const std::string& mountinfo) {
    std::vector<std::string> points;
    for (const auto& mount : select_mounts(parse_mountinfo(mountinfo))) {
        points.push_back(mount.mount_point + (mount.read_only ? " ro" : " rw"));
    }
    return points;
}

using Points = std::vector<std::string>;

TEST(SelectMounts, LaterMountHidesAnEarlierOneOnTheSamePoint) {
    const auto mounts = select_mounts(
        {{"8:1", "/", "/data", "ext4", "/dev/sda1"}, {"8:2", "/", "/data", "xfs", "/dev/sda2"}});
    ASSERT_EQ(mounts.size(), 1U);
    EXPECT_EQ(mounts[0].type, "xfs");
}

TEST(SelectMounts, MountOfTheRootIsPreferredToABindMount) {
    const auto mounts = select_mounts(
        {{"8:1", "/www", "/a", "ext4", "/dev/sda1"}, {"8:1", "/", "/z", "ext4", "/dev/sda1"}});
    ASSERT_EQ(mounts.size(), 1U);
    EXPECT_EQ(mounts[0].mount_point, "/z");
}

// Fedora CoreOS and Silverblue: the top of the file system is mounted read-only beside "/".
TEST(SelectMounts, RootOfTheHostWinsOverTheRootOfItsFileSystem) {
    EXPECT_EQ(points("22 1 8:2 /ostree/deploy/os/deploy/abc.0 / rw - xfs /dev/sda2 rw\n"
                     "23 22 8:2 / /sysroot ro - xfs /dev/sda2 rw\n"
                     "25 22 8:2 /ostree/deploy/os/var /var rw - xfs /dev/sda2 rw\n"),
              Points{"/ rw"});
    EXPECT_EQ(points("41 22 0:25 / /mnt/btr_pool rw - btrfs /dev/sda2 rw,subvol=/\n"
                     "40 22 0:25 /@home /home rw - btrfs /dev/sda2 rw,subvol=/@home\n"
                     "22 1 0:25 /@ / rw - btrfs /dev/sda2 rw,subvol=/@\n"),
              Points{"/ rw"});
}

TEST(SelectMounts, WritableMountWinsOverOneThatIsNot) {
    EXPECT_EQ(points("30 22 8:3 / /nix/store ro - ext4 /dev/sda3 rw\n"
                     "31 22 8:3 /var /persist rw - ext4 /dev/sda3 rw\n"),
              Points{"/persist rw"});
}

TEST(SelectMounts, FirstOfEqualsWins) {
    EXPECT_EQ(points("30 22 8:3 / /srv rw - ext4 /dev/sda3 rw\n"
                     "31 22 8:3 / /exports rw - ext4 /dev/sda3 rw\n"),
              Points{"/srv rw"});
}

// What a path leads to is not what a later mount above it hides.
TEST(SelectMounts, MountsBelowALaterOneAreHidden) {
    EXPECT_EQ(points("22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
                     "30 22 8:2 / /data/old rw - ext4 /dev/sda2 rw\n"
                     "31 30 8:3 / /data/old/deep rw - ext4 /dev/sda3 rw\n"
                     "32 22 0:50 / /data rw - tmpfs tmpfs rw\n"
                     "33 32 8:4 / /data/new rw - ext4 /dev/sda4 rw\n"
                     "34 22 8:5 / /database rw - ext4 /dev/sda5 rw\n"),
              (Points{"/ rw", "/data/new rw", "/database rw"}));
}

TEST(SelectMounts, ImagesAreNoDisks) {
    EXPECT_EQ(points("22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
                     "40 22 0:51 / /snap/core20/1974 ro - fuse.snapfuse snapfuse ro\n"
                     "41 22 0:52 / /snap/lxd/24322 ro - fuse.squashfuse squashfuse ro\n"
                     "42 22 0:53 / /tmp/.mount_app0 ro - fuse.example.AppImage app ro\n"
                     "43 22 7:1 / /snap/core/1 ro - squashfs /dev/loop1 ro\n"
                     "44 22 7:9 / /opt/romimg ro - cramfs /dev/loop9 ro\n"
                     "45 22 11:0 / /media/film ro - udf /dev/sr0 ro\n"
                     "46 22 8:17 / /media/stick rw - udf /dev/sdb1 rw\n"),
              (Points{"/ rw", "/media/stick rw"}));
}

TEST(MountFilter, KnowsWhatMayHang) {
    for (const char* type : {"nfs", "nfs4", "cifs", "fuse.sshfs", "fuseblk", "ceph", "9p"}) {
        EXPECT_TRUE(may_hang(type)) << type;
        EXPECT_FALSE(is_pseudo_filesystem(type)) << type;
    }
    for (const char* type : {"ext4", "xfs", "btrfs", "vfat", "zfs"}) {
        EXPECT_FALSE(may_hang(type)) << type;
        EXPECT_FALSE(is_pseudo_filesystem(type)) << type;
    }
}

}  // namespace
}  // namespace chorus::agent
