#include "agent/status/own_metrics.h"

#include <algorithm>
#include <cstring>

#include "common/json_writer.h"

namespace chorus::agent {

OwnMetrics::OwnMetrics()
    : collection_(registry_.histogram("chorus_agent_collection_duration_seconds",
                                      "How long a collection took.")),
      collections_(registry_.counter("chorus_agent_collections_total", "Collections made.")),
      processes_(registry_.gauge("chorus_agent_processes", "Processes seen last.")),
      spool_bytes_(registry_.gauge("chorus_agent_spool_bytes", "Space of batches that wait.")),
      spool_batches_(registry_.gauge("chorus_agent_spool_batches", "Batches that wait.")),
      full_(registry_.read_counter("chorus_agent_dropped_batches_total", "Batches dropped.",
                                   {{"reason", "full"}})),
      refused_(registry_.read_counter("chorus_agent_dropped_batches_total", "Batches dropped.",
                                      {{"reason", "refused"}})),
      expired_(registry_.read_counter("chorus_agent_dropped_batches_total", "Batches dropped.",
                                      {{"reason", "expired"}})),
      warnings_(registry_.read_counter("chorus_agent_batch_warnings_total",
                                       "Values and rows that the aggregator did not store as they "
                                       "were sent.")),
      push_(registry_.histogram("chorus_agent_push_duration_seconds",
                                "How long the aggregator took to answer.")),
      last_success_(registry_.gauge("chorus_agent_last_success_timestamp_seconds",
                                    "When a batch was stored last, 0 = never.")) {
    register_process_metrics(registry_, "agent");
}

void OwnMetrics::collected(const Batch& batch, double seconds, const ReadFaults& faults,
                           const AgentState& state, const DeliveryCounts& delivery) {
    collection_.observe(seconds);
    collections_.add();
    const std::uint64_t refused = delivery.refused;
    const std::int64_t stored_at = delivery.last_stored;
    processes_.set(batch.processes ? static_cast<double>(batch.processes->scanned) : 0);
    spool_bytes_.set(static_cast<double>(state.spool_bytes));
    spool_batches_.set(static_cast<double>(state.spool_batches));
    const std::uint64_t answered = refused + delivery.expired;
    full_.set(static_cast<double>(state.dropped - std::min(state.dropped, answered)));
    expired_.set(static_cast<double>(delivery.expired));
    warnings_.set(static_cast<double>(delivery.warnings));
    refused_.set(static_cast<double>(refused));
    last_success_.set(static_cast<double>(stored_at));
    for (const auto& [error, count] : faults.by_errno()) {
        const char* name = ::strerrorname_np(error);
        registry_
            .read_counter("chorus_agent_proc_read_errors_total", "Files that could not be read.",
                          {{"kind", name != nullptr ? name : "other"}})
            .set(static_cast<double>(count));
    }
    const std::lock_guard lock(mutex_);
    shown_.hostname = batch.hostname;
    shown_.agent_id = batch.agent.id.to_string();
    shown_.interval_seconds = batch.agent.interval_seconds;
    shown_.collected_at = batch.time;
    if (stored_at > 0) shown_.stored_at = Timestamp{std::chrono::seconds{stored_at}};
    shown_.waiting = state.spool_batches;
    shown_.waiting_bytes = state.spool_bytes;
    shown_.waiting_seconds = state.spool_oldest_seconds;
    shown_.stored = delivery.stored;
    shown_.expired = delivery.expired;
    shown_.last_expired = delivery.last_expired;
    shown_.dropped = state.dropped;
}

void OwnMetrics::pushed(int status, double seconds) {
    registry_
        .counter("chorus_agent_push_total", "Requests to the aggregator, by status; 0 = no answer.",
                 {{"code", std::to_string(status)}})
        .add();
    if (status != 0) push_.observe(seconds);
    const std::lock_guard lock(mutex_);
    shown_.last_status = status;
}

std::string OwnMetrics::status() const {
    const std::lock_guard lock(mutex_);
    JsonWriter out;
    out.begin_object()
        .field("service", "chorus-agent")
        .field("version", CHORUS_VERSION)
        .field("status", shown_.last_status != 200 ? "not_delivering"
                         : shown_.last_expired     ? "not_stored"
                                                   : "healthy")
        .field("hostname", shown_.hostname)
        .field("agent_id", shown_.agent_id)
        .field("interval_seconds", shown_.interval_seconds)
        .field("last_collection", shown_.collected_at)
        .field("last_stored", shown_.stored_at)
        .field("last_answer", shown_.last_status)
        .field("batches_stored", shown_.stored)
        .field("batches_expired", shown_.expired)
        .field("batches_waiting", shown_.waiting)
        .field("bytes_waiting", shown_.waiting_bytes)
        .field("oldest_waiting_seconds", shown_.waiting_seconds)
        .field("batches_dropped", shown_.dropped)
        .end_object();
    return out.take() + "\n";
}

}  // namespace chorus::agent
