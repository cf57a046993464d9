#include "agent/commands.h"

#include <malloc.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <ctime>
#include <iostream>
#include <random>
#include <thread>

#include "agent/cycle.h"
#include "agent/push/delivery.h"
#include "agent/push/identity.h"
#include "agent/push/sender.h"
#include "common/log.h"

namespace chorus::agent {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr Logger kLog{"agent"};
constexpr milliseconds kFirstGap{300};  // between the silent sample and the first batch
constexpr milliseconds kRequestLimit{30'000};
constexpr milliseconds kFarewell{5'000};

sigset_t awaited_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, signal);
    return set;
}

// Whether a signal to stop came within `time`.
bool stopped_within(nanoseconds time) {
    const sigset_t set = awaited_signals();
    const auto until = std::chrono::steady_clock::now() + time;
    for (;;) {
        const auto left =
            std::max(nanoseconds{0}, nanoseconds(until - std::chrono::steady_clock::now()));
        const auto seconds = std::chrono::floor<std::chrono::seconds>(left);
        timespec wait{};
        wait.tv_sec = seconds.count();
        wait.tv_nsec = (left - seconds).count();
        const int signal = ::sigtimedwait(&set, nullptr, &wait);
        if (signal == SIGHUP) {
            kLog.info("SIGHUP is ignored; the configuration is read at the start only");
            continue;
        }
        if (signal > 0) return true;
        if (errno == EAGAIN) return false;
    }
}

// Kept for the whole run of a command.
struct Parts {
    explicit Parts(const AgentConfig& config, const Uuid& id)
        : cycle(config, id, epoch, clock, boot_clock),
          client(config.endpoint, config.token, kRequestLimit),
          delivery([this](std::string_view body) { return client.post(body); }, clock, epoch,
                   config.interval_seconds, Backoff(std::random_device{}())) {}

    SystemClock clock;
    SystemBootClock boot_clock;
    Uuid epoch = Uuid::random();
    Cycle cycle;
    IngestClient client;
    Delivery delivery;
};

// When the next cycle is due. One that was missed is left out, not made up for.
class Schedule {
  public:
    explicit Schedule(nanoseconds interval) : interval_(interval), due_(Clock::now()) {}

    nanoseconds until_next() {
        const auto now = Clock::now();
        due_ += interval_;
        if (due_ <= now) due_ += ((now - due_) / interval_ + 1) * interval_;
        return due_ - now;
    }

  private:
    using Clock = std::chrono::steady_clock;
    nanoseconds interval_;
    Clock::time_point due_;
};

void tell_dropped(const BatchQueue& queue, std::uint64_t& told) {
    const auto dropped = queue.dropped();
    if (dropped > told) {
        kLog.warning("Queue is full; the oldest batches were dropped",
                     {{"dropped", dropped - told}, {"dropped_since_start", dropped}});
    }
    told = dropped;
}

}  // namespace

ExitCode run_daemon(const AgentConfig& config) {
    // Before any thread starts, so that all of them leave these signals to stopped_within().
    const sigset_t signals = awaited_signals();
    ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    const Uuid id = agent_identity(config.spool_dir, config.machine_id_file);
    Parts parts(config, id);
    kLog.info("Agent started", {{"version", CHORUS_VERSION},
                                {"hostname", config.hostname},
                                {"agent_id", id.to_string()},
                                {"aggregator", config.endpoint.host},
                                {"port", config.endpoint.port},
                                {"interval_seconds", config.interval_seconds}});
    BatchQueue queue(config.queue_max_batches);
    Sender sender(queue, parts.delivery);
    std::uint64_t told_dropped = 0;
    bool stop = stopped_within(kFirstGap);
    Schedule schedule(config.collect.interval);
    while (!stop) {
        parts.cycle.collect(queue.dropped() + parts.delivery.counts().refused.load());
        queue.push(parts.cycle.pack());
        tell_dropped(queue, told_dropped);
        ::malloc_trim(0);
        stop = stopped_within(schedule.until_next());
    }
    parts.client.bring_forward(Deadline::Clock::now() + kFarewell);
    sender.finish();
    kLog.info("Agent stopped", {{"batches_stored", parts.delivery.counts().stored.load()},
                                {"batches_unsent", queue.size()}});
    return ExitCode::ok;
}

ExitCode run_once(const AgentConfig& config) {
    Parts parts(config, agent_identity(config.spool_dir, config.machine_id_file));
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
