#include "agent/procfs/softnet_stat.h"

#include "agent/procfs/support/text_scan.h"

namespace chorus::agent {
namespace {

std::optional<std::uint32_t> next_hex(std::string_view& line) {
    const auto word = next_word(line);
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number, 16);
    if (error != std::errc{} || end != word.data() + word.size()) return std::nullopt;
    return number;
}

}  // namespace

std::optional<SoftnetStat> parse_softnet_stat(std::string_view text) {
    std::optional<SoftnetStat> sum;
    while (auto line = next_line(text)) {
        next_word(*line);  // packets
        const auto dropped = next_hex(*line);
        const auto squeezed = next_hex(*line);
        if (!dropped || !squeezed) continue;
        if (!sum) sum.emplace();
        sum->dropped += *dropped;
        sum->squeezed += *squeezed;
    }
    return sum;
}

}  // namespace chorus::agent
