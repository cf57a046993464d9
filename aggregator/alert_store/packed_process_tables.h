// Process tables of a scope in days that have moved, and the figures of chosen processes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "aggregator/alert_store/rule_processes.h"
#include "aggregator/alert_store/sample_scope.h"
#include "aggregator/postgres/session.h"
#include "common/timestamp.h"

namespace chorus::store {

// To be used within one HistorySnapshot. Damaged rows are left out. Throws DatabaseError.
class PackedProcessTables {
  public:
    // Reads which tables there are. The scope must have a range.
    PackedProcessTables(Session& session, const SampleScope& scope);

    // Appends them.
    void add_tables(std::vector<ProcessSnapshotTime>& tables) const;
    // `places` are the numbers of the tables as add_tables() gave them.
    void add_samples(const std::vector<WantedProcess>& wanted,
                     const std::vector<std::size_t>& places,
                     std::vector<ProcessSample>& samples) const;

  private:
    struct Table {
        ProcessSnapshotTime snapshot;
        Timestamp block;  // its first table
        std::size_t number = 0;
    };

    Session& session_;
    std::vector<Table> tables_;
};

}  // namespace chorus::store
