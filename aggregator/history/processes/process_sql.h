// Statements over process tables.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "aggregator/history/processes/process_reader.h"
#include "aggregator/postgres/result.h"

namespace chorus::store {

// Every process of the batches in a range: host, range, name pattern, pid, cursor, limit, offset.
// Unfolds whole batches; best where most of their rows are wanted.
std::string process_rows_sql(ProcessSort sort, bool ascending);
// The same for a few known processes, given by process_ref in $14. Looks each one up in the refs of
// a batch and picks its elements, without unfolding the others.
std::string picked_process_rows_sql(ProcessSort sort, bool ascending);

// Resident set in percent of the host's memory as answers have it: derived, unless it was stored.
std::optional<double> derived_percent(const chorus::ProcessSample& process,
                                      std::optional<std::int64_t> total_bytes);

// Appends all rows of the answer to one of these statements.
void read_process_rows(const Result& result, std::vector<ProcessRow>& rows);

}  // namespace chorus::store
