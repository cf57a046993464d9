// Rows of process_batches and of sealed_processes, to and from PostgreSQL.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "aggregator/postgres/parameters.h"
#include "aggregator/postgres/result.h"
#include "aggregator/sealed/processes/process_block.h"

namespace chorus::store {

// Columns of process_batches, called b, as read_table() takes them.
std::string process_table_columns();
// Throws std::runtime_error if a process has no process_ref.
StoredTable read_table(const Row& row, int first);

// Columns of `SELECT`, in this order: what the tables were, and what is packed of them.
inline constexpr std::string_view kHeadColumns =
    "times, delays, scanned, memory_total_bytes, other_count, other_cpu_percent, other_rss_bytes";
inline constexpr int kHeadColumnCount = 7;
inline constexpr std::string_view kBlockColumns =
    "times, delays, scanned, memory_total_bytes, other_count, other_cpu_percent, other_rss_bytes, "
    "common, refs, firsts, tables, ends, body";
inline constexpr int kBlockColumnCount = 13;
// The statement with these columns in the place of @COLUMNS@.
std::string with_columns(std::string_view sql, std::string_view columns);
// Target of CopyIn.
inline constexpr std::string_view kBlockTarget =
    "monitoring.sealed_processes (day, host_id, first_ts, last_ts, times, delays, scanned, "
    "memory_total_bytes, other_count, other_cpu_percent, other_rss_bytes, common, refs, firsts, "
    "tables, ends, body)";

Parameters block_row(std::int32_t host_id, const ProcessBlock& block);
// Both throw std::runtime_error if the row is damaged.
std::vector<TableHead> read_heads(const Row& row, int first);
ProcessBlock read_block(const Row& row, int first);
// An array of figures, NULL as kUnknown.
std::vector<std::int64_t> read_figures(const Row& row, int column);

}  // namespace chorus::store
