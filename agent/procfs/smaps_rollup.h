// /proc/PID/smaps_rollup, proc_pid_smaps(5): what all mappings of a process have in memory.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace chorus::agent {

// Bytes; a page that n processes share counts an n-th to each.
struct SmapsRollup {
    std::optional<std::int64_t> pss, swap_pss;
};

// Kernels before 4.14 have no such file, and some no SwapPss: Swap then stands for it.
SmapsRollup parse_smaps_rollup(std::string_view text);

}  // namespace chorus::agent
