// One page of rows of process tables, from those that are stored and those that are packed.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "aggregator/history/processes/packed_processes.h"
#include "aggregator/history/processes/process_facts.h"
#include "aggregator/history/processes/process_reader.h"
#include "aggregator/postgres/session.h"

namespace chorus::store {

struct ProcessPage {
    ProcessOrder order;
    // With them only these processes can pass the filter.
    std::optional<std::vector<std::int64_t>> refs;
    std::int64_t limit = 100;
    std::int64_t offset = 0;
};

// To be used within one HistorySnapshot. Damaged packed rows are left out. Throws DatabaseError.
std::vector<ProcessRow> read_process_page(Session& session, const ProcessFilter& filter,
                                          const ProcessPage& page);

// All rows of process_batches that the filter lets through, in the order they were sent.
std::vector<ProcessRow> read_stored_processes(Session& session, const ProcessFilter& filter);

}  // namespace chorus::store
