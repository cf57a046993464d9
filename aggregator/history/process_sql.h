// Statements over process tables.
#pragma once

#include <string>
#include <vector>

#include "aggregator/history/process_reader.h"
#include "aggregator/postgres/result.h"

namespace chorus::store {

// Every process of the batches in a range: host, range, name pattern, pid, cursor, limit, offset.
// Unfolds whole batches; best where most of their rows are wanted.
std::string process_rows_sql(ProcessSort sort, bool ascending);
// The same for a few known processes, given by process_ref in $14. Looks each one up in the refs of
// a batch and picks its elements, without unfolding the others.
std::string picked_process_rows_sql(ProcessSort sort, bool ascending);

// Appends all rows of the answer to one of these statements.
void read_process_rows(const Result& result, std::vector<ProcessRow>& rows);

}  // namespace chorus::store
