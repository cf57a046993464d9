// The times in which the evaluator of alert rules looks for batches, and the SQL that finds them.
// The evaluator goes by the time of receipt, but batches are stored by the host's own time.
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
    // How far a host's time may lie before the time of receipt (the batch was sent late, or the
    // clock is slow), and how far after it.
    std::chrono::microseconds before{};
    std::chrono::microseconds behind{};
    // Hosts for which that or the ranges are not enough. They are looked up one by one, so that
    // they cost the others nothing.
    struct Apart {
        std::int32_t host_id = 0;
        std::chrono::microseconds before{};
        std::chrono::microseconds behind{};
        // How long each range is for this host, at most until the next range. nullopt: as for the
        // others.
        std::optional<std::chrono::microseconds> width{};
    };
    std::vector<Apart> apart;
    // Only this host.
    std::optional<std::int32_t> only_host;
};

// A SELECT of columns from the batches b of a table with host_id, ts and received_at. Its $1 to $9
// are scope_parameters(). Do not prepare it: the plan must know the times, to leave out partitions
// and to see how few the rows are.
std::string batches_sql(const SampleScope& scope, std::string_view table, std::string_view columns);
Parameters scope_parameters(const SampleScope& scope);

// Where batches of the scope may lie by the hosts' own times, both ends included. The scope must
// have a range.
TimeRange host_times(const SampleScope& scope);
// Whether batches_sql() would find a batch of that host.
bool takes(const SampleScope& scope, std::int32_t host_id, Timestamp time, Timestamp received);

}  // namespace chorus::store
