#include "agent/procfs/uptime.h"

#include "agent/procfs/support/text_scan.h"

namespace chorus::agent {

std::optional<double> parse_uptime(std::string_view text) {
    auto line = next_line(text).value_or(std::string_view{});
    const auto seconds = next_number<double>(line);
    return seconds && *seconds >= 0 ? seconds : std::nullopt;
}

}  // namespace chorus::agent
