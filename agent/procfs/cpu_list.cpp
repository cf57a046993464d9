#include "agent/procfs/cpu_list.h"

#include "agent/procfs/support/text_scan.h"
#include "common/text.h"

namespace chorus::agent {

std::optional<std::int64_t> count_cpu_list(std::string_view text) {
    std::int64_t count = 0;
    for (const auto range : split(trim(text), ',')) {
        const auto dash = range.find('-');
        const auto first = parse_number<std::uint32_t>(range.substr(0, dash));
        const auto last = dash == std::string_view::npos
                              ? first
                              : parse_number<std::uint32_t>(range.substr(dash + 1));
        if (!first || !last || *last < *first) return std::nullopt;
        count += std::int64_t{*last} - std::int64_t{*first} + 1;
    }
    return count > 0 ? std::optional{count} : std::nullopt;
}

}  // namespace chorus::agent
