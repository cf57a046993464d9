// How SQL reads the figures of processes out of the arrays of process_batches.
#pragma once

#include <string>
#include <string_view>

namespace chorus::store {

// Where the elements of the arrays stand. The row of process_batches is called b.
enum class ProcessElements {
    unfolded,  // in a row u for each process: process_arrays()
    picked,    // in the arrays, at u.position
};

// The figure that a batch had in that column; throws std::out_of_range if there is none of the
// name. The state is its letter.
std::string process_value(std::string_view name, ProcessElements elements);

// Resident set in percent of the host's memory, not rounded, where the agent's own figure follows
// from it and is not stored.
std::string memory_percent(ProcessElements elements);

// `value AS "name"` of each column that is shown, with names as in a batch. The row of processes is
// called p.
std::string process_columns(ProcessElements elements);

// "ROWS FROM (...) WITH ORDINALITY AS u(ref, ref_wide, ..., position)".
std::string process_arrays();

}  // namespace chorus::store
