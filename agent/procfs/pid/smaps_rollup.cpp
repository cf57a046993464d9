#include "agent/procfs/pid/smaps_rollup.h"

#include <limits>

#include "agent/procfs/support/text_scan.h"

namespace chorus::agent {
namespace {

std::optional<std::int64_t> parse_kib(std::string_view line) {
    const auto kib = next_number<std::int64_t>(line);
    if (!kib || *kib < 0 || *kib > std::numeric_limits<std::int64_t>::max() / 1024) {
        return std::nullopt;
    }
    return *kib * 1024;
}

}  // namespace

SmapsRollup parse_smaps_rollup(std::string_view text) {
    SmapsRollup rollup;
    std::optional<std::int64_t> swap;
    while (auto line = next_line(text)) {
        const auto name = next_word(*line);
        if (name == "Pss:") rollup.pss = parse_kib(*line);
        if (name == "Swap:") swap = parse_kib(*line);
        if (name == "SwapPss:") rollup.swap_pss = parse_kib(*line);
    }
    if (!rollup.swap_pss) rollup.swap_pss = swap;
    return rollup;
}

}  // namespace chorus::agent
