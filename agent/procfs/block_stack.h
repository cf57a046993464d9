// Which block devices lie on which, for counters that name devices by number.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "agent/procfs/support/reader.h"

namespace chorus::agent {

// What was read from and written to one block device, in bytes. The number is "253:0".
struct DeviceBytes {
    std::string device;
    std::uint64_t read = 0, written = 0;
};

// Sums up so that nothing counts twice that a device and the devices below it both count. The
// devices that form one device on top, such as the disks of a RAID, are taken together. Of these
// and the devices directly on them the greater sum counts. Both are needed, because a device on top
// may not pass on the group of its writer: the threads of dm-crypt write by themselves. `below`
// returns the devices on which one lies.
DeviceBytes sum_of_stack(
    const std::vector<DeviceBytes>& devices,
    const std::function<const std::vector<std::string>&(const std::string&)>& below);

// Reads /sys/dev/block/N:M/slaves, and takes the numbers of the names there from /proc/diskstats.
class BlockStack {
  public:
    BlockStack(Reader& proc, Reader& sys) : proc_(proc), sys_(sys) {}

    // Without memory and loop devices: these lie on files of another file system.
    DeviceBytes sum(std::vector<DeviceBytes> devices);
    // To be called once a cycle, because devices come and go and a number may come back.
    void forget();

  private:
    const std::vector<std::string>& below(const std::string& device);
    std::string disk_number(const std::string& upper, const std::string& name);
    void read_names();

    Reader& proc_;
    Reader& sys_;
    bool names_known_ = false;
    std::map<std::string, std::string, std::less<>> numbers_;  // by name
    std::map<std::string, std::string, std::less<>> names_;    // by number
    std::map<std::string, std::vector<std::string>, std::less<>> below_;
};

}  // namespace chorus::agent
