// The rows of a group of batches.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "aggregator/batches/batch_item.h"
#include "aggregator/batches/batch_layouts.h"
#include "aggregator/postgres/session.h"
#include "aggregator/schema/partitions.h"
#include "common/clock.h"

namespace chorus::store {

// Belongs to a writer and its thread. Everything it is given outlives it.
class BatchInsert {
  public:
    BatchInsert(BatchLayouts& layouts, Partitions& partitions, const Clock& clock,
                Retention retention)
        : layouts_(layouts), partitions_(partitions), clock_(clock), retention_(retention) {}

    // Before the transaction. Checks of services are a little older than their batch, and some may
    // be of the day before: makes the partitions for them.
    void make_room_for_services(const BatchItem& item);

    // Within the transaction: series, processes, events and service checks of batches whose host
    // and time are known. False if another session deleted what they refer to. Throws
    // DatabaseError.
    [[nodiscard]] bool write(Session& session, std::span<BatchItem* const> fresh);

  private:
    bool write_series(Session& session, std::span<BatchItem* const> fresh);
    bool write_processes(Session& session, std::span<BatchItem* const> fresh);
    void write_services(Session& session, std::span<BatchItem* const> fresh);

    BatchLayouts& layouts_;
    Partitions& partitions_;
    const Clock& clock_;
    const Retention retention_;
    std::string system_rows_, process_rows_;  // kept for their capacity
};

}  // namespace chorus::store
