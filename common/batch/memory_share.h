// The one formula of memory_percent in C++; in SQL it is in aggregator/schema/process_values.cpp.
#pragma once

#include <cstdint>

namespace chorus {

// How much of a host's memory is resident, where all of it is `whole`: 100 for percent. The host
// has some memory.
constexpr double memory_share(std::int64_t rss_bytes, std::int64_t total_bytes, double whole) {
    return whole * static_cast<double>(rss_bytes) / static_cast<double>(total_bytes);
}

}  // namespace chorus
