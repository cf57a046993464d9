// Where in time the evaluator of alert rules looks for batches, and the SQL that finds them. It
// goes by the time of receipt; batches are stored by the host's own time.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aggregator/postgres/session.h"
#include "common/timestamp.h"

namespace chorus::store {

// By time of receipt: from < t <= to.
struct TimeRange {
    Timestamp from;
    Timestamp to;
};

struct SampleScope {
    // One, or several that do not overlap.
    std::vector<TimeRange> ranges;
    // How far a host's time may lie before the time of receipt, because the batch was sent late or
    // the clock is slow, and behind it.
    std::chrono::microseconds before{};
    std::chrono::microseconds behind{};
    // Hosts of which that or the ranges are not enough: looked up one by one. What makes a host one
    // of these costs the others nothing.
    struct Apart {
        std::int32_t host_id = 0;
        std::chrono::microseconds before{};
        std::chrono::microseconds behind{};
        // How long each range is for it; not longer than from one range to the next. nullopt: as
        // for the others.
        std::optional<std::chrono::microseconds> width{};
    };
    std::vector<Apart> apart;
    // Only this host.
    std::optional<std::int32_t> only_host;
};

// A SELECT of columns of the batches b of a table that has host_id, ts and received_at; its $1 to
// $9 are scope_parameters(). Not to be prepared: the plan must know the times, to leave out
// partitions and to see how few rows they are.
std::string batches_sql(const SampleScope& scope, std::string_view table, std::string_view columns);
Parameters scope_parameters(const SampleScope& scope);

}  // namespace chorus::store
