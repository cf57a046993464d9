// What the agent is to do before its next cycle is due: asked for by the aggregator, the service
// manager or a person.
#pragma once

#include <atomic>
#include <chrono>
#include <optional>

namespace chorus::agent {

enum class Order {
    collect,          // at once; also by kill -USR1
    change_interval,  // to that of Orders::interval()
    reload,           // the configuration: SIGHUP
    stop,             // SIGTERM, SIGINT
};

// One thread notes what the aggregator asks for. The thread that collects awaits orders and carries
// them out. A signal to the process wakes it, because people and the service manager send signals.
class Orders {
  public:
    static constexpr double kLeastInterval = 1;  // seconds
    static constexpr double kLongestInterval = 3'600;

    // Leaves the signals of orders to await(). So it has to be made before any thread starts.
    explicit Orders(double own_interval_seconds);

    void ask_to_collect(bool processes);
    // nullopt: the agent's own interval. An interval outside 1 s to 1 h is ignored.
    void ask_interval(std::optional<double> seconds);

    // The order that came within `time`, nullopt if none did. Meanwhile the service manager's
    // watchdog is told that this thread goes round.
    std::optional<Order> await(std::chrono::nanoseconds time);

    // Whether the collection that was asked for shall have the process table. One asked for by
    // kill(1) has it.
    bool take_processes() { return !without_processes_.exchange(false); }
    double interval() const { return interval_; }
    bool differs(double seconds) const;

  private:
    const double own_interval_;
    std::atomic<double> interval_;
    std::atomic<bool> without_processes_{false};
};

}  // namespace chorus::agent
