#include "agent/collect/disk_rates.h"

#include <algorithm>

namespace chorus::agent {
namespace {

using Count = std::optional<std::uint64_t>;

bool went_back(Count before, Count now) {
    return before && now && *now < *before;
}

// Milliseconds for each request, as iostat(1) counts; right across the wrap of the time.
double await(std::uint64_t requests, std::uint32_t before_ms, std::uint32_t now_ms) {
    if (requests == 0) return kNoValue;
    const std::uint32_t ms = now_ms - before_ms;
    return static_cast<double>(ms) / static_cast<double>(requests);
}

}  // namespace

DiskRates disk_rates(const DiskCounters& before, const DiskCounters& now, double seconds) {
    if (went_back(before.reads, now.reads) || went_back(before.writes, now.writes) ||
        went_back(before.sectors_read, now.sectors_read) ||
        went_back(before.sectors_written, now.sectors_written) ||
        went_back(before.sectors_discarded, now.sectors_discarded) ||
        went_back(before.flushes, now.flushes)) {
        return {};
    }
    const auto bytes = [&](std::uint64_t from, std::uint64_t to) {
        return static_cast<double>((to - from) * kSectorBytes) / seconds;
    };
    const std::uint64_t reads = now.reads - before.reads, writes = now.writes - before.writes;
    const std::uint32_t busy_ms = now.busy_ms - before.busy_ms;
    const std::uint32_t weighted_ms = now.weighted_ms - before.weighted_ms;
    DiskRates rates{.read_bytes = bytes(before.sectors_read, now.sectors_read),
                    .write_bytes = bytes(before.sectors_written, now.sectors_written),
                    .reads = static_cast<double>(reads) / seconds,
                    .writes = static_cast<double>(writes) / seconds,
                    .read_await_ms = await(reads, before.read_ms, now.read_ms),
                    .write_await_ms = await(writes, before.write_ms, now.write_ms),
                    .busy_percent = std::min(100.0, 100.0 * busy_ms / (seconds * 1000)),
                    .queue = weighted_ms / (seconds * 1000)};
    if (before.sectors_discarded && now.sectors_discarded) {
        rates.discard_bytes = bytes(*before.sectors_discarded, *now.sectors_discarded);
    }
    if (before.flushes && now.flushes) {
        rates.flush_await_ms = await(*now.flushes - *before.flushes, before.flush_ms, now.flush_ms);
    }
    return rates;
}

}  // namespace chorus::agent
