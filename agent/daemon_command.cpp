// The agent as a daemon: cycles at their intervals, and what comes in between.
#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <system_error>
#include <thread>

#include "agent/commands.h"
#include "agent/orders.h"
#include "agent/pipeline.h"
#include "agent/push/identity.h"
#include "agent/push/order_stream.h"
#include "agent/push/send_queue.h"
#include "agent/push/sender.h"
#include "agent/schedule.h"
#include "agent/services/service_checks.h"
#include "agent/spool/spool.h"
#include "agent/status/budget.h"
#include "agent/status/status_server.h"
#include "common/log.h"
#include "common/service_manager.h"
#include "common/settings/listening_port.h"

namespace chorus::agent {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr Logger kDaemonCommandLog{"agent"};
constexpr milliseconds kLeastGap{250};  // between two batches
constexpr milliseconds kFarewell{5'000};

// What `systemctl status` shows.
std::string status_line(const SendQueueCounts& waiting, const DeliveryCounts& delivery) {
    return "READY=1\nSTATUS=" + std::to_string(delivery.stored) + " batches stored, " +
           std::to_string(waiting.batches) + " wait" +
           (delivery.expired > 0 ? ", " + std::to_string(delivery.expired) + " not stored: expired"
                                 : std::string{});
}

// An outage of a day at 30 s is made up for in an hour or two, without a rush at its end.
milliseconds pace_of(nanoseconds interval) {
    constexpr int faster_than_collected = 20;
    return std::chrono::duration_cast<milliseconds>(interval / faster_than_collected);
}

void tell_dropped(std::uint64_t dropped, std::uint64_t& told) {
    if (dropped > told) {
        kDaemonCommandLog.warning("No room for more batches; the oldest were dropped",
                                  {{"dropped", dropped - told}, {"dropped_since_start", dropped}});
    }
    told = dropped;
}

// Batches are kept in memory where the directory cannot be used.
std::unique_ptr<Spool> open_spool(const AgentConfig& config, DiskCalls& disk) {
    try {
        auto spool =
            std::make_unique<Spool>(config.spool_dir + "/spool", config.spool_max_bytes, disk);
        if (spool->size() > 0) {
            kDaemonCommandLog.info("Batches of an earlier run wait in the spool",
                                   {{"batches", spool->size()}, {"bytes", spool->bytes()}});
        }
        return spool;
    } catch (const std::system_error& error) {
        kDaemonCommandLog.warning(
            "No spool; batches that wait are kept in memory only",
            {{"spool_dir", config.spool_dir}, {"error", error.code().message()}});
        return nullptr;
    }
}

// The agent does its work without it.
std::unique_ptr<StatusServer> serve_status(std::uint16_t port, const OwnMetrics& own) {
    if (port == 0) return nullptr;
    try {
        return std::make_unique<StatusServer>(
            port,
            StatusServer::Pages{
                {"/metrics",
                 {"text/plain; version=0.0.4; charset=utf-8", [&own] { return own.prometheus(); }}},
                {"/status", {"application/json", [&own] { return own.status(); }}},
                {"/health", {"text/plain; charset=utf-8", [] { return std::string("ok\n"); }}}});
    } catch (const std::system_error& error) {
        kDaemonCommandLog.error(
            "No status is served",
            {{"status_port", port},
             {"error", cannot_listen("127.0.0.1", port, error.code().value(), "--status-port")}});
        return nullptr;
    }
}

AgentState state_of(const SendQueue& queue, const DeliveryCounts& delivery, const Clock& clock) {
    const SendQueueCounts waiting = queue.counts();
    AgentState state{
        .dropped = waiting.dropped + waiting.lost + delivery.refused + delivery.expired,
        .spool_batches = waiting.batches,
        .spool_bytes = waiting.bytes,
        .push_latency_ms = delivery.latency_ms,
        .clock_skew_ms = delivery.skew_ms};
    if (waiting.oldest_time) {
        const std::chrono::duration<double> now = clock.now().time_since_epoch();
        state.spool_oldest_seconds = std::max(0.0, std::floor(now.count() - *waiting.oldest_time));
    }
    return state;
}

// False if the agent has to begin anew.
bool within_budget(Budget& budget, Pipeline& pipeline, nanoseconds took) {
    const CycleCost cost{.rss_bytes = own_rss_bytes(), .took = took};
    switch (budget.judge(cost, pipeline.clock.steady())) {
        case Budget::Verdict::keep_on:
            return true;
        case Budget::Verdict::do_less:
            kDaemonCommandLog.warning(
                "The agent costs more than it may; fewer processes are told of, without "
                "command lines",
                {{"rss_bytes", cost.rss_bytes.value_or(0)},
                 {"duration_seconds", std::chrono::duration<double>(took).count()}});
            pipeline.cycle.do_less();
            return true;
        case Budget::Verdict::begin_anew:
            kDaemonCommandLog.warning(
                "The agent still takes more memory than it may and begins anew",
                {{"rss_bytes", cost.rss_bytes.value_or(0)}});
            return false;
    }
    return true;
}

// Listens to what the aggregator asks for, unless the configuration says otherwise.
std::unique_ptr<OrderStream> listen_to_orders(const AgentConfig& config, Pipeline& pipeline,
                                              const Uuid& id, Orders& orders) {
    if (!config.listens) return nullptr;
    return std::make_unique<OrderStream>(
        pipeline.client.dialer(), config.token, id,
        OrderHandlers{[&orders](bool processes) { orders.ask_to_collect(processes); },
                      [&orders](std::optional<double> seconds) { orders.ask_interval(seconds); }},
        Backoff(random_seed()));
}

// Collects and sends until an order that ends it, which it answers.
Order run_cycles(const AgentConfig& config, Orders& orders) {
    const Uuid id = agent_identity(config.spool_dir, config.machine_id_file);
    Pipeline pipeline(config, id, config.spool_dir);
    SendQueue queue(open_spool(config, pipeline.disk), config.queue_max_batches);
    kDaemonCommandLog.info("Agent started", {{"version", CHORUS_VERSION},
                                             {"hostname", config.hostname},
                                             {"agent_id", id.to_string()},
                                             {"aggregator", config.endpoint.host},
                                             {"port", config.endpoint.port},
                                             {"interval_seconds", config.interval_seconds}});
    Sender sender(queue, pipeline.delivery, pace_of(config.collect.interval));
    const auto status = serve_status(config.status_port, pipeline.own);
    auto stream = listen_to_orders(config, pipeline, id, orders);
    ServiceChecks services(config.services, config.services_ca_file);
    std::uint64_t told_dropped = 0;
    Budget budget(config.memory_limit_bytes, config.collect.interval);
    auto order = orders.await(kFirstGap);
    Schedule schedule(config.collect.interval);
    while (!order || order == Order::collect) {
        const bool processes = !order || orders.take_processes();
        const AgentState state = state_of(queue, pipeline.delivery.counts(), pipeline.clock);
        const auto begin = std::chrono::steady_clock::now();
        const Batch& batch = pipeline.cycle.collect(state, processes, services.take());
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
        pipeline.own.collected(batch, took.count(), pipeline.cycle.faults(), state,
                               pipeline.delivery.counts());
        queue.push(pipeline.cycle.pack());
        tell_dropped(queue.counts().dropped, told_dropped);
        ::malloc_trim(0);
        if (!within_budget(budget, pipeline, std::chrono::steady_clock::now() - begin)) {
            order = Order::reload;
            break;
        }
        notify_service_manager(status_line(queue.counts(), pipeline.delivery.counts()));
        do {
            order = orders.await(schedule.until_next());
        } while (order == Order::change_interval && !orders.differs(config.interval_seconds));
        // Rates over a moment say nothing.
        if (order == Order::collect) std::this_thread::sleep_until(begin + kLeastGap);
    }
    if (order != Order::change_interval) {
        notify_service_manager(order == Order::reload ? "RELOADING=1" : "STOPPING=1");
    }
    stream.reset();
    pipeline.client.bring_forward(Deadline::Clock::now() + kFarewell);
    sender.finish();
    queue.move_live_to_backlog();
    const SendQueueCounts left = queue.counts();
    kDaemonCommandLog.info("Agent stopped",
                           {{"batches_stored", pipeline.delivery.counts().stored.load()},
                            {"batches_expired", pipeline.delivery.counts().expired.load()},
                            {"batches_unsent", left.batches},
                            {"kept_on_disk", left.on_disk}});
    return *order;
}

}  // namespace

std::optional<ExitCode> run_daemon(const AgentConfig& config) {
    Orders orders(config.interval_seconds);
    AgentConfig current = config;
    for (;;) {
        const Order order = run_cycles(current, orders);
        if (order == Order::reload) return std::nullopt;
        if (order == Order::stop) return ExitCode::ok;
        // All that judges rates knows the interval: begin anew with the other one.
        current.interval_seconds = orders.interval();
        current.collect.interval = std::chrono::duration_cast<nanoseconds>(
            std::chrono::duration<double>(current.interval_seconds));
        kDaemonCommandLog.info("The aggregator asked for another interval",
                               {{"interval_seconds", current.interval_seconds}});
    }
}

}  // namespace chorus::agent
