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

#include "common/clock.h"
#include "common/metrics.h"

namespace chorus::tasks {

struct TaskStatus {
    std::string name;
    std::chrono::seconds period{0};
    std::optional<Timestamp> last_run;  // start of the newest run that ended
    double last_duration_seconds = 0;
    std::string last_error;  // empty after a run that went well
    std::uint64_t runs = 0;
    std::uint64_t skipped = 0;  // periods that passed while the previous run was still going
};

// A task that throws is logged, remembered in its status and run again at its next period. Periods
// are measured on the monotonic clock; periods missed by a long run or a suspend are skipped, not
// caught up.
class Scheduler {
  public:
    Scheduler(const Clock& clock, MetricsRegistry& metrics) : clock_(clock), metrics_(metrics) {}
    ~Scheduler() { stop(); }
    Scheduler(const Scheduler&) = delete;
    Scheduler& operator=(const Scheduler&) = delete;

    // Before start(). The first run is at once.
    void add(std::string name, std::chrono::seconds period, std::function<void()> work);
    void start();
    // Lets running tasks end, then returns.
    void stop();
    bool running() const;
    std::vector<TaskStatus> status() const;

  private:
    struct Task {
        TaskStatus status;
        std::function<void()> work;
        Gauge* last_run_gauge = nullptr;
        Histogram* duration = nullptr;
        std::thread thread;
    };
    void loop(Task& task);
    void run_once(Task& task);

    const Clock& clock_;
    MetricsRegistry& metrics_;
    std::vector<std::unique_ptr<Task>> tasks_;
    mutable std::mutex mutex_;  // protects stopping_, started_ and every Task::status
    std::condition_variable wake_;
    bool stopping_ = false;
    bool started_ = false;
};

}  // namespace chorus::tasks
