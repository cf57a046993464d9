#include "agent/procfs/arcstats.h"

#include "agent/procfs/support/text_scan.h"

namespace chorus::agent {

std::optional<ArcStats> parse_arcstats(std::string_view text) {
    std::optional<std::uint64_t> size, minimum;
    while (auto line = next_line(text)) {
        const auto name = next_word(*line);
        if (name != "size" && name != "c_min") continue;
        next_word(*line);  // the type of kstat
        (name == "size" ? size : minimum) = next_number<std::uint64_t>(*line);
    }
    if (!size) return std::nullopt;
    return ArcStats{.size = *size, .minimum = minimum.value_or(0)};
}

}  // namespace chorus::agent
