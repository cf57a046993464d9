// The parts of a running aggregator, put together in one place.
#pragma once

#include <csignal>
#include <optional>
#include <string>
#include <vector>

#include "aggregator/access/token_store.h"
#include "aggregator/alerts/engine.h"
#include "aggregator/cache/cache_reader.h"
#include "aggregator/cache/cache_writer.h"
#include "aggregator/cache/entry_writer.h"
#include "aggregator/health/agent_services.h"
#include "aggregator/health/service_monitor.h"
#include "aggregator/http/stream_hub.h"
#include "aggregator/ingest/ingest_service.h"
#include "aggregator/live/agent_streams.h"
#include "aggregator/live/alert_feed.h"
#include "aggregator/live/feed.h"
#include "aggregator/live/intervals.h"
#include "aggregator/live/token_watch.h"
#include "aggregator/live/viewer_streams.h"
#include "aggregator/notify/notifier.h"
#include "aggregator/postgres/database.h"
#include "aggregator/postgres/listener.h"
#include "aggregator/schema/partitions.h"
#include "aggregator/sealed/seal_job.h"
#include "aggregator/tasks/alert_check.h"
#include "aggregator/tasks/leader.h"
#include "aggregator/tasks/maintenance.h"
#include "aggregator/tasks/scheduler.h"
#include "common/clock.h"
#include "common/metrics.h"
#include "common/settings/settings.h"

namespace chorus::cli {

// Everything but the HTTP server. Members are destroyed in the reverse order, so each before the
// parts that it uses.
struct Runtime {
    explicit Runtime(const Config& config);

    // Starts cache, ingest and background tasks, and stops them in the order that loses nothing.
    void start();
    void stop();
    // Makes the schema and the stock rules once PostgreSQL answers. After that it does nothing.
    // Throws store::SchemaMismatch, DatabaseError.
    void prepare();
    // Only the background tasks, and the lease that decides which of them run here.
    void start_tasks();
    void stop_tasks();

    SystemClock clock;
    MetricsRegistry metrics;
    store::Retention retention;
    store::Database queries;      // of the API: short statements
    store::Database maintenance;  // of ingest and tasks: statements without a time limit
    store::Partitions partitions;
    store::TokenStore tokens;
    cache::CacheReader cache_reader;
    cache::CacheWriter cache_writer;
    cache::EntryWriter cache_entries;
    http::StreamHub streams;
    live::ViewerStreams viewers;
    live::AgentStreams agents;
    live::Intervals intervals;
    live::TokenWatch token_watch;
    live::Feed feed;
    live::AlertFeed alert_feed;
    ingest::IngestService ingest;
    health::ServiceMonitor health;
    health::AgentServices agent_services;
    tasks::Maintenance upkeep;
    store::SealJob sealing;        // of metrics
    store::SealJob table_sealing;  // of process tables
    store::Listener listener;      // of alert transitions; handlers are added before start()
    notify::Channels channels;
    notify::Notifier notifier;
    tasks::Leader leader;
    alerts::Engine engine;
    tasks::AlertCheck alert_check;
    tasks::Scheduler scheduler;

  private:
    void add_tasks(const Config& config);
    void send_heartbeat();

    const std::optional<std::vector<store::StockRule>> stock_rules_;  // none: not wanted
    std::chrono::steady_clock::time_point heartbeat_not_before_{};    // as its receiver asked
};

// Blocks the signals that end or reload the program, in every thread that is made after this call.
sigset_t block_signals();
// Waits for one of them. Returns SIGTERM for an end, SIGHUP for a reload.
int wait_for_signal(const sigset_t& signals);
// Makes wait_for_signal return SIGTERM, and the program exit with this code.
void request_end(int exit_code);
int requested_exit_code();

}  // namespace chorus::cli
