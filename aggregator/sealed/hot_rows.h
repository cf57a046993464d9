// Rows of system_batches of one host and day, read to be packed.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "aggregator/postgres/session.h"
#include "aggregator/sealed/sealed_rows.h"

namespace chorus::store {

// The number of a row, and its values. NaN where a value is not there.
using TakeHotRow = std::function<void(std::size_t row, std::span<const double> values)>;

struct HotRows {
    SealedBatches batches;
    // Of one row behind the other, and where those of each row end. Empty if they are more than
    // were wanted.
    std::vector<double> values;
    std::vector<std::size_t> ends;

    bool has_values() const { return ends.size() == batches.times.size(); }
    void for_each(const TakeHotRow& take) const;
};

// In order of time. Reads the rows once, with their values, if these are `most_values` at most.
HotRows read_hot_rows(Session& session, std::int32_t host_id, std::chrono::sys_days day,
                      std::size_t most_values);

// Reads the values of the rows that have these times. A row that came since is left for the next
// time; its host has a mark.
void read_hot_values(Session& session, std::int32_t host_id, std::chrono::sys_days day,
                     std::span<const Timestamp> times, const TakeHotRow& take);

}  // namespace chorus::store
