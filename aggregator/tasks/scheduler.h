// Runs background work at fixed periods, each task in a thread of its own and never twice at once.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "aggregator/tasks/leader.h"
#include "common/clock.h"
#include "common/metrics.h"

namespace chorus::tasks {

struct TaskStatus {
    std::string name;
    std::chrono::seconds period{0};
    bool leader_only = false;
    std::optional<Timestamp> last_run;  // start of the newest run that ended
    double last_duration_seconds = 0;
    std::string last_error;  // empty after a run that went well
    std::uint64_t runs = 0;
    std::uint64_t skipped = 0;  // periods that passed while the previous run was still going
};

// If a task throws, that is logged and noted in its status, and the task runs again at its next
// period; if PostgreSQL was away, after a minute at the latest. Periods are measured on the
// monotonic clock. Periods that a long run or a suspend missed are skipped. Each run starts late by
// a random time up to a twentieth of its period (2 s at most), so that tasks of one period do not
// all start at once.
class Scheduler {
  public:
    // Without `leadership` this program is no leader, and tasks for leaders do not run.
    Scheduler(const Clock& clock, MetricsRegistry& metrics, Leadership leadership = {},
              std::chrono::milliseconds after_outage = std::chrono::minutes{1})
        : clock_(clock),
          metrics_(metrics),
          leadership_(std::move(leadership)),
          after_outage_(after_outage) {}
    ~Scheduler() { stop(); }
    Scheduler(const Scheduler&) = delete;
    Scheduler& operator=(const Scheduler&) = delete;

    // Before start(). The first run is at once.
    void add(std::string name, std::chrono::seconds period, std::function<void()> work);
    // The same for a task that only one aggregator may run. It runs while this one leads, the first
    // time as soon as it does. `work` gets the epoch. Every transaction in which it writes must
    // begin with store::hold_leadership(). If that finds leadership lost, the run ends and is no
    // failure.
    void add_for_leader(std::string name, std::chrono::seconds period,
                        std::function<void(std::int64_t epoch)> work);
    void start();
    // Lets running tasks end, then returns.
    void stop();
    bool running() const;
    bool leads() const { return leadership_ && leadership_().has_value(); }
    std::vector<TaskStatus> status() const;

  private:
    struct Task {
        TaskStatus status;
        std::function<void(std::int64_t epoch)> work;  // the epoch is 0 for tasks of everybody
        Gauge* last_run_gauge = nullptr;
        Histogram* duration = nullptr;
        std::thread thread;
    };
    Task& add_task(std::string name, std::chrono::seconds period);
    void loop(Task& task);
    // Waits until `due`; false if the scheduler ends before.
    bool wait_until(std::chrono::steady_clock::time_point due);
    // Waits for leadership and returns the epoch. nullopt if the scheduler ends before.
    std::optional<std::int64_t> wait_for_turn(const Task& task);
    // False if PostgreSQL was away.
    bool run_once(Task& task, std::int64_t epoch);

    const Clock& clock_;
    MetricsRegistry& metrics_;
    const Leadership leadership_;
    const std::chrono::milliseconds after_outage_;
    std::vector<std::unique_ptr<Task>> tasks_;
    mutable std::mutex mutex_;  // protects stopping_, started_ and every Task::status
    std::condition_variable wake_;
    bool stopping_ = false;
    bool started_ = false;
};

}  // namespace chorus::tasks
