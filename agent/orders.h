// What the aggregator asked the agent for and is still to be done.
#pragma once

#include <atomic>
#include <csignal>
#include <optional>

namespace chorus::agent {

// Asked by one thread, carried out by the one that collects, which is woken by a signal to the
// process. So `kill -USR1` makes an agent collect at once, too.
class Orders {
  public:
    static constexpr int kCollect = SIGUSR1;
    static constexpr int kInterval = SIGUSR2;
    static constexpr double kLeastInterval = 1;  // seconds
    static constexpr double kLongestInterval = 3'600;

    explicit Orders(double own_interval_seconds)
        : own_interval_(own_interval_seconds), interval_(own_interval_seconds) {}

    void ask_to_collect(bool processes);
    // nullopt: the agent's own. One that is not 1 s to 1 h is not followed.
    void ask_interval(std::optional<double> seconds);

    // Whether the collection that was asked for is to have the process table; by kill(1) it has.
    bool take_processes() { return !without_processes_.exchange(false); }
    double interval() const { return interval_; }
    bool differs(double seconds) const;

  private:
    const double own_interval_;
    std::atomic<double> interval_;
    std::atomic<bool> without_processes_{false};
};

}  // namespace chorus::agent
