#include "agent/commands.h"

#include <malloc.h>

#include <cerrno>
#include <chrono>
#include <cmath>
#include <csignal>
#include <ctime>
#include <iostream>
#include <system_error>
#include <thread>

#include "agent/cycle.h"
#include "agent/orders.h"
#include "agent/push/delivery.h"
#include "agent/push/identity.h"
#include "agent/push/order_stream.h"
#include "agent/push/sender.h"
#include "agent/services/service_checks.h"
#include "agent/spool/dead_letter.h"
#include "agent/status/budget.h"
#include "agent/status/own_metrics.h"
#include "agent/status/status_server.h"
#include "common/log.h"
#include "common/service_manager.h"
#include "common/settings/listening_port.h"

namespace chorus::agent {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr Logger kLog{"agent"};
constexpr milliseconds kFirstGap{300};  // between the silent sample and the first batch
constexpr milliseconds kLeastGap{250};  // between two batches
constexpr milliseconds kRequestLimit{30'000};
constexpr milliseconds kFarewell{5'000};

// Not std::random_device, which would tie the program to the newest glibc there is.
std::uint32_t random_seed() {
    return static_cast<std::uint32_t>(std::hash<Uuid>{}(Uuid::random()));
}

sigset_t awaited_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP, Orders::kCollect, Orders::kInterval}) {
        sigaddset(&set, signal);
    }
    return set;
}

// The signal that came within `time`, 0 if none did. The service manager's watchdog is told that
// this loop goes round.
int signal_within(nanoseconds time) {
    const sigset_t set = awaited_signals();
    const auto until = std::chrono::steady_clock::now() + time;
    const auto watchdog = watchdog_period();
    for (;;) {
        auto left = std::max(nanoseconds{0}, nanoseconds(until - std::chrono::steady_clock::now()));
        const bool last = !watchdog || left <= *watchdog;
        if (watchdog) {
            notify_service_manager("WATCHDOG=1");
            left = std::min(left, nanoseconds(*watchdog));
        }
        const auto seconds = std::chrono::floor<std::chrono::seconds>(left);
        timespec wait{};
        wait.tv_sec = seconds.count();
        wait.tv_nsec = (left - seconds).count();
        const int signal = ::sigtimedwait(&set, nullptr, &wait);
        if (signal > 0) return signal;
        if (errno == EAGAIN && last) return 0;
    }
}

// Kept for the whole run of a command.
struct Parts {
    // `state_dir` is where batches that are refused go, empty = nowhere.
    Parts(const AgentConfig& config, const Uuid& id, const std::string& state_dir)
        : cycle(config, id, Uuid::random(), clock, boot_clock),
          client(config.endpoint, config.token, kRequestLimit),
          dead_letter(state_dir, disk),
          epochs(state_dir.empty() ? std::string{} : state_dir + "/epochs"),
          note(delivery_note_path(state_dir)),
          delivery([this](std::string_view body) { return post(body); },
                   [this, keep = !state_dir.empty()](const PackedBatch& batch) {
                       if (keep) dead_letter.keep(batch.time, batch.json_zstd);
                   },
                   clock, epochs, note, config.interval_seconds, Backoff(random_seed())) {}

    std::variant<Answer, NoAnswer> post(std::string_view body) {
        const auto start = clock.steady();
        auto result = client.post(body);
        const std::chrono::duration<double> took = clock.steady() - start;
        const auto* answer = std::get_if<Answer>(&result);
        own.pushed(answer != nullptr ? answer->status : 0, took.count());
        return result;
    }

    SystemClock clock;
    SystemBootClock boot_clock;
    DiskCalls disk;
    OwnMetrics own;
    Cycle cycle;
    IngestClient client;
    DeadLetter dead_letter;
    EpochMap epochs;
    DeliveryNote note;
    Delivery delivery;
};

