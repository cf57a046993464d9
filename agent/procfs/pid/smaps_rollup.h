// /proc/PID/smaps_rollup, proc_pid_smaps(5): the memory of all mappings of a process.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace chorus::agent {

// Bytes. Of a page that n processes share each has an n-th.
struct SmapsRollup {
    std::optional<std::int64_t> pss, swap_pss;
};

// Kernels before 4.14 have no such file, and some no SwapPss: Swap then stands for it.
SmapsRollup parse_smaps_rollup(std::string_view text);

}  // namespace chorus::agent
