#include "agent/procfs/cpuinfo.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <vector>

#include "agent/procfs/arm_cpu.h"
#include "agent/procfs/support/text_scan.h"
#include "common/text.h"

namespace chorus::agent {
namespace {

double parse_mhz(std::string_view value) {
    // POWER writes "3425.000000MHz".
    if (value.ends_with("MHz")) value.remove_suffix(3);
    return parse_number<double>(value).value_or(0);
}

// x86 and 32-bit Arm, MIPS, LoongArch, RISC-V, POWER and SPARC.
bool names_the_model(std::string_view key) {
    return key == "model name" || key == "cpu model" || key == "Model Name" || key == "uarch" ||
           key == "cpu";
}

// x86, LoongArch, POWER, s390x.
bool tells_the_clock(std::string_view key) {
    return key == "cpu MHz" || key == "CPU MHz" || key == "clock" || key == "cpu MHz dynamic";
}

// s390x: "version = FF,  identification = 0133E8,  machine = 2964" gives " 2964".
std::string machine_of(std::string_view value) {
    constexpr std::string_view kKey = "machine = ";
    const auto at = value.find(kKey);
    if (at == std::string_view::npos) return {};
    return " " + std::string(trim(value.substr(at + kKey.size())));
}

std::optional<std::uint32_t> hexadecimal(std::string_view text) {
    std::uint32_t number = 0;
    if (!text.starts_with("0x")) return std::nullopt;
    text.remove_prefix(2);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, 16);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

// The different cores of a machine, in the order of the file.
class ArmCores {
  public:
    void begin(std::string_view implementer) { implementer_ = hexadecimal(implementer); }
    void end(std::string_view part) {
        const auto number = hexadecimal(part);
        if (!implementer_ || !number) return;
        const ArmCore core{*implementer_, *number};
        if (std::find(cores_.begin(), cores_.end(), core) == cores_.end()) cores_.push_back(core);
    }
    // The name says more than what 32-bit kernels call the model ("ARMv7 Processor rev 3").
    void name(CpuInfo& info) const {
        std::string names;
        for (const ArmCore& core : cores_) {
            const auto known = name_of(core);
            const std::string name = known ? std::string(*known) : number_of(core);
            if (!known) info.number += (info.number.empty() ? "" : " + ") + name;
            names += (names.empty() ? "" : " + ") + name;
        }
        if (!cores_.empty() && info.number.empty()) info.model = names;
        if (!info.number.empty()) info.number = names;
    }

  private:
    std::optional<std::uint32_t> implementer_;
    std::vector<ArmCore> cores_;
};

}  // namespace

CpuInfo parse_cpuinfo(std::string_view text) {
    CpuInfo info;
    ArmCores arm;
    double sum = 0;
    int count = 0;
    while (const auto line = next_line(text)) {
        const auto colon = line->find(':');
        if (colon == std::string_view::npos) continue;
        const auto key = trim(line->substr(0, colon));
        const auto value = trim(line->substr(colon + 1));
        if (names_the_model(key)) {
            if (info.model.empty()) info.model = value;
        } else if (key == "vendor_id" && value == "IBM/S390") {
            info.model = value;
        } else if (key.starts_with("processor ") && info.model == "IBM/S390") {
            info.model += machine_of(value);
        } else if (key == "CPU implementer") {
            arm.begin(value);
        } else if (key == "CPU part") {
            arm.end(value);
        } else if (tells_the_clock(key)) {
            const double mhz = parse_mhz(value);
            if (mhz <= 0) continue;
            sum += mhz;
            ++count;
        }
    }
    arm.name(info);
    if (count > 0) info.mhz = sum / count;
    return info;
}

}  // namespace chorus::agent
