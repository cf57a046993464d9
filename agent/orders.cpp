#include "agent/orders.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <csignal>
#include <ctime>
#include <utility>

#include "common/log.h"
#include "common/service_manager.h"

namespace chorus::agent {
namespace {

using std::chrono::nanoseconds;

constexpr Logger kOrdersLog{"agent"};
constexpr std::pair<int, Order> kSignals[] = {{SIGUSR1, Order::collect},
                                              {SIGUSR2, Order::change_interval},
                                              {SIGHUP, Order::reload},
                                              {SIGTERM, Order::stop},
                                              {SIGINT, Order::stop}};

sigset_t awaited_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const auto& [signal, order] : kSignals) sigaddset(&set, signal);
    return set;
}

void wake(Order wanted) {
    for (const auto& [signal, order] : kSignals) {
        if (order == wanted) ::kill(::getpid(), signal);
    }
}

Order order_of(int received) {
    for (const auto& [signal, order] : kSignals) {
        if (signal == received) return order;
    }
    return Order::stop;
}

// nullopt, with the reason in errno, if none came within `time`.
std::optional<Order> wait_once(const sigset_t& set, nanoseconds time) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
    timespec wait{};
    wait.tv_sec = seconds.count();
    wait.tv_nsec = (time - seconds).count();
    const int signal = ::sigtimedwait(&set, nullptr, &wait);
    return signal > 0 ? std::optional(order_of(signal)) : std::nullopt;
}

}  // namespace

Orders::Orders(double own_interval_seconds)
    : own_interval_(own_interval_seconds), interval_(own_interval_seconds) {
    const sigset_t signals = awaited_signals();
    ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

void Orders::ask_to_collect(bool processes) {
    without_processes_ = !processes;
    wake(Order::collect);
}

void Orders::ask_interval(std::optional<double> seconds) {
    const double wanted = seconds.value_or(own_interval_);
    if (!(wanted >= kLeastInterval && wanted <= kLongestInterval)) {
        kOrdersLog.warning("The aggregator asked for an interval that is not 1 s to 1 h",
                           {{"wanted_seconds", wanted}});
        return;
    }
    if (!differs(wanted)) return;
    interval_ = wanted;
    wake(Order::change_interval);
}

std::optional<Order> Orders::await(nanoseconds time) {
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
        if (const auto order = wait_once(set, left)) return order;
        if (errno == EAGAIN && last) return std::nullopt;
    }
}

bool Orders::differs(double seconds) const {
    return std::abs(interval_ - seconds) > 1e-9;
}

}  // namespace chorus::agent
