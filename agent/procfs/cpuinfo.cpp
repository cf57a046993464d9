#include "agent/procfs/cpuinfo.h"

#include "agent/procfs/text_scan.h"
#include "common/text.h"

namespace chorus::agent {
namespace {

double parse_mhz(std::string_view value) {
    // POWER writes "3425.000000MHz".
    if (value.ends_with("MHz")) value.remove_suffix(3);
    return parse_number<double>(value).value_or(0);
}

}  // namespace

CpuInfo parse_cpuinfo(std::string_view text) {
    CpuInfo info;
    double sum = 0;
    int count = 0;
    while (const auto line = next_line(text)) {
        const auto colon = line->find(':');
        if (colon == std::string_view::npos) continue;
        const auto key = trim(line->substr(0, colon));
        const auto value = trim(line->substr(colon + 1));
        if (info.model.empty() && (key == "model name" || key == "cpu model")) {
            info.model = value;
        } else if (key == "cpu MHz" || key == "clock") {
            const double mhz = parse_mhz(value);
            if (mhz <= 0) continue;
            sum += mhz;
            ++count;
        }
    }
    if (count > 0) info.mhz = sum / count;
    return info;
}

}  // namespace chorus::agent
