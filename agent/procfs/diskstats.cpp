#include "agent/procfs/diskstats.h"

#include <array>
#include <optional>

#include "agent/procfs/text_scan.h"

namespace chorus::agent {
namespace {

std::optional<DiskStats> parse_line(std::string_view line) {
    next_word(line);  // major
    next_word(line);  // minor
    DiskStats disk;
    disk.name = next_word(line);
    // Fields 1 to 10 of iostats.rst, which counts from 1.
    std::array<std::uint64_t, 11> field{};
    for (std::size_t i = 1; i < field.size(); ++i) {
        const auto number = next_number<std::uint64_t>(line);
        if (!number) return std::nullopt;
        field[i] = *number;
    }
    disk.reads = field[1];
    disk.sectors_read = field[3];
    disk.writes = field[5];
    disk.sectors_written = field[7];
    disk.busy_ms = static_cast<std::uint32_t>(field[10]);
    return disk;
}

}  // namespace

std::vector<DiskStats> parse_diskstats(std::string_view text) {
    std::vector<DiskStats> disks;
    while (const auto line = next_line(text)) {
        if (const auto disk = parse_line(*line)) disks.push_back(*disk);
    }
    return disks;
}

}  // namespace chorus::agent
