#include "aggregator/cli/runtime.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>

#include "aggregator/access/host_settings.h"
#include "aggregator/alerts/silencing.h"
#include "aggregator/cli/commands.h"
#include "aggregator/rules/stock_rules.h"
#include "aggregator/sealed/processes/process_days.h"
#include "aggregator/sealed/seal_metrics.h"
#include "common/descriptor_limit.h"
#include "common/log.h"
#include "common/settings/exit_codes.h"

namespace chorus::cli {
namespace {

constexpr Logger kRuntimeLog{"main"};
std::atomic<int> exit_code{0};  // set by a task, read by main after the end

std::optional<std::chrono::days> days(const Config& config, const char* setting) {
    const auto n = config.integer(setting);
    return n == 0 ? std::nullopt : std::optional{std::chrono::days{n}};
}

store::Retention retention_of(const Config& config) {
    store::Retention retention;
    retention.system = days(config, "retention-system-days");
    retention.process = days(config, "retention-process-days");
    retention.resolved_alerts = days(config, "retention-alert-days");
    retention.events = retention.system;
    retention.hourly = days(config, "retention-hourly-days");
    retention.daily = days(config, "retention-daily-days");
    return retention;
}

store::DatabaseOptions maintenance_options(const Config& config) {
    // A session for each writer, for binding tokens, the lease, the listener, and some for tasks.
    auto options = database_options(config, static_cast<int>(config.integer("ingest-writers")) + 9);
    options.statement_timeout = std::chrono::milliseconds{0};
    return options;
}

store::SealOptions seal_options(const Config& config) {
    store::SealOptions options;
    options.cpu_percent = static_cast<int>(config.integer("seal-cpu-percent"));
    return options;
}

health::ProberOptions prober_options(const Config& config) {
    health::ProberOptions options;
    options.ca_file = config.text("health-ca-file");
    return options;
}

notify::NotifySettings checked_notify_settings(const Config& config) {
    std::vector<std::string> faults;  // main has refused faulty ones
    return notify_settings(config, faults);
}

ingest::IngestOptions ingest_options(const Config& config, live::Feed& feed) {
    ingest::IngestOptions options;
    options.writers = static_cast<int>(config.integer("ingest-writers"));
    options.queue_batches = static_cast<std::size_t>(config.integer("ingest-queue-batches"));
    options.on_stored = [&feed](const Batch& batch) { feed.on_stored(batch); };
    return options;
}

alerts::EngineOptions engine_options(const Config& config) {
    alerts::EngineOptions options;
    options.period = std::chrono::seconds{config.integer("alert-check-interval")};
    options.most_open_alerts = static_cast<std::size_t>(config.integer("max-open-alerts"));
    options.max_response_time_ms = config.number("response-time-alert-threshold");
    return options;
}

std::optional<std::vector<store::StockRule>> wanted_stock_rules(const Config& config) {
    if (!config.boolean("stock-rules")) return std::nullopt;
    return alerts::stock_rules({config.number("cpu-alert-threshold"),
                                config.number("memory-alert-threshold"),
                                config.number("disk-alert-threshold")});
}

// Each agent that listens holds a descriptor; connections and the program itself come first.
std::size_t room_for_agents(const Config& config) {
    constexpr std::uint64_t most = 20'000;
    constexpr std::uint64_t others = 200;
    const std::uint64_t taken =
        static_cast<std::uint64_t>(config.integer("max-connections")) + others;
    const std::uint64_t limit = raise_descriptor_limit();
    return limit > taken ? std::min(most, limit - taken) : 0;
}

}  // namespace

Runtime::Runtime(const Config& config)
    : retention(retention_of(config)),
      queries(database_options(config, static_cast<int>(config.integer("database-pool-size")))),
      maintenance(maintenance_options(config)),
      partitions(maintenance, clock, retention),
      tokens(maintenance),
      cache_reader(cache::parse_redis_url(config.text("redis-url")), metrics),
      cache_writer(cache::parse_redis_url(config.text("redis-url")), {}, metrics),
      cache_entries(cache::parse_redis_url(config.text("redis-url")), metrics),
      viewers(streams, clock, metrics),
      agents(streams, metrics, room_for_agents(config)),
      intervals(agents, queries),
      token_watch(viewers, agents, queries),
      feed(viewers, queries, clock),
      alert_feed(viewers, queries),
      ingest(maintenance, partitions, tokens, &cache_writer, clock, retention,
             ingest_options(config, feed), metrics),
      health(checked_services(config).services, address_rules(config), prober_options(config),
             maintenance, cache_entries, clock, metrics),
      agent_services(maintenance, cache_entries, clock),
      upkeep(maintenance, clock, partitions, retention),
      sealing(maintenance, seal_options(config), [this] { return !scheduler.running(); }),
      table_sealing(
          maintenance, seal_options(config), [this] { return !scheduler.running(); },
          store::process_table_days()),
      listener(maintenance),
      channels(checked_notify_settings(config), clock),
      notifier(maintenance, channels, own_hostname() + "/" + Uuid::random().to_string(), {},
               metrics),
      leader(maintenance, clock, own_hostname() + "/" + std::to_string(getpid()),
             std::chrono::seconds{config.integer("leader-lease")}, metrics),
      engine(maintenance, clock, engine_options(config), metrics),
      alert_check(health, engine, maintenance, clock, [this] { return leader.epoch(); }),
      // A leader's task that ran too early would fail, and come again a whole period later.
      scheduler(clock, metrics,
                [this] { return upkeep.prepared() ? leader.epoch() : std::nullopt; }),
      stock_rules_(wanted_stock_rules(config)) {
    register_process_metrics(metrics, "aggregator");
    store::register_seal_metrics(metrics, sealing);
    store::register_table_seal_metrics(metrics, table_sealing);
    listener.add([this](std::optional<std::int64_t>) { notifier.wake(); });
    listener.add([this](std::optional<std::int64_t> id) { alert_feed.on_transition(id); });
    add_tasks(config);
}

void Runtime::prepare() {
    if (upkeep.prepared()) return;
    upkeep.prepare();
    notifier.announce();
    if (!stock_rules_) return;
    const int made = store::seed_stock_rules(*maintenance.acquire(), *stock_rules_);
    if (made > 0) kRuntimeLog.info("Stock alert rules made", {{"rules", made}});
}

void Runtime::add_tasks(const Config& config) {
    scheduler.add("database", std::chrono::seconds{2}, [this] {
        try {
            prepare();
        } catch (const store::SchemaMismatch& e) {
            kRuntimeLog.error("The database does not fit this program", {{"error", e.what()}});
            request_end(to_int(ExitCode::config));
        }
    });
    scheduler.add("channels", std::chrono::minutes{1}, [this] {
        if (upkeep.prepared()) notifier.announce();  // the first time: see prepare()
    });
    scheduler.add("live", std::chrono::seconds{2}, [this] {
        if (!upkeep.prepared()) return;
        intervals.refresh();
        feed.watch_hosts();
        feed.watch_services();
    });
    scheduler.add("streams", std::chrono::seconds{1}, [this] {
        if (upkeep.prepared()) token_watch.look();
    });
    scheduler.add_for_leader("health_checks", health.period(),
                             [this](std::int64_t epoch) { health.round(epoch); });
    scheduler.add_for_leader("agent_services", std::chrono::seconds{5},
                             [this](std::int64_t epoch) { agent_services.round(epoch); });
    scheduler.add_for_leader("alert_check",
                             std::chrono::seconds{config.integer("alert-check-interval")},
                             [this](std::int64_t epoch) {
                                 engine.round(epoch);
                                 send_heartbeat();
                             });
    scheduler.add_for_leader("silences", std::chrono::seconds{15}, [this](std::int64_t epoch) {
        alerts::apply_silences_as_leader(maintenance, epoch, clock.now());
    });
    scheduler.add_for_leader("notifications", std::chrono::minutes{1}, [this](std::int64_t epoch) {
        notifier.give_up_old(epoch);
        notifier.repeat_to_alertmanager();
    });
    scheduler.add_for_leader("cleanup", std::chrono::hours{1},
                             [this](std::int64_t epoch) { upkeep.clean_up(epoch); });
    if (sealing.options().cpu_percent > 0) {
        scheduler.add_for_leader("sealing", std::chrono::hours{1}, [this](std::int64_t epoch) {
            sealing.run(epoch);
            table_sealing.run(epoch);
        });
    }
    scheduler.add_for_leader("removed_hosts", std::chrono::minutes{1}, [this](std::int64_t epoch) {
        store::RemovedHosts{maintenance}.clean_up(epoch);
    });
}

void Runtime::send_heartbeat() {
    const auto now = std::chrono::steady_clock::now();
    if (now < heartbeat_not_before_) return;
    const auto sent = channels.send_heartbeat();
    heartbeat_not_before_ = now + sent.asked_wait;
    if (!sent.error.empty()) kRuntimeLog.warning("Heartbeat not sent", {{"error", sent.error}});
}

void Runtime::start() {
    streams.start();
    feed.start();
    cache_writer.start();
    ingest.start();
    start_tasks();
}

void Runtime::stop() {
    ingest.stop();
    stop_tasks();
    feed.stop();
    streams.stop();
    cache_writer.stop();
}

void Runtime::start_tasks() {
    listener.start();
    notifier.start();
    leader.start();
    scheduler.start();
}

void Runtime::stop_tasks() {
    health.stop();  // or a hanging check would hold up the end
    alert_check.stop();
    scheduler.stop();
    leader.stop();
    listener.stop();
    notifier.stop();
}

sigset_t block_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int s : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, s);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    return signals;
}

int wait_for_signal(const sigset_t& signals) {
    int signal = 0;
    while (sigwait(&signals, &signal) != 0) {
    }
    return signal == SIGHUP ? SIGHUP : SIGTERM;
}

void request_end(int code) {
    exit_code = code;
    kill(getpid(), SIGTERM);
}

int requested_exit_code() {
    return exit_code;
}

std::string own_hostname() {
    std::array<char, 256> name{};
    gethostname(name.data(), name.size() - 1);
    return name.data();
}

}  // namespace chorus::cli
