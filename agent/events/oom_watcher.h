// Names of the processes that the kernel killed because memory ran out, from its log.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/procfs/support/file_descriptor.h"
#include "agent/procfs/support/read_faults.h"
#include "common/timestamp.h"

namespace chorus::agent {

struct OomKill {
    Timestamp time;
    std::int32_t pid = 0;
    std::string comm;
    bool in_cgroup = false;
    std::optional<std::int64_t> anon_rss_bytes;
};

// Begins at the end of the log, so earlier kills are not reported. Reading the log needs CAP_SYSLOG
// or kernel.dmesg_restrict=0. Without that kills are counted (memory_oom_kills_count) but have no
// names.
class OomWatcher {
  public:
    // `path` is /dev/kmsg, or a test's file of records, one a line; empty = nothing is read.
    OomWatcher(const std::string& path, ReadFaults& faults);

    // Kills since the last call. `now` is the host's time, `monotonic` the same moment by
    // CLOCK_MONOTONIC. A call reads at most kMostRecords; the next call reads the rest.
    std::vector<OomKill> read(Timestamp now, std::chrono::nanoseconds monotonic);
    static constexpr int kMostRecords = 10'000;

  private:
    FileDescriptor log_;
    ReadFaults& faults_;
    std::vector<char> buffer_;
};

}  // namespace chorus::agent
