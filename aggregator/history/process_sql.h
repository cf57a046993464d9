// Statements over process tables. Each selects the same columns in the same order.
#pragma once

#include <string>
#include <string_view>

#include "aggregator/history/process_reader.h"
#include "aggregator/postgres/result.h"

namespace chorus::store {

// Every process of the batches in a range: host, range, name pattern, pid, cursor, limit, offset.
// Unfolds whole batches; best where most of their rows are wanted.
std::string process_rows_sql(ProcessSort sort, bool ascending);
// The same for a few known processes, given by process_ref in $11. Looks each one up in the refs of
// a batch and picks its elements, without unfolding the others.
std::string picked_process_rows_sql(ProcessSort sort, bool ascending);

// Reads one row of these statements.
ProcessRow read_process_row(const Row& row);

}  // namespace chorus::store
