#include "agent/procfs/pid/pid_limits.h"

#include "agent/procfs/support/text_scan.h"

namespace chorus::agent {

std::optional<std::int32_t> parse_open_file_limit(std::string_view text) {
    constexpr std::string_view name = "Max open files";
    while (auto line = next_line(text)) {
        if (!line->starts_with(name)) continue;
        line->remove_prefix(name.size());
        return next_number<std::int32_t>(*line);
    }
    return std::nullopt;
}

}  // namespace chorus::agent
