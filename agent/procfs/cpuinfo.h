// /proc/cpuinfo. Its form depends on the architecture.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace chorus::agent {

struct CpuInfo {
    // The name as in lscpu(1). Different cores are named once each ("Cortex-A55 + Cortex-A76").
    // Empty if the kernel names none.
    std::string model;
    std::string number;         // of Arm cores whose name is not known; empty if it is
    std::optional<double> mhz;  // mean over the cores that tell theirs
};

CpuInfo parse_cpuinfo(std::string_view text);

}  // namespace chorus::agent