// What `systemctl status` shows.
std::string status_line(const OutboxCounts& waiting, const DeliveryCounts& delivery) {
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

// When the next cycle is due. One that was missed is left out, not made up for; one that was asked
// for in between moves none.
class Schedule {
  public:
    explicit Schedule(nanoseconds interval) : interval_(interval), due_(Clock::now()) {}

    nanoseconds until_next() {
        const auto now = Clock::now();
        if (due_ <= now) due_ += ((now - due_) / interval_ + 1) * interval_;
        return due_ - now;
    }

  private:
    using Clock = std::chrono::steady_clock;
    nanoseconds interval_;
    Clock::time_point due_;
};

void tell_dropped(std::uint64_t dropped, std::uint64_t& told) {
    if (dropped > told) {
        kLog.warning("No room for more batches; the oldest were dropped",
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
            kLog.info("Batches of an earlier run wait in the spool",
                      {{"batches", spool->size()}, {"bytes", spool->bytes()}});
        }
        return spool;
    } catch (const std::system_error& error) {
        kLog.warning("No spool; batches that wait are kept in memory only",
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
        kLog.error(
            "No status is served",
            {{"status_port", port},
             {"error", cannot_listen("127.0.0.1", port, error.code().value(), "--status-port")}});
        return nullptr;
    }
}

AgentState state_of(const Outbox& outbox, const DeliveryCounts& delivery, const Clock& clock) {
    const OutboxCounts waiting = outbox.counts();
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
bool within_budget(Budget& budget, Parts& parts, nanoseconds took) {
    const CycleCost cost{.rss_bytes = own_rss_bytes(), .took = took};
    switch (budget.judge(cost, parts.clock.steady())) {
        case Budget::Verdict::keep_on:
            return true;
        case Budget::Verdict::do_less:
            kLog.warning(
                "The agent costs more than it may; fewer processes are told of, without "
                "command lines",
                {{"rss_bytes", cost.rss_bytes.value_or(0)},
                 {"duration_seconds", std::chrono::duration<double>(took).count()}});
            parts.cycle.do_less();
            return true;
        case Budget::Verdict::begin_anew:
            kLog.warning("The agent still takes more memory than it may and begins anew",
                         {{"rss_bytes", cost.rss_bytes.value_or(0)}});
            return false;
    }
    return true;
}

// Listens to what the aggregator asks for, unless the configuration says otherwise.
std::unique_ptr<OrderStream> listen_to_orders(const AgentConfig& config, Parts& parts,
                                              const Uuid& id, Orders& orders) {
    if (!config.listens) return nullptr;
    return std::make_unique<OrderStream>(
        parts.client.dialer(), config.token, id,
        OrderHandlers{[&orders](bool processes) { orders.ask_to_collect(processes); },
                      [&orders](std::optional<double> seconds) { orders.ask_interval(seconds); }},
        Backoff(random_seed()));
}

// Collects and sends until a signal that ends it, which it answers.
int run_cycles(const AgentConfig& config, Orders& orders) {
    const Uuid id = agent_identity(config.spool_dir, config.machine_id_file);
    Parts parts(config, id, config.spool_dir);
    Outbox outbox(open_spool(config, parts.disk), config.queue_max_batches);
    kLog.info("Agent started", {{"version", CHORUS_VERSION},
                                {"hostname", config.hostname},
                                {"agent_id", id.to_string()},
                                {"aggregator", config.endpoint.host},
                                {"port", config.endpoint.port},
                                {"interval_seconds", config.interval_seconds}});
    Sender sender(outbox, parts.delivery, pace_of(config.collect.interval));
    const auto status = serve_status(config.status_port, parts.own);
    auto stream = listen_to_orders(config, parts, id, orders);
    ServiceChecks services(config.services, config.services_ca_file);
    std::uint64_t told_dropped = 0;
    Budget budget(config.memory_limit_bytes, config.collect.interval);
    int signal = signal_within(kFirstGap);
    Schedule schedule(config.collect.interval);
    while (signal == 0 || signal == Orders::kCollect) {
        const bool processes = signal == 0 || orders.take_processes();
        const AgentState state = state_of(outbox, parts.delivery.counts(), parts.clock);
        const auto begin = std::chrono::steady_clock::now();
        const Batch& batch = parts.cycle.collect(state, processes, services.take());
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
        parts.own.collected(batch, took.count(), parts.cycle.faults(), state,
                            parts.delivery.counts());
        outbox.push(parts.cycle.pack());
        tell_dropped(outbox.counts().dropped, told_dropped);
        ::malloc_trim(0);
        if (!within_budget(budget, parts, std::chrono::steady_clock::now() - begin)) {
            signal = SIGHUP;
            break;
        }
        notify_service_manager(status_line(outbox.counts(), parts.delivery.counts()));
        do {
            signal = signal_within(schedule.until_next());
        } while (signal == Orders::kInterval && !orders.differs(config.interval_seconds));
        // Rates over a moment say nothing.
        if (signal == Orders::kCollect) std::this_thread::sleep_until(begin + kLeastGap);
    }
    if (signal != Orders::kInterval) {
        notify_service_manager(signal == SIGHUP ? "RELOADING=1" : "STOPPING=1");
    }
    stream.reset();
    parts.client.bring_forward(Deadline::Clock::now() + kFarewell);
    sender.finish();
    outbox.stow_live();
    const OutboxCounts left = outbox.counts();
    kLog.info("Agent stopped", {{"batches_stored", parts.delivery.counts().stored.load()},
                                {"batches_expired", parts.delivery.counts().expired.load()},
                                {"batches_unsent", left.batches},
                                {"kept_on_disk", left.on_disk}});
    return signal;
}

}  // namespace

std::optional<ExitCode> run_daemon(const AgentConfig& config) {
    // Before any thread starts, so that all of them leave these signals to signal_within().
    const sigset_t signals = awaited_signals();
    ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    Orders orders(config.interval_seconds);
    AgentConfig current = config;
    for (;;) {
        const int signal = run_cycles(current, orders);
        if (signal == SIGHUP) return std::nullopt;
        if (signal != Orders::kInterval) return ExitCode::ok;
        // All that judges rates knows the interval: begin anew with the other one.
        current.interval_seconds = orders.interval();
        current.collect.interval = std::chrono::duration_cast<nanoseconds>(
            std::chrono::duration<double>(current.interval_seconds));
        kLog.info("The aggregator asked for another interval",
                  {{"interval_seconds", current.interval_seconds}});
    }
}

ExitCode run_once(const AgentConfig& config) {
    Parts parts(config, agent_identity(config.spool_dir, config.machine_id_file), {});
    std::this_thread::sleep_for(kFirstGap);
    parts.cycle.collect();
    PackedBatch batch = parts.cycle.pack();
    Step step;
    do {
        step = parts.delivery.attempt(batch);
    } while (step.outcome == Outcome::again);
    switch (step.outcome) {
        case Outcome::stored:
            return ExitCode::ok;
        case Outcome::expired:
            return ExitCode::unavailable;
        case Outcome::dropped:
            return ExitCode::internal;
        case Outcome::not_allowed:
            return ExitCode::no_permission;
        case Outcome::again:
        case Outcome::away:
            break;
    }
    return ExitCode::unavailable;
}

ExitCode run_test(const AgentConfig& config) {
    const SystemClock clock;
    const SystemBootClock boot_clock;
    const Uuid id = peek_identity(config.spool_dir, config.machine_id_file);
    Cycle cycle(config, id, Uuid::random(), clock, boot_clock);
    std::this_thread::sleep_for(kFirstGap);
    cycle.collect();
    std::cout << cycle.json() << '\n' << std::flush;
    return std::cout ? ExitCode::ok : ExitCode::io_error;
}

}  // namespace chorus::agent
