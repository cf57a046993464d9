#include "agent/procfs/diskstats.h"

#include <array>

#include "agent/procfs/support/text_scan.h"

namespace chorus::agent {
namespace {

std::optional<DiskStats> parse_disk(std::string_view line) {
    DiskStats disk;
    disk.number = next_word(line);
    disk.number += ':';
    disk.number += next_word(line);
    disk.name = next_word(line);
    // The fields as iostats.rst counts them, from 1; old kernels end at 11 or 15.
    constexpr std::size_t least = 11, discards = 15, flushes = 17;
    std::array<std::uint64_t, flushes + 1> field{};
    std::size_t count = 0;
    for (auto word = next_word(line); !word.empty() && count < flushes; word = next_word(line)) {
        const auto number = parse_number<std::uint64_t>(word);
        if (!number) return std::nullopt;
        field[++count] = *number;
    }
    if (count < least) return std::nullopt;
    const auto ms = [&](std::size_t i) { return static_cast<std::uint32_t>(field[i]); };
    disk.in_flight = field[9];
    disk.counters = {.reads = field[1],
                     .sectors_read = field[3],
                     .writes = field[5],
                     .sectors_written = field[7],
                     .read_ms = ms(4),
                     .write_ms = ms(8),
                     .busy_ms = ms(10),
                     .weighted_ms = ms(11),
                     .sectors_discarded = {},
                     .flushes = {},
                     .flush_ms = ms(17)};
    if (count >= discards) disk.counters.sectors_discarded = field[14];
    if (count >= flushes) disk.counters.flushes = field[16];
    return disk;
}

}  // namespace

bool is_memory_or_file(std::string_view name) {
    return name.starts_with("loop") || name.starts_with("ram") || name.starts_with("zram");
}

std::vector<DiskStats> parse_diskstats(std::string_view text) {
    std::vector<DiskStats> disks;
    while (const auto line = next_line(text)) {
        if (const auto disk = parse_disk(*line)) disks.push_back(*disk);
    }
    return disks;
}

}  // namespace chorus::agent
