// /proc/diskstats, the kernel's Documentation/admin-guide/iostats.rst.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace chorus::agent {

// One block device or partition; counters since boot. A sector is 512 bytes here, whatever the
// device's own sector size is.
struct DiskStats {
    std::string_view name;  // into the parsed text
    std::uint64_t reads = 0, sectors_read = 0, writes = 0, sectors_written = 0;
    std::uint32_t busy_ms = 0;  // time with requests in flight; wraps at 2^32
};

// Damaged lines are left out.
std::vector<DiskStats> parse_diskstats(std::string_view text);

}  // namespace chorus::agent
