#include "aggregator/tasks/scheduler.h"

#include "common/log.h"

namespace chorus::tasks {
namespace {

constexpr Logger kLog{"tasks"};

double seconds(std::chrono::nanoseconds d) {
    return std::chrono::duration<double>(d).count();
}

}  // namespace

void Scheduler::add(std::string name, std::chrono::seconds period, std::function<void()> work) {
    auto task = std::make_unique<Task>();
    const Labels labels{{"task", name}};
    task->last_run_gauge =
        &metrics_.gauge("chorus_aggregator_background_task_last_run_timestamp_seconds",
                        "When the task last ended, seconds since 1970.", labels);
    task->duration = &metrics_.histogram("chorus_aggregator_background_task_duration_seconds",
                                         "How long a run of the task took.", labels);
    task->status.name = std::move(name);
    task->status.period = period;
    task->work = std::move(work);
    tasks_.push_back(std::move(task));
}

void Scheduler::start() {
    kLog.info("Starting background tasks", {{"task_count", tasks_.size()}});
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

void Scheduler::loop(Task& task) {
    using SteadyClock = std::chrono::steady_clock;
    auto due = SteadyClock::now();
    for (;;) {
        {
            std::unique_lock lock(mutex_);
            if (wake_.wait_until(lock, due, [this] { return stopping_; })) return;
        }
        run_once(task);
        due += task.status.period;
        const auto now = SteadyClock::now();
        if (due <= now) {
            const auto missed = (now - due) / task.status.period + 1;
            due += missed * task.status.period;
            const std::lock_guard lock(mutex_);
            task.status.skipped += static_cast<std::uint64_t>(missed);
        }
    }
}

void Scheduler::run_once(Task& task) {
    const Timestamp started = clock_.now();
    const auto from = clock_.steady();
    std::string error;
    try {
        task.work();
    } catch (const std::exception& e) {
        error = e.what();
        kLog.error("Background task failed", {{"task", task.status.name}, {"error", error}});
    }
    const double duration = seconds(clock_.steady() - from);
    task.duration->observe(duration);
    task.last_run_gauge->set(static_cast<double>(to_unix_micros(clock_.now())) / 1e6);
    const std::lock_guard lock(mutex_);
    task.status.last_run = started;
    task.status.last_duration_seconds = duration;
    task.status.last_error = std::move(error);
    ++task.status.runs;
}

}  // namespace chorus::tasks
