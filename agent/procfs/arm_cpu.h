// Names of Arm cores. /proc/cpuinfo has only their numbers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace chorus::agent {

// A core by the register MIDR_EL1: "CPU implementer" and "CPU part" (Linux,
// arch/arm64/include/asm/cputype.h, and the manuals of the cores).
struct ArmCore {
    std::uint32_t implementer = 0, part = 0;
    bool operator==(const ArmCore&) const = default;
};

// "Cortex-A72"; nullopt for a core that is not in the table.
std::optional<std::string_view> name_of(const ArmCore& core);

// "Apple core 0x032", by maker and number.
std::string number_of(const ArmCore& core);

}  // namespace chorus::agent
