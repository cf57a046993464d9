// Stores groups of batches, each batch exactly once.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aggregator/batches/batch_hosts.h"
#include "aggregator/batches/batch_insert.h"
#include "aggregator/batches/batch_item.h"
#include "aggregator/batches/batch_layouts.h"
#include "aggregator/batches/batch_prepared.h"
#include "aggregator/batches/series_budget.h"
#include "aggregator/postgres/database.h"
#include "aggregator/schema/partitions.h"
#include "common/clock.h"

namespace chorus::store {

// Belongs to one thread. Several writers may work side by side, in one program or in several. The
// batches of an agent should go to one writer, which keeps their order.
class BatchWriter {
  public:
    static constexpr std::size_t kMostHosts = 100'000;

    BatchWriter(Database& database, Partitions& partitions, const Clock& clock, Retention retention,
                std::size_t most_hosts = kMostHosts);
    ~BatchWriter();
    BatchWriter(const BatchWriter&) = delete;
    BatchWriter& operator=(const BatchWriter&) = delete;

    // Writes the batches in one transaction, in their order. Returns one result for each. A batch
    // that PostgreSQL refuses does not fail the others. Never throws because of the database.
    std::vector<WriteResult> write(std::span<const PreparedBatch* const> group);

    // Gives the database session back. To be called when there is nothing to do for a while.
    void rest();

  private:
    enum class Mode { usual, careful };

    void write_all(std::vector<BatchItem>& items);
    void write_one_by_one(std::vector<BatchItem>& items);
    // Writes the reason into `error` if it fails.
    Attempt attempt(std::vector<BatchItem>& items, Mode mode, std::string& error);
    Attempt try_group(std::vector<BatchItem>& items, Mode mode);
    Attempt run_transaction(std::span<BatchItem*> items, Mode mode);
    // Parts of the transaction. False if another session came in between.
    bool find_hosts(Session& session, std::span<BatchItem*> items);
    bool look_up(Session& session, BatchItem& item);
    bool hold_back_series(Session& session, std::span<BatchItem*> items);
    bool decide(Session& session, std::span<BatchItem*> items);
    bool decide_again(Session& session, std::span<BatchItem* const> items);
    void decide_repeated(Session& session, std::span<BatchItem*> repeated);
    void note_sightings(Session& session, std::span<BatchItem* const> items);
    void forget(std::span<BatchItem> items);
    // Logs a failure, at most once a second.
    void complain(std::string_view error);
    Session& session();

    Database& database_;
    Partitions& partitions_;
    const Clock& clock_;
    const Retention retention_;
    std::optional<Database::Lease> lease_;
    BatchHosts hosts_;
    BatchLayouts layouts_;
    BatchInsert insert_;
    SeriesBudget new_series_;
    std::vector<std::pair<std::int32_t, std::size_t>> taken_;  // of it in this transaction
    std::chrono::nanoseconds next_complaint_{0};
    std::int64_t complaints_ = 0;  // groups since the last line
};

}  // namespace chorus::store
