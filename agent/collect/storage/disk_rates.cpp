#include "agent/collect/storage/disk_rates.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "agent/collect/support/rate.h"

namespace chorus::agent {
namespace {

using Count = std::optional<std::uint64_t>;

bool went_back(Count before, Count now) {
    return before && now && *now < *before;
}

// Right across the wrap. What seems to be more than half of all there is was a step back: requests
// that some drivers count as ended twice make the queue negative.
double growth(std::uint32_t before_ms, std::uint32_t now_ms) {
    const std::uint32_t ms = now_ms - before_ms;
    return ms <= std::numeric_limits<std::uint32_t>::max() / 2 ? ms : kNoValue;
}

// Milliseconds for each request, as iostat(1) counts.
double await(std::uint64_t requests, std::uint32_t before_ms, std::uint32_t now_ms) {
    if (requests == 0) return kNoValue;
    return growth(before_ms, now_ms) / static_cast<double>(requests);
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
        return static_cast<double>(kSectorBytes) * per_second(from, to, seconds);
    };
    const std::uint64_t reads = now.reads - before.reads, writes = now.writes - before.writes;
    const double ms = seconds * 1000;
    DiskRates rates{.read_bytes = bytes(before.sectors_read, now.sectors_read),
                    .write_bytes = bytes(before.sectors_written, now.sectors_written),
                    .reads = per_second(before.reads, now.reads, seconds),
                    .writes = per_second(before.writes, now.writes, seconds),
                    .read_await_ms = await(reads, before.read_ms, now.read_ms),
                    .write_await_ms = await(writes, before.write_ms, now.write_ms),
                    .queue = growth(before.weighted_ms, now.weighted_ms) / ms};
    const double busy_ms = growth(before.busy_ms, now.busy_ms);
    // A request that took longer than the time between two samples is counted when it ends.
    if (!std::isnan(busy_ms)) rates.busy_percent = std::min(100.0, 100 * busy_ms / ms);
    if (before.sectors_discarded && now.sectors_discarded) {
        rates.discard_bytes = bytes(*before.sectors_discarded, *now.sectors_discarded);
    }
    if (before.flushes && now.flushes) {
        rates.flush_await_ms = await(*now.flushes - *before.flushes, before.flush_ms, now.flush_ms);
    }
    return rates;
}

}  // namespace chorus::agent
