#include "agent/procfs/pressure.h"

#include "agent/procfs/support/text_scan.h"

namespace chorus::agent {

Pressure parse_pressure(std::string_view text) {
    constexpr std::string_view total = "total=";
    Pressure pressure;
    while (auto line = next_line(text)) {
        const auto kind = next_word(*line);
        if (kind != "some" && kind != "full") continue;
        for (auto word = next_word(*line); !word.empty(); word = next_word(*line)) {
            if (!word.starts_with(total)) continue;
            const auto us = parse_number<std::uint64_t>(word.substr(total.size()));
            (kind == "some" ? pressure.some_us : pressure.full_us) = us;
        }
    }
    return pressure;
}

}  // namespace chorus::agent
