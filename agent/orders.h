// What the aggregator has asked for and the agent has not done yet.
#pragma once

#include <atomic>
#include <csignal>
#include <optional>

namespace chorus::agent {

// One thread notes orders. The thread that collects carries them out; a signal to the process wakes
// it. So `kill -USR1` makes an agent collect at once as well.
class Orders {
  public:
    static constexpr int kCollect = SIGUSR1;
    static constexpr int kInterval = SIGUSR2;
    static constexpr double kLeastInterval = 1;  // seconds
    static constexpr double kLongestInterval = 3'600;

    explicit Orders(double own_interval_seconds)
        : own_interval_(own_interval_seconds), interval_(own_interval_seconds) {}

    void ask_to_collect(bool processes);
    // nullopt: the agent's own interval. An interval outside 1 s to 1 h is ignored.
    void ask_interval(std::optional<double> seconds);

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
