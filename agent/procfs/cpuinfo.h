// /proc/cpuinfo, whose form differs from architecture to architecture.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace chorus::agent {

struct CpuInfo {
    // As lscpu(1) tells it; of different cores each once ("Cortex-A55 + Cortex-A76"). Empty where
    // the kernel names none.
    std::string model;
    std::string number;         // of Arm cores whose name is not known; empty if it is
    std::optional<double> mhz;  // mean over the cores that tell theirs
};

CpuInfo parse_cpuinfo(std::string_view text);

}  // namespace chorus::agent
