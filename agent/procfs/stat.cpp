#include "agent/procfs/stat.h"

#include "agent/procfs/support/text_scan.h"

namespace chorus::agent {
namespace {

std::optional<CpuTimes> parse_times(std::string_view line) {
    CpuTimes times;
    std::uint64_t* const fields[] = {&times.user,   &times.nice,      &times.system,  &times.idle,
                                     &times.iowait, &times.irq,       &times.softirq, &times.steal,
                                     &times.guest,  &times.guest_nice};
    constexpr int needed = 4;  // Linux 2.4 had no more
    int count = 0;
    for (std::uint64_t* field : fields) {
        const auto word = next_word(line);
        if (word.empty()) break;
        const auto number = parse_number<std::uint64_t>(word);
        if (!number) return std::nullopt;
        *field = *number;
        ++count;
    }
    if (count < needed) return std::nullopt;
    return times;
}

std::optional<std::uint64_t>* number_of(Stat& stat, std::string_view name) {
    if (name == "intr") return &stat.interrupts;
    if (name == "ctxt") return &stat.context_switches;
    if (name == "processes") return &stat.forks;
    if (name == "procs_running") return &stat.procs_running;
    if (name == "procs_blocked") return &stat.procs_blocked;
    if (name == "softirq") return &stat.softirqs;
    return nullptr;
}

}  // namespace

Stat parse_stat(std::string_view text) {
    Stat stat;
    while (auto line = next_line(text)) {
        const auto name = next_word(*line);
        if (name == "cpu") {
            stat.total = parse_times(*line);
        } else if (name.starts_with("cpu")) {
            const auto core = parse_number<std::uint32_t>(name.substr(3));
            const auto times = parse_times(*line);
            if (core && times) stat.cores.push_back({*core, *times});
        } else if (name == "btime") {
            stat.boot_time_seconds = next_number<std::int64_t>(*line);
        } else if (auto* const number = number_of(stat, name)) {
            // Of "intr" and "softirq" the first number, which is the sum of all others.
            *number = next_number<std::uint64_t>(*line);
        }
    }
    return stat;
}

}  // namespace chorus::agent
