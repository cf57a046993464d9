// Finds the block devices whose requests another device counts as well.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "agent/procfs/diskstats.h"
#include "agent/procfs/support/reader.h"

namespace chorus::agent {

// Reads /sys/block: Documentation/ABI/stable/sysfs-block.
class DiskStack {
  public:
    explicit DiskStack(Reader& sys) : sys_(sys) {}

    bool is_partition(std::string_view name) { return kind_of(name) == Kind::partition; }
    bool has_hardware(std::string_view name) { return kind_of(name) == Kind::hardware; }

    // Says for each disk whether its requests count for the host. Devices with hardware count.
    // Devices that the kernel hides do not. Such are the paths of an NVMe namespace: its head
    // counts the same requests since Linux 6.4. An older head counts none, so its paths count. If
    // no device has hardware, as in some virtual machines, the devices count that lie on no other.
    std::vector<bool> counted(const std::vector<DiskStats>& disks);

    // A name may come back as another device.
    void forget_absent(const std::vector<DiskStats>& disks);

  private:
    enum class Kind { partition, stacked, hidden, hardware };
    Kind kind_of(std::string_view name);
    bool lies_on_one_of(std::string_view name, const std::vector<DiskStats>& disks) const;

    Reader& sys_;
    std::map<std::string, Kind, std::less<>> kinds_;
};

}  // namespace chorus::agent
