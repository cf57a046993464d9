// Rows of sealed_batches and sealed_series, to and from PostgreSQL.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "aggregator/postgres/parameters.h"
#include "aggregator/postgres/result.h"
#include "aggregator/sealed/series_codec.h"
#include "common/timestamp.h"

namespace chorus::store {

// The batches of one host and UTC day, in order of time. The vectors are equally long.
struct SealedBatches {
    std::vector<Timestamp> times;
    std::vector<std::chrono::microseconds> delays;  // from its time to its receipt
    std::vector<std::int64_t> hashes;
    std::vector<std::int32_t> layout_ids;
};

// Columns of `SELECT`, in this order and without anything before them.
inline constexpr std::string_view kBatchColumns = "times, delays, hashes, layout_ids";
inline constexpr std::string_view kSeriesColumns =
    "multiplier, divisor, low, high, total, counts, bits, plain";
// Targets of CopyIn.
inline constexpr std::string_view kBatchTarget =
    "monitoring.sealed_batches (day, host_id, batches, times, delays, hashes, layout_ids)";
inline constexpr std::string_view kSeriesTarget =
    "monitoring.sealed_series (day, host_id, series_id, multiplier, divisor, low, high, total, "
    "counts, bits, plain)";

// The times must be sorted, and all of that day.
HourStarts hours_of(const std::vector<Timestamp>& times, std::chrono::sys_days day);

Parameters batch_row(std::chrono::sys_days day, std::int32_t host_id, const SealedBatches& batches,
                     const HourStarts& hours);
Parameters series_row(std::chrono::sys_days day, std::int32_t host_id, std::int32_t series_id,
                      const PackedSeries& series, const HourStarts& hours);

// From the columns that begin at `first`. `hours` comes from the column `batches` of the same host
// and day. Throws std::runtime_error if the row is damaged.
SealedBatches read_batches(const Row& row, int first);
HourStarts read_hours(const Row& row, int column);
// Without bits where the column is NULL because it was not asked for: then only rollup() may be
// called.
PackedSeries read_series(const Row& row, int first, const HourStarts& hours);

}  // namespace chorus::store
