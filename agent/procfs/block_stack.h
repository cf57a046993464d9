// Which block devices lie on which, for counts that name devices by number.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "agent/procfs/reader.h"

namespace chorus::agent {

// What was read from and written to one block device, in bytes. The number is "253:0".
struct DeviceBytes {
    std::string device;
    std::uint64_t read = 0, written = 0;
};

// Sums up without counting what a device and those below it both count. Devices of which one on top
// consists, as the disks of a RAID, are taken together. Of them and of those directly on them the
// greater sum counts, as not all that lies on a disk passes its group on: dm-crypt has its own
// threads write. `below` answers which devices one lies on.
DeviceBytes sum_of_stack(
    const std::vector<DeviceBytes>& devices,
    const std::function<const std::vector<std::string>&(const std::string&)>& below);

// Asks /sys/dev/block/N:M/slaves, and /proc/diskstats for the numbers of the names there.
class BlockStack {
  public:
    BlockStack(Reader& proc, Reader& sys) : proc_(proc), sys_(sys) {}

    // Without memory and loop devices: these lie on files of another file system.
    DeviceBytes sum(std::vector<DeviceBytes> devices);
    // Devices come and go, and a number comes back: once a cycle.
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
