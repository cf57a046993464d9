#include "aggregator/ingest/ingest_service.h"

#include <algorithm>
#include <array>
#include <random>
#include <semaphore>

#include "common/log.h"

namespace chorus::ingest {
namespace {

using store::WriteResult;

constexpr Logger kIngestServiceLog{"ingest"};
constexpr std::size_t kResults = 12;
constexpr std::size_t kMostBoundTokens = 100'000;
// After this long without work a writer gives its database session back.
constexpr std::chrono::seconds kRestAfter{1};

IngestResult from_store(WriteResult result) {
    switch (result) {
        case WriteResult::stored:
            return IngestResult::stored;
        case WriteResult::duplicate:
            return IngestResult::duplicate;
        case WriteResult::conflict:
            return IngestResult::conflict;
        case WriteResult::too_many_gaps:
            return IngestResult::too_many_gaps;
        case WriteResult::host_conflict:
            return IngestResult::host_conflict;
        case WriteResult::agent_cloned:
            return IngestResult::agent_cloned;
        case WriteResult::too_many_series:
            return IngestResult::too_many_series;
        case WriteResult::expired:
            return IngestResult::expired;
        case WriteResult::refused:
            return IngestResult::refused;
        case WriteResult::unavailable:
            break;
    }
    return IngestResult::unavailable;
}

// Spread, so that a fleet that was refused at once does not return at once.
int retry_after() {
    thread_local std::minstd_rand random{std::random_device{}()};
    return std::uniform_int_distribution{1, 5}(random);
}

}  // namespace

std::string_view to_string(IngestResult result) {
    constexpr std::array<std::string_view, kResults> names{
        "stored",          "duplicate",     "expired",      "conflict",
        "too_many_gaps",   "host_conflict", "agent_cloned", "agent_mismatch",
        "too_many_series", "refused",       "queue_full",   "unavailable"};
    return names[static_cast<std::size_t>(result)];
}

// Shared by the caller and the writer: a caller that lost its patience leaves it to the writer.
struct IngestService::Ticket {
    store::PreparedBatch prepared;
    IngestResult result = IngestResult::unavailable;  // valid once `done` is released
    std::binary_semaphore done{0};
};

IngestService::IngestService(store::Database& database, store::Partitions& partitions,
                             store::TokenStore& tokens, cache::CacheWriter* cache,
                             const Clock& clock, store::Retention retention, IngestOptions options,
                             MetricsRegistry& metrics)
    : database_(database),
      partitions_(partitions),
      tokens_(tokens),
      cache_(cache),
      clock_(clock),
      retention_(retention),
      options_(std::move(options)),
      system_samples_(metrics.counter("chorus_aggregator_ingest_samples_total",
                                      "Values stored, processes counted once a batch.",
                                      {{"kind", "system"}})),
      process_samples_(metrics.counter("chorus_aggregator_ingest_samples_total",
                                       "Values stored, processes counted once a batch.",
                                       {{"kind", "process"}})),
      groups_(metrics.counter("chorus_aggregator_ingest_groups_total",
                              "Groups of batches written, one transaction each.")),
      queue_gauge_(metrics.gauge("chorus_aggregator_ingest_queue_length",
                                 "Batches that wait for a writer or are being written.")),
      commit_duration_(metrics.histogram("chorus_aggregator_ingest_commit_duration_seconds",
                                         "From taking a group of batches to its COMMIT.")) {
    for (std::size_t i = 0; i < kResults; ++i) {
        const std::string name{to_string(static_cast<IngestResult>(i))};
        results_.push_back(&metrics.counter("chorus_aggregator_ingest_batches_total",
                                            "Batches received, by what became of them.",
                                            {{"result", name}}));
    }
    for (int i = 0; i < std::max(1, options_.writers); ++i) {
        writers_.push_back(std::make_unique<Writer>());
    }
}

void IngestService::start() {
    for (auto& writer : writers_) {
        if (writer->thread.joinable()) continue;
        writer->stopping = false;
        writer->thread = std::thread([this, raw = writer.get()] { run(*raw); });
    }
}

void IngestService::stop() {
    for (auto& writer : writers_) {
        {
            const std::lock_guard lock{writer->mutex};
            writer->stopping = true;
        }
        writer->wake.notify_one();
    }
    for (auto& writer : writers_) {
        if (writer->thread.joinable()) writer->thread.join();
    }
}

std::optional<Uuid> IngestService::bound_agent(std::int64_t token_id, const Uuid& agent_id) {
    {
        const std::lock_guard lock{bound_mutex_};
        const auto at = bound_.find(token_id);
        if (at != bound_.end()) return at->second;
    }
    const auto bound = tokens_.bind_agent(token_id, agent_id);
    const std::lock_guard lock{bound_mutex_};
    if (bound_.size() >= kMostBoundTokens) bound_.clear();
    if (bound) bound_.emplace(token_id, *bound);
    return bound;
}

IngestOutcome IngestService::finish(IngestOutcome outcome) {
    results_[static_cast<std::size_t>(outcome.result)]->add();
    const auto later = {IngestResult::queue_full, IngestResult::unavailable,
                        IngestResult::too_many_series};
    if (std::find(later.begin(), later.end(), outcome.result) != later.end()) {
        outcome.retry_after_seconds = retry_after();
    }
    return outcome;
}

IngestOutcome IngestService::submit(Batch&& batch, const Source& source) {
    IngestOutcome outcome;
    outcome.interval_seconds = batch.agent.interval_seconds;
    auto bound = source.agent_id;
    if (!bound && source.token_id) {
        try {
            bound = bound_agent(*source.token_id, batch.agent.id);
        } catch (const store::DatabaseError& e) {
            kIngestServiceLog.warning("Token not bound", {{"error", e.what()}});
            return finish(outcome);
        }
        // Revoked meanwhile, or the agent has another one.
        if (!bound) outcome.result = IngestResult::agent_mismatch;
    }
    if (bound && *bound != batch.agent.id) outcome.result = IngestResult::agent_mismatch;
    if (outcome.result == IngestResult::agent_mismatch) return finish(outcome);

    const auto ticket = std::make_shared<Ticket>();
    ticket->prepared =
        store::prepare_batch(std::move(batch), clock_.now(),
                             {partitions_.oldest_accepted(), partitions_.newest_accepted()});
    outcome.timed_by_receipt = ticket->prepared.timed_by_receipt;
    outcome.system_metrics = ticket->prepared.system_values;
    outcome.process_metrics = ticket->prepared.process_rows;
    if (!enqueue(ticket)) {
        outcome.result = IngestResult::queue_full;
    } else if (ticket->done.try_acquire_for(options_.patience)) {
        outcome.result = ticket->result;
    }
    return finish(outcome);
}

bool IngestService::enqueue(const TicketPointer& ticket) {
    const std::size_t bytes = ticket->prepared.bytes;
    const std::size_t batches = waiting_batches_.fetch_add(1) + 1;
    const std::size_t total = waiting_bytes_.fetch_add(bytes) + bytes;
    const auto give_up = [&] {
        waiting_batches_.fetch_sub(1);
        waiting_bytes_.fetch_sub(bytes);
        return false;
    };
    // One batch alone always fits, however large.
    if (batches > options_.queue_batches || (total > options_.queue_bytes && batches > 1)) {
        return give_up();
    }
    const auto shard = std::hash<Uuid>{}(ticket->prepared.batch.agent.id) % writers_.size();
    Writer& writer = *writers_[shard];
    {
        const std::lock_guard lock{writer.mutex};
        if (writer.stopping) return give_up();
        queue_gauge_.add(1);
        writer.queue.push_back(ticket);
    }
    writer.wake.notify_one();
    return true;
}

std::vector<IngestService::TicketPointer> IngestService::take_group(Writer& writer) {
    std::vector<TicketPointer> group;
    std::size_t bytes = 0;
    while (!writer.queue.empty() && group.size() < options_.group_batches) {
        bytes += writer.queue.front()->prepared.bytes;
        if (!group.empty() && bytes > options_.group_bytes) break;
        group.push_back(std::move(writer.queue.front()));
        writer.queue.pop_front();
    }
    return group;
}

void IngestService::run(Writer& writer) {
    store::BatchWriter store{database_, partitions_, clock_, retention_};
    for (;;) {
        std::vector<TicketPointer> group;
        {
            std::unique_lock lock{writer.mutex};
            const auto ready = [&] { return writer.stopping || !writer.queue.empty(); };
            if (!writer.wake.wait_for(lock, kRestAfter, ready)) {
                lock.unlock();
                store.rest();
                lock.lock();
                writer.wake.wait(lock, ready);
            }
            if (writer.queue.empty()) return;  // stopping, and nothing waits
            group = take_group(writer);
        }
        write_group(store, group);
    }
}

void IngestService::write_group(store::BatchWriter& store, std::vector<TicketPointer>& group) {
    std::vector<const store::PreparedBatch*> batches;
    batches.reserve(group.size());
    for (const auto& ticket : group) batches.push_back(&ticket->prepared);
    std::vector<WriteResult> results(group.size(), WriteResult::unavailable);
    const auto start = std::chrono::steady_clock::now();
    try {
        results = store.write(batches);
    } catch (const std::exception& e) {
        // Memory, most likely. Nothing is known to be stored.
        kIngestServiceLog.error("Batches not stored",
                                {{"batches", group.size()}, {"error", e.what()}});
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    commit_duration_.observe(took.count());
    groups_.add();
    for (std::size_t i = 0; i < group.size(); ++i) {
        Ticket& ticket = *group[i];
        waiting_batches_.fetch_sub(1);
        waiting_bytes_.fetch_sub(ticket.prepared.bytes);
        queue_gauge_.add(-1);
        if (results[i] == WriteResult::stored) {
            system_samples_.add(static_cast<std::uint64_t>(ticket.prepared.system_values));
            process_samples_.add(static_cast<std::uint64_t>(ticket.prepared.process_rows));
        }
        ticket.result = from_store(results[i]);
        ticket.done.release();
    }
    for (std::size_t i = 0; i < group.size(); ++i) {
        if (options_.on_stored && results[i] == WriteResult::stored) {
            options_.on_stored(group[i]->prepared.batch);
        }
    }
    if (cache_ == nullptr) return;
    // Callers do not touch their batch any more, so it can be handed on as it is.
    for (std::size_t i = 0; i < group.size(); ++i) {
        auto& prepared = group[i]->prepared;
        if (results[i] == WriteResult::stored) {
            cache_->offer(std::move(prepared.batch), prepared.made_at);
        }
    }
}

}  // namespace chorus::ingest
