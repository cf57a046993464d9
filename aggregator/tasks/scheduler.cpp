#include "aggregator/tasks/scheduler.h"

#include <random>

#include "aggregator/postgres/database_error.h"
#include "aggregator/schema/lease.h"
#include "common/log.h"

namespace chorus::tasks {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr Logger kSchedulerLog{"tasks"};
constexpr std::chrono::milliseconds kAskForLeadership{250};
constexpr std::chrono::milliseconds kLongestJitter{2'000};

std::chrono::milliseconds jitter(std::chrono::seconds period) {
    const auto most = std::min(kLongestJitter, std::chrono::milliseconds{period} / 20);
    thread_local std::minstd_rand random{std::random_device{}()};
    return std::chrono::milliseconds{
        std::uniform_int_distribution<std::int64_t>{0, most.count()}(random)};
}

double seconds(std::chrono::nanoseconds d) {
    return std::chrono::duration<double>(d).count();
}

}  // namespace

Scheduler::Task& Scheduler::add_task(std::string name, std::chrono::seconds period) {
    auto task = std::make_unique<Task>();
    const Labels labels{{"task", name}};
    task->last_run_gauge =
        &metrics_.gauge("chorus_aggregator_background_task_last_run_timestamp_seconds",
                        "When the task last ended, seconds since 1970.", labels);
    task->duration = &metrics_.histogram("chorus_aggregator_background_task_duration_seconds",
                                         "How long a run of the task took.", labels);
    task->status.name = std::move(name);
    task->status.period = period;
    tasks_.push_back(std::move(task));
    return *tasks_.back();
}

void Scheduler::add(std::string name, std::chrono::seconds period, std::function<void()> work) {
    add_task(std::move(name), period).work = [work = std::move(work)](std::int64_t) { work(); };
}

void Scheduler::add_for_leader(std::string name, std::chrono::seconds period,
                               std::function<void(std::int64_t)> work) {
    Task& task = add_task(std::move(name), period);
    task.status.leader_only = true;
    task.work = std::move(work);
}

void Scheduler::start() {
    kSchedulerLog.info("Starting background tasks", {{"task_count", tasks_.size()}});
    {
        const std::lock_guard lock(mutex_);
        started_ = true;
        stopping_ = false;
    }
    for (auto& task : tasks_) task->thread = std::thread([this, &t = *task] { loop(t); });
}

void Scheduler::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        started_ = false;
    }
    wake_.notify_all();
    for (auto& task : tasks_) {
        if (task->thread.joinable()) task->thread.join();
    }
}

bool Scheduler::running() const {
    const std::lock_guard lock(mutex_);
    return started_;
}

std::vector<TaskStatus> Scheduler::status() const {
    const std::lock_guard lock(mutex_);
    std::vector<TaskStatus> all;
    all.reserve(tasks_.size());
    for (const auto& task : tasks_) all.push_back(task->status);
    return all;
}

bool Scheduler::wait_until(SteadyClock::time_point due) {
    std::unique_lock lock(mutex_);
    return !wake_.wait_until(lock, due, [this] { return stopping_; });
}

std::optional<std::int64_t> Scheduler::wait_for_turn(const Task& task) {
    if (!task.status.leader_only) return 0;
    for (;;) {
        if (const auto epoch = leadership_ ? leadership_() : std::nullopt) return epoch;
        if (!wait_until(SteadyClock::now() + kAskForLeadership)) return std::nullopt;
    }
}

void Scheduler::loop(Task& task) {
    auto due = SteadyClock::now();
    for (auto late = std::chrono::milliseconds{0};; late = jitter(task.status.period)) {
        if (!wait_until(due + late)) return;
        const auto before = SteadyClock::now();
        const auto epoch = wait_for_turn(task);
        if (!epoch) return;
        const auto waited = SteadyClock::now() - before;
        if (waited > kAskForLeadership) due += waited;  // periods of another leader, not skipped
        const bool available = run_once(task, *epoch);
        due += task.status.period;
        const auto now = SteadyClock::now();
        if (due <= now) {
            const auto missed = (now - due) / task.status.period + 1;
            due += missed * task.status.period;
            const std::lock_guard lock(mutex_);
            task.status.skipped += static_cast<std::uint64_t>(missed);
        }
        if (!available) due = std::min<SteadyClock::time_point>(due, now + after_outage_);
    }
}

bool Scheduler::run_once(Task& task, std::int64_t epoch) {
    const Timestamp started = clock_.now();
    const auto from = clock_.steady();
    std::string error;
    bool available = true;
    try {
        task.work(epoch);
    } catch (const store::LeadershipLost& e) {
        kSchedulerLog.info("Background task ended",
                           {{"task", task.status.name}, {"reason", e.what()}});
    } catch (const std::exception& e) {
        available = dynamic_cast<const store::DatabaseUnavailable*>(&e) == nullptr;
        error = e.what();
        kSchedulerLog.error("Background task failed",
                            {{"task", task.status.name}, {"error", error}});
    }
    const double duration = seconds(clock_.steady() - from);
    task.duration->observe(duration);
    task.last_run_gauge->set(static_cast<double>(to_unix_micros(clock_.now())) / 1e6);
    const std::lock_guard lock(mutex_);
    task.status.last_run = started;
    task.status.last_duration_seconds = duration;
    task.status.last_error = std::move(error);
    ++task.status.runs;
    return available;
}

}  // namespace chorus::tasks
