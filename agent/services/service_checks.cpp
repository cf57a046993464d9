#include "agent/services/service_checks.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "common/log.h"

namespace chorus::agent {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Logger kServiceChecksLog{"services"};
constexpr seconds kLongestSpread{15};
constexpr seconds kSecondLook{60};

}  // namespace

ServiceChecks::ServiceChecks(const ServiceConfig& config, std::string ca_file)
    : ca_file_(std::move(ca_file)) {
    const auto now = Clock::now();
    for (std::size_t i = 0; i < config.services.size(); ++i) {
        const Service& service = config.services[i];
        const milliseconds spread = std::min<milliseconds>(service.interval, kLongestSpread);
        const auto of_all = static_cast<double>(i) / static_cast<double>(config.services.size());
        entries_.push_back(
            {service, now + std::chrono::duration_cast<milliseconds>(spread * of_all)});
    }
    for (std::size_t i = 0; i < config.workers; ++i) {
        deadlines_.push_back(std::make_unique<Deadline>());
        try {
            threads_.emplace_back([this, &deadline = *deadlines_.back()] { work(deadline); });
        } catch (const std::system_error& e) {
            kServiceChecksLog.error("Services are checked by fewer threads",
                                    {{"threads", threads_.size()}, {"error", e.code().message()}});
            break;
        }
    }
}

ServiceChecks::~ServiceChecks() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    const auto now = Deadline::Clock::now();
    final_.bring_forward(now);
    for (const auto& deadline : deadlines_) deadline->bring_forward(now);
    for (auto& thread : threads_) thread.join();
}

ServiceChecks::Entry* ServiceChecks::next_due() {
    Entry* next = nullptr;
    for (Entry& entry : entries_) {
        if (!entry.running && (next == nullptr || entry.due < next->due)) next = &entry;
    }
    return next;
}

void ServiceChecks::work(Deadline& deadline) {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        Entry* entry = next_due();
        if (entry == nullptr) {
            changed_.wait(lock);
            continue;
        }
        const auto now = Clock::now();
        if (entry->due > now) {
            changed_.wait_until(lock, Clock::time_point{entry->due});
            continue;
        }
        entry->running = true;
        const auto interval = entry->service.interval;
        entry->due += ((now - entry->due) / interval + 1) * interval;
        lock.unlock();
        auto outcome = check(entry->service, deadline);
        lock.lock();
        entry->running = false;
        if (!stopping_) note(*entry, std::move(outcome));
        changed_.notify_all();  // those that wait between two attempts hear it, too
    }
}

std::optional<CheckOutcome> ServiceChecks::check(const Service& service, Deadline& deadline) {
    for (int attempt = 0;; ++attempt) {
        deadline.set(Deadline::Clock::now() + service.timeout);
        deadline.bring_forward(final_.at());
        auto outcome = check_service(
            service, [this]() -> const TlsContext& { return trusted(); }, deadline);
        const bool good = outcome && outcome->status == ServiceStatus::healthy;
        if (good || attempt == service.retries) return outcome;
        std::unique_lock lock(mutex_);
        if (changed_.wait_for(lock, kBetweenAttempts, [this] { return stopping_; })) {
            return std::nullopt;
        }
    }
}

const TlsContext& ServiceChecks::trusted() {
    const std::lock_guard lock(trust_mutex_);
    if (trusted_) return *trusted_;
    try {
        trusted_ = std::make_unique<TlsContext>(
            ca_file_, TlsContext::Words{"the service's", "agent-service-ca-file"});
        return *trusted_;
    } catch (const ConnectionError& e) {
        if (!std::exchange(untrusting_, true)) {
            kServiceChecksLog.error("Services over https cannot be checked", {{"error", e.what()}});
        }
        throw;
    }
}

void ServiceChecks::note(Entry& entry, std::optional<CheckOutcome>&& found) {
    const Service& service = entry.service;
    if (!found) {  // unknown is not told; the newest result ages
        if (!std::exchange(entry.unknown, true)) {
            kServiceChecksLog.warning("A service could not be checked from here",
                                      {{"service", service.name}});
        }
        return;
    }
    entry.unknown = false;
    CheckOutcome& outcome = *found;
    const bool first_failure = !entry.status && outcome.status != ServiceStatus::healthy;
    if (first_failure && !std::exchange(entry.failed_once, true)) {
        entry.due = std::min(entry.due, Clock::now() + kSecondLook);
        return;
    }
    if (entry.status != outcome.status) {
        if (outcome.status != ServiceStatus::healthy) {
            kServiceChecksLog.warning("A service is not healthy",
                                      {{"service", service.name},
                                       {"status", to_string(outcome.status)},
                                       {"error", outcome.error}});
        } else if (entry.status) {
            kServiceChecksLog.info("A service is healthy again", {{"service", service.name}});
        }
        entry.status = outcome.status;
    }
    AgentServiceCheck check;
    check.name = service.name;
    check.endpoint = service.endpoint;
    check.status = outcome.status;
    check.interval_seconds = static_cast<double>(service.interval.count());
    check.response_time_ms = outcome.response_time_ms;
    check.error = std::move(outcome.error);
    found_.add(std::move(check), Clock::now());
}

std::vector<AgentServiceCheck> ServiceChecks::take() {
    const std::lock_guard lock(mutex_);
    return found_.take(Clock::now());
}

}  // namespace chorus::agent
