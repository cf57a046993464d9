// Rows of sealed_batches and sealed_series, to and from PostgreSQL.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
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
    std::vector<std::int32_t> hashes;               // see short_hash()
    std::vector<std::int32_t> layout_ids;
};

// Columns of `SELECT`, in this order and without anything before them.
inline constexpr std::string_view kBatchColumns = "times, delay_low, delays, hashes, layout_ids";
inline constexpr std::string_view kSeriesColumns =
    "multiplier, divisor, low, high, sum, count, hours, counts, width, bits, plain";
// Targets of CopyIn.
inline constexpr std::string_view kBatchTarget =
    "monitoring.sealed_batches (day, host_id, batches, times, delay_low, delays, hashes, "
    "layout_ids)";
inline constexpr std::string_view kSeriesTarget =
    "monitoring.sealed_series (day, host_id, series_id, multiplier, divisor, low, high, sum, "
    "count, hours, counts, width, bits, plain)";

// What a packed batch keeps of its payload_hash: enough to tell whether one whose key came before
// is the same.
inline std::int32_t short_hash(std::int64_t payload_hash) {
    return static_cast<std::int32_t>(payload_hash);
}

// The times must be sorted, and all of that day.
HourStarts hours_of(const std::vector<Timestamp>& times, std::chrono::sys_days day);

Parameters batch_row(std::chrono::sys_days day, std::int32_t host_id, const SealedBatches& batches,
                     const HourStarts& hours);
Parameters series_row(std::chrono::sys_days day, std::int32_t host_id, std::int32_t series_id,
                      const PackedSeries& series, const HourStarts& hours);

// From the columns that begin at `first`. `hours` comes from the column `batches` of the same host
// and day. Throws DamagedRow.
SealedBatches read_batches(const Row& row, int first);
// `delays` as a column of so many batches has them, or a part of it for some of its batches.
std::vector<std::chrono::microseconds> read_delays(const Row& row, int low, int delays,
                                                   std::size_t batches);
HourStarts read_hours(const Row& row, int column);
// Without bits where the column is NULL because it was not asked for: then only rollup() may be
// called.
PackedSeries read_series(const Row& row, int first, const HourStarts& hours);
// The day's rollup, from kDayColumns; nullopt if only the values themselves tell it.
inline constexpr std::string_view kDayColumns = "multiplier, divisor, low, high, sum, count";
std::optional<HourRollup> read_day(const Row& row, int first);

}  // namespace chorus::store
