// What a block device did between two samples.
#pragma once

#include "agent/collect/support/metric_sink.h"
#include "agent/procfs/diskstats.h"

namespace chorus::agent {

inline constexpr std::uint64_t kSectorBytes = 512;

// kNoValue where nothing is known: a wait without a request, or a field that the kernel does not
// have.
struct DiskRates {
    double read_bytes = kNoValue, write_bytes = kNoValue, discard_bytes = kNoValue;  // a second
    double reads = kNoValue, writes = kNoValue;                                      // a second
    double read_await_ms = kNoValue, write_await_ms = kNoValue, flush_await_ms = kNoValue;
    double busy_percent = kNoValue;
    double queue = kNoValue;  // requests in flight, on average
};

// If a counter went back, the device is another one and nothing is known.
DiskRates disk_rates(const DiskCounters& before, const DiskCounters& now, double seconds);

}  // namespace chorus::agent
