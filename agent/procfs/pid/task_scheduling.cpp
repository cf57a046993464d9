#include "agent/procfs/pid/task_scheduling.h"

#include "agent/procfs/support/text_scan.h"

namespace chorus::agent {

std::optional<std::uint64_t> parse_cpu_wait(std::string_view schedstat) {
    auto line = next_line(schedstat);
    if (!line) return std::nullopt;
    next_number<std::uint64_t>(*line);  // time on a CPU
    const auto wait = next_number<std::uint64_t>(*line);
    const auto slices = next_number<std::uint64_t>(*line);
    // Each thread ran at least once, to be made: "0 0 0" is a kernel that does not count.
    if (!wait || !slices || *slices == 0) return std::nullopt;
    return wait;
}

ContextSwitches parse_context_switches(std::string_view status) {
    ContextSwitches switches;
    while (auto line = next_line(status)) {
        const auto name = next_word(*line);
        if (name == "voluntary_ctxt_switches:") {
            switches.voluntary = next_number<std::uint64_t>(*line);
        } else if (name == "nonvoluntary_ctxt_switches:") {
            switches.involuntary = next_number<std::uint64_t>(*line);
        }
    }
    return switches;
}

}  // namespace chorus::agent
