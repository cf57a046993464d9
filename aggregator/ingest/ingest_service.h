// Takes batches from many threads and stores them in groups: one COMMIT for all that wait.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>
#include <vector>

#include "aggregator/access/token_store.h"
#include "aggregator/batches/batch_writer.h"
#include "aggregator/cache/cache_writer.h"
#include "aggregator/postgres/database.h"
#include "aggregator/schema/partitions.h"
#include "common/batch/batch.h"
#include "common/clock.h"
#include "common/metrics.h"

namespace chorus::ingest {

struct IngestOptions {
    int writers = 2;                             // threads, each with a session of the pool
    std::size_t queue_batches = 0;               // waiting, over all writers; 0 refuses every one
    std::size_t queue_bytes = 128U << 20U;       // memory of those, estimated
    std::size_t group_batches = 256;             // in one transaction
    std::size_t group_bytes = 16U << 20U;        // the same, as memory
    std::chrono::milliseconds patience{20'000};  // longest wait of a caller
    // Called by a writer with each batch that was committed; must not block, nor throw.
    std::function<void(const Batch&)> on_stored{};
};

// Who sends a batch: the token, and the agent that it is bound to, as authentication found them.
struct Source {
    std::optional<std::int64_t> token_id;
    std::optional<Uuid> agent_id;
};

enum class IngestResult {
    stored,           // 200: committed
    duplicate,        // 200: was committed before
    expired,          // 200: too old or too far ahead to be kept; not stored
    conflict,         // 409: the key belongs to other content
    too_many_gaps,    // 409: the agent must begin a new epoch
    host_conflict,    // 409: the hostname is another host's
    agent_cloned,     // 409: another machine has the agent's identity
    agent_mismatch,   // 403: the token is not the one of this agent
    too_many_series,  // 429: the host brings new series all the time
    refused,          // 422: PostgreSQL cannot hold the content
    queue_full,       // 503
    unavailable,      // 503: it is unknown whether something was stored
};
std::string_view to_string(IngestResult result);

struct IngestOutcome {
    IngestResult result = IngestResult::unavailable;
    std::int64_t system_metrics = 0;   // values of the batch that could be read
    std::int64_t process_metrics = 0;  // processes of the batch
    double interval_seconds = 0;       // as the agent says
    bool timed_by_receipt = false;     // stored, but not by the host's clock: it is far off
    int retry_after_seconds = 0;       // for queue_full and unavailable; differs from call to call
};

// Thread-safe.
class IngestService {
  public:
    // If `cache` is null, nothing is cached. All references must outlive the service.
    IngestService(store::Database& database, store::Partitions& partitions,
                  store::TokenStore& tokens, cache::CacheWriter* cache, const Clock& clock,
                  store::Retention retention, IngestOptions options, MetricsRegistry& metrics);
    ~IngestService() { stop(); }
    IngestService(const IngestService&) = delete;
    IngestService& operator=(const IngestService&) = delete;

    void start();
    // Refuses new batches from now on, stores those that wait, and ends the writers.
    void stop();

    // Blocks until the batch is committed or refused, at most for `patience`. Batches of one agent
    // are stored in the order of the calls.
    IngestOutcome submit(Batch&& batch, const Source& source);

    // The agent that the token is bound to. The first use binds it. nullopt if the token is gone,
    // or if it came by enrolment and the agent has another valid token. Throws DatabaseError.
    std::optional<Uuid> bound_agent(std::int64_t token_id, const Uuid& agent_id);

    // Batches that wait in a queue or are being written.
    std::size_t queue_length() const { return static_cast<std::size_t>(queue_gauge_.value()); }
    std::size_t queue_capacity() const { return options_.queue_batches; }

  private:
    struct Ticket;
    using TicketPointer = std::shared_ptr<Ticket>;
    struct Writer {
        std::mutex mutex;  // protects queue and stopping
        std::condition_variable wake;
        std::deque<TicketPointer> queue;
        bool stopping = true;  // until start()
        std::thread thread;
    };

    void run(Writer& writer);
    std::vector<TicketPointer> take_group(Writer& writer);
    void write_group(store::BatchWriter& store, std::vector<TicketPointer>& group);
    bool enqueue(const TicketPointer& ticket);
    IngestOutcome finish(IngestOutcome outcome);

    store::Database& database_;
    store::Partitions& partitions_;
    store::TokenStore& tokens_;
    cache::CacheWriter* const cache_;
    const Clock& clock_;
    const store::Retention retention_;
    const IngestOptions options_;

    std::vector<Counter*> results_;  // by IngestResult
    Counter& system_samples_;
    Counter& process_samples_;
    Counter& groups_;
    Gauge& queue_gauge_;
    Histogram& commit_duration_;

    std::atomic<std::size_t> waiting_batches_{0};
    std::atomic<std::size_t> waiting_bytes_{0};
    std::vector<std::unique_ptr<Writer>> writers_;

    std::mutex bound_mutex_;  // protects bound_
    std::unordered_map<std::int64_t, Uuid> bound_;
};

}  // namespace chorus::ingest
