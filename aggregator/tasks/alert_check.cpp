#include "aggregator/tasks/alert_check.h"

#include "aggregator/schema/lease.h"
#include "common/log.h"

namespace chorus::tasks {
namespace {

constexpr Logger kAlertCheckLog{"alerts"};

}  // namespace

AlertCheck::AlertCheck(health::ServiceMonitor& health, alerts::Engine& engine,
                       store::Database& database, const Clock& clock, Leadership leadership)
    : health_(health),
      engine_(engine),
      database_(database),
      clock_(clock),
      leadership_(std::move(leadership)) {}

Timestamp AlertCheck::request() {
    const std::lock_guard lock(mutex_);
    if (running_) return started_;
    if (thread_.joinable()) thread_.join();  // it has ended
    running_ = true;
    started_ = clock_.now();
    thread_ = std::thread([this] { work(); });
    return started_;
}

void AlertCheck::work() {
    try {
        run();
    } catch (const std::exception& e) {
        kAlertCheckLog.error("The alert check that was asked for failed", {{"error", e.what()}});
    }
    const std::lock_guard lock(mutex_);
    running_ = false;
}

CheckResult AlertCheck::run() {
    CheckResult result;
    result.services = health_.check_now();
    auto epoch = leadership_();
    if (!epoch) epoch = store::current_epoch(*database_.acquire());
    if (!epoch) throw store::LeadershipLost{};
    result.rules = engine_.round(*epoch);
    return result;
}

void AlertCheck::stop() {
    std::thread thread;
    {
        const std::lock_guard lock(mutex_);
        thread = std::move(thread_);
    }
    if (thread.joinable()) thread.join();
}

}  // namespace chorus::tasks
