// /proc/cpuinfo, whose form differs from architecture to architecture.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace chorus::agent {

struct CpuInfo {
    std::string model;          // empty where the kernel names none (most of arm64)
    std::optional<double> mhz;  // mean over the cores that tell theirs
};

CpuInfo parse_cpuinfo(std::string_view text);

}  // namespace chorus::agent
