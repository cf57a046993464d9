#include "aggregator/health/service_monitor.h"

#include <algorithm>
#include <numeric>

#include "aggregator/cache/service_health.h"
#include "aggregator/schema/lease.h"
#include "aggregator/service_store/service_alerts.h"
#include "common/log.h"

namespace chorus::health {
namespace {

using std::chrono::seconds;

constexpr Logger kServiceMonitorLog{"health"};
constexpr seconds kIdlePeriod{60};
// Results are stored at least so often while slower checks are still under way.
constexpr seconds kSlice{2};
constexpr std::size_t kMostBacklog = 500;  // rounds, or slices of them

store::ServiceStatus to_store(Health health) {
    switch (health) {
        case Health::healthy:
            return store::ServiceStatus::healthy;
        case Health::unhealthy:
            return store::ServiceStatus::unhealthy;
        case Health::timeout:
            return store::ServiceStatus::timeout;
    }
    return store::ServiceStatus::unhealthy;
}

store::ServiceCheck to_store(const Service& service, const Prober::Finished& finished) {
    store::ServiceCheck check;
    check.service = service.name;
    check.endpoint = service.endpoint;
    check.time = finished.time;
    check.status = to_store(finished.result.health);
    if (const auto& time = finished.result.response_time) {
        check.response_time_ms = static_cast<std::int32_t>(time->count());
    }
    check.error = finished.result.error;
    check.certificate_expires = finished.result.certificate_expires;
    check.interval_seconds = std::chrono::duration<double>(service.interval).count();
    return check;
}

void log_summary(const CheckSummary& summary, Probe::Time from) {
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - from;
    kServiceMonitorLog.info("Service health check completed",
                            {{"services_checked", summary.checked},
                             {"healthy_services", summary.healthy},
                             {"unhealthy_services", summary.checked - summary.healthy},
                             {"duration_seconds", took.count()}});
}

}  // namespace

ServiceMonitor::ServiceMonitor(std::vector<Service> services, net::AddressRules rules,
                               const ProberOptions& options, store::Database& database,
                               cache::EntryWriter& cache, const Clock& clock,
                               MetricsRegistry& metrics)
    : services_(std::move(services)),
      rules_(std::move(rules)),
      database_(database),
      cache_(cache),
      clock_(clock),
      metrics_(metrics),
      rounds_prober_(rules_, clock, options),
      due_(services_.size()),
      now_prober_(rules_, clock, options) {
    for (const Service& service : services_) names_.push_back(service.name);
}

seconds ServiceMonitor::period() const {
    if (services_.empty()) return kIdlePeriod;
    seconds::rep period = 0;
    for (const Service& service : services_) period = std::gcd(period, service.interval.count());
    return seconds{period};
}

void ServiceMonitor::round(std::int64_t epoch) {
    const auto from = std::chrono::steady_clock::now();
    const std::chrono::milliseconds rhythm = period();
    for (std::size_t i = 0; i < services_.size(); ++i) {
        // The scheduler starts rounds up to 2 s late: half a period of slack keeps the rhythm.
        if (due_[i] > from + rhythm / 2) continue;
        const auto next = due_[i] + services_[i].interval;
        due_[i] = next > from ? next : from + services_[i].interval;
        rounds_prober_.start(i, services_[i]);
    }
    const auto end = from + rhythm * 9 / 10;
    CheckSummary total;
    do {
        const auto slice = std::min<Probe::Time>(end, std::chrono::steady_clock::now() + kSlice);
        const auto part = record(rounds_prober_.run(slice), epoch);
        total.checked += part.checked;
        total.healthy += part.healthy;
    } while (rounds_prober_.unfinished() > 0 && std::chrono::steady_clock::now() < end &&
             !rounds_prober_.stopped());
    if (total.checked > 0) log_summary(total, from);
}

CheckSummary ServiceMonitor::check_now(std::optional<std::int64_t> epoch) {
    const std::lock_guard lock(now_mutex_);
    const auto from = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < services_.size(); ++i) now_prober_.start(i, services_[i]);
    const auto summary = record(now_prober_.run(Probe::Time::max()), epoch);
    log_summary(summary, from);
    return summary;
}

void ServiceMonitor::stop() {
    rounds_prober_.stop();
    now_prober_.stop();
}

CheckSummary ServiceMonitor::record(const std::vector<Prober::Finished>& finished,
                                    std::optional<std::int64_t> epoch) {
    CheckSummary summary;
    Round round;
    for (const auto& one : finished) {
        round.push_back(to_store(services_[one.id], one));
        ++summary.checked;
        if (one.result.health == Health::healthy) ++summary.healthy;
    }
    if (round.empty()) return summary;
    count(round);
    tell(finished, round);
    store(round, epoch);
    return summary;
}

void ServiceMonitor::store(const Round& round, std::optional<std::int64_t> epoch) {
    const std::lock_guard lock(backlog_mutex_);
    try {
        const auto lease = database_.acquire();
        store::Transaction transaction{*lease};
        if (epoch) store::hold_leadership(*lease, *epoch);
        for (const Round& former : backlog_) store::record_checks(*lease, former);
        store::record_checks(*lease, round);
        store::update_probe_alerts(*lease, store::CheckedBy::aggregator, round, names_,
                                   clock_.now());
        transaction.commit();
        backlog_.clear();
    } catch (const store::DatabaseUnavailable&) {
        backlog_.push_back(round);
        if (backlog_.size() > kMostBacklog) backlog_.pop_front();
        throw;
    }
}

void ServiceMonitor::tell(const std::vector<Prober::Finished>& finished, const Round& round) {
    std::vector<cache::CacheEntry> entries;
    for (std::size_t i = 0; i < round.size(); ++i) {
        const auto& check = round[i];
        JsonWriter out;
        cache::ServiceHealth health{check.service, check.endpoint,
                                    std::string(to_string(check.status)), check.response_time_ms,
                                    check.time};
        if (!check.error.empty()) health.error_message = check.error;
        cache::write_service_health(out, health);
        entries.push_back({cache::service_health_key(check.service), out.take(),
                           3 * services_[finished[i].id].interval + seconds{30}});
    }
    cache_.write(entries);
}

void ServiceMonitor::count(const Round& round) {
    for (const auto& check : round) {
        const bool healthy = check.status == store::ServiceStatus::healthy;
        metrics_
            .counter("chorus_aggregator_service_checks_total", "Checks of services by outcome.",
                     {{"status", std::string(to_string(check.status))}})
            .add();
        metrics_
            .gauge("chorus_aggregator_service_up",
                   "1 if the newest check by this program found the service healthy.",
                   {{"service", check.service}})
            .set(healthy ? 1 : 0);
        if (check.response_time_ms) {
            metrics_
                .histogram("chorus_aggregator_service_response_seconds",
                           "Response times of checked services.")
                .observe(*check.response_time_ms / 1e3);
        }
        if (check.certificate_expires) {
            metrics_
                .gauge("chorus_aggregator_service_certificate_expiry_timestamp_seconds",
                       "First end in the service's chain of TLS certificates, seconds since 1970.",
                       {{"service", check.service}})
                .set(static_cast<double>(to_unix_micros(*check.certificate_expires)) / 1e6);
        }
    }
}

}  // namespace chorus::health
