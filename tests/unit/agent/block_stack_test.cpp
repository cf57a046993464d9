// Bytes that stacked block devices count more than once.
#include "agent/procfs/block_stack.h"

#include <gtest/gtest.h>

#include <map>

namespace chorus::agent {
namespace {

using Below = std::map<std::string, std::vector<std::string>>;

std::uint64_t read_of(const std::vector<DeviceBytes>& devices, const Below& below) {
    static const std::vector<std::string> nothing;
    return sum_of_stack(
               devices,
               [&](const std::string& device) -> const auto& {
                   const auto at = below.find(device);
                   return at == below.end() ? nothing : at->second;
               })
        .read;
}

TEST(SumOfStack, DisksBesideEachOtherAreSummed) {
    EXPECT_EQ(read_of({{"8:0", 5}, {"8:16", 3}}, {}), 8U);
    EXPECT_EQ(read_of({}, {}), 0U);
}

TEST(SumOfStack, VolumesOfADiskCountWithIt) {
    const Below below{{"lv1", {"sda"}}, {"lv2", {"sda"}}};
    EXPECT_EQ(read_of({{"lv1", 4}, {"lv2", 1}, {"sda", 5}}, below), 5U);
    EXPECT_EQ(read_of({{"lv1", 4}, {"lv2", 1}, {"sda", 7}}, below),
              7U);  // a file system beside them
}

// dm-crypt has its own threads read and write, which are in no group.
TEST(SumOfStack, WhatTheDiskDoesNotCountForTheGroupIsNotLost) {
    const Below below{{"crypt", {"sda"}}, {"lv", {"crypt"}}, {"plain", {"sda"}}};
    EXPECT_EQ(read_of({{"crypt", 4}}, below), 4U);
    EXPECT_EQ(read_of({{"lv", 4}, {"crypt", 4}}, below), 4U);
    EXPECT_EQ(read_of({{"crypt", 4}, {"sda", 3}, {"plain", 3}}, below), 7U);
}

// Half of what a mirror reads comes from each disk; what it writes goes to both.
TEST(SumOfStack, DisksOfAnArrayAreTakenTogether) {
    const Below below{{"md0", {"sda", "sdb"}}, {"lv", {"md0"}}};
    EXPECT_EQ(read_of({{"lv", 4}, {"md0", 4}, {"sda", 2}, {"sdb", 2}}, below), 4U);
    EXPECT_EQ(read_of({{"md0", 4}, {"sda", 4}, {"sdb", 4}}, below), 8U);
    EXPECT_EQ(read_of({{"md0", 4}}, below), 4U);
}

TEST(SumOfStack, VolumeOverTwoArraysTakesTheirDisksTogether) {
    const Below below{{"lv", {"md0", "md1"}}, {"md0", {"sda", "sdb"}}, {"md1", {"sdc", "sdd"}}};
    EXPECT_EQ(read_of({{"lv", 8}, {"md0", 5}, {"md1", 3}, {"sda", 5}, {"sdc", 3}}, below), 8U);
}

TEST(SumOfStack, DamagedTreeEnds) {
    EXPECT_EQ(read_of({{"a", 1}, {"b", 1}, {"c", 2}}, {{"a", {"b"}}, {"b", {"a"}}}), 2U);
}

}  // namespace
}  // namespace chorus::agent
