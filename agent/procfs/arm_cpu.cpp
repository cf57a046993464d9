#include "agent/procfs/arm_cpu.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <string_view>

namespace chorus::agent {
namespace {

struct Maker {
    std::uint32_t number;
    std::string_view name;
};

constexpr std::array kMakers{
    Maker{0x41, "ARM"},     Maker{0x42, "Broadcom"},  Maker{0x43, "Cavium"},
    Maker{0x46, "FUJITSU"}, Maker{0x48, "HiSilicon"}, Maker{0x4e, "NVIDIA"},
    Maker{0x50, "APM"},     Maker{0x51, "Qualcomm"},  Maker{0x53, "Samsung"},
    Maker{0x61, "Apple"},   Maker{0x6d, "Microsoft"}, Maker{0x70, "Phytium"},
    Maker{0xc0, "Ampere"}};

struct Core {
    std::uint32_t maker, part;
    std::string_view name;
};

constexpr std::array kCores{Core{0x41, 0xb76, "ARM1176"},
                            Core{0x41, 0xc05, "Cortex-A5"},
                            Core{0x41, 0xc07, "Cortex-A7"},
                            Core{0x41, 0xc08, "Cortex-A8"},
                            Core{0x41, 0xc09, "Cortex-A9"},
                            Core{0x41, 0xc0e, "Cortex-A17"},
                            Core{0x41, 0xc0f, "Cortex-A15"},
                            Core{0x41, 0xd01, "Cortex-A32"},
                            Core{0x41, 0xd03, "Cortex-A53"},
                            Core{0x41, 0xd04, "Cortex-A35"},
                            Core{0x41, 0xd05, "Cortex-A55"},
                            Core{0x41, 0xd07, "Cortex-A57"},
                            Core{0x41, 0xd08, "Cortex-A72"},
                            Core{0x41, 0xd09, "Cortex-A73"},
                            Core{0x41, 0xd0a, "Cortex-A75"},
                            Core{0x41, 0xd0b, "Cortex-A76"},
                            Core{0x41, 0xd0c, "Neoverse-N1"},
                            Core{0x41, 0xd0d, "Cortex-A77"},
                            Core{0x41, 0xd40, "Neoverse-V1"},
                            Core{0x41, 0xd41, "Cortex-A78"},
                            Core{0x41, 0xd44, "Cortex-X1"},
                            Core{0x41, 0xd46, "Cortex-A510"},
                            Core{0x41, 0xd47, "Cortex-A710"},
                            Core{0x41, 0xd48, "Cortex-X2"},
                            Core{0x41, 0xd49, "Neoverse-N2"},
                            Core{0x41, 0xd4a, "Neoverse-E1"},
                            Core{0x41, 0xd4d, "Cortex-A715"},
                            Core{0x41, 0xd4e, "Cortex-X3"},
                            Core{0x41, 0xd4f, "Neoverse-V2"},
                            Core{0x41, 0xd80, "Cortex-A520"},
                            Core{0x41, 0xd81, "Cortex-A720"},
                            Core{0x41, 0xd82, "Cortex-X4"},
                            Core{0x41, 0xd84, "Neoverse-V3"},
                            Core{0x41, 0xd8e, "Neoverse-N3"},
                            Core{0x43, 0x0a1, "ThunderX"},
                            Core{0x43, 0x0af, "ThunderX2"},
                            Core{0x46, 0x001, "A64FX"},
                            Core{0x48, 0xd01, "Kunpeng-920"},
                            Core{0x4e, 0x004, "Carmel"},
                            Core{0x50, 0x000, "X-Gene"},
                            Core{0x61, 0x022, "Icestorm-M1"},
                            Core{0x61, 0x023, "Firestorm-M1"},
                            Core{0x6d, 0xd49, "Azure-Cobalt-100"},
                            Core{0xc0, 0xac3, "Ampere-1"},
                            Core{0xc0, 0xac4, "Ampere-1a"}};

}  // namespace

std::optional<std::string_view> name_of(const ArmCore& core) {
    const auto* found = std::find_if(kCores.begin(), kCores.end(), [&](const Core& one) {
        return one.maker == core.implementer && one.part == core.part;
    });
    return found != kCores.end() ? std::optional(found->name) : std::nullopt;
}

std::string number_of(const ArmCore& core) {
    const auto* maker = std::find_if(kMakers.begin(), kMakers.end(), [&](const Maker& one) {
        return one.number == core.implementer;
    });
    std::array<char, 32> number{};
    std::snprintf(number.data(), number.size(), "core 0x%03x", core.part);
    return maker != kMakers.end() ? std::string(maker->name) + " " + number.data() : number.data();
}

}  // namespace chorus::agent
