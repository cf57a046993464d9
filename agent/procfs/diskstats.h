// /proc/diskstats, the kernel's Documentation/admin-guide/iostats.rst.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace chorus::agent {

// Counters since boot. A sector is 512 bytes here, whatever the device's sector size is. Times are
// in milliseconds and wrap at 2^32.
struct DiskCounters {
    std::uint64_t reads = 0, sectors_read = 0, writes = 0, sectors_written = 0;
    std::uint32_t read_ms = 0, write_ms = 0;
    std::uint32_t busy_ms = 0;                       // with requests in flight
    std::uint32_t weighted_ms = 0;                   // summed over the requests in flight
    std::optional<std::uint64_t> sectors_discarded;  // since Linux 4.18
    std::optional<std::uint64_t> flushes;            // since Linux 5.5
    std::uint32_t flush_ms = 0;
};

// One block device or partition.
struct DiskStats {
    std::string_view name;  // into the parsed text
    std::string number;     // "253:0"
    DiskCounters counters;
    std::uint64_t in_flight = 0;  // requests now
};

// Loop devices lie on files of another file system; the others are memory.
bool is_memory_or_file(std::string_view name);

// Damaged lines are left out.
std::vector<DiskStats> parse_diskstats(std::string_view text);

}  // namespace chorus::agent
