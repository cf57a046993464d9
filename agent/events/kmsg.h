// Records of the kernel's log: Documentation/ABI/testing/dev-kmsg.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace chorus::agent {

// "PRIORITY,SEQUENCE,MICROSECONDS,FLAGS[,...];TEXT". Views into the parsed record.
struct KmsgRecord {
    std::chrono::microseconds time{0};  // since boot, without the time suspended
    std::string_view text;              // without its continuation lines
};

// nullopt for a damaged record, and for one that did not come from the kernel (facility 0).
// Programs may write to /dev/kmsg as well, but only under another facility.
std::optional<KmsgRecord> parse_kmsg_record(std::string_view record);

// A process that the kernel ended because memory ran out.
struct OomVictim {
    std::int32_t pid = 0;
    std::string_view comm;
    bool in_cgroup = false;  // the limit of a control group, not the host's memory
    std::optional<std::int64_t> anon_rss_bytes;
};

// From the line "... Killed process PID (COMM)...", whose rest differs from kernel to kernel.
std::optional<OomVictim> parse_oom_victim(std::string_view text);

}  // namespace chorus::agent
