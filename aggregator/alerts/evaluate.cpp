#include "aggregator/alerts/evaluate.h"

#include <algorithm>
#include <cmath>

#include "aggregator/alerts/evaluate_processes.h"
#include "aggregator/alerts/windows.h"
#include "common/text.h"

namespace chorus::alerts {
namespace {

using Verdict = Reading::Verdict;

// Seconds. When a host was last heard of is written every five seconds only.
constexpr double kLeastSilence = 10;

const std::string* find(const TextPairs& pairs, const std::string& name) {
    for (const auto& [key, value] : pairs) {
        if (key == name) return &value;
    }
    return nullptr;
}

bool match_all(const TextPairs& patterns, const TextPairs& values) {
    return std::all_of(patterns.begin(), patterns.end(), [&](const auto& pattern) {
        const auto* value = find(values, pattern.first);
        return value != nullptr && glob_match(pattern.second, *value);
    });
}

// Which of a layout's series of the metric the condition means.
bool wants(const SystemMetricCondition& condition, const Series& series, bool has_whole) {
    if (!condition.tags.empty() && !match_all(condition.tags, series.tags)) return false;
    if (condition.label) {
        if (condition.label->empty() || series.label.empty()) {
            return *condition.label == series.label;
        }
        return glob_match(*condition.label, series.label);
    }
    return !condition.tags.empty() || !has_whole || series.label.empty();
}

constexpr auto kNone = static_cast<std::size_t>(-1);

// Where layouts have one series. Hosts of one kind have one layout, so the last answer is mostly
// the next one, too.
class Place {
  public:
    explicit Place(const SampleTable& table) : table_(table) {}

    std::size_t of(std::size_t series, const std::string& metric, std::size_t layout) {
        if (layout == layout_ && series == series_) return position_;
        layout_ = layout;
        series_ = series;
        position_ = kNone;
        const auto& one = table_.layouts[layout];
        const auto positions = one.by_metric.find(metric);
        if (positions == one.by_metric.end()) return kNone;
        for (const auto position : positions->second) {
            if (one.series[position] == series) position_ = position;
        }
        return position_;
    }

  private:
    const SampleTable& table_;
    std::size_t layout_ = kNone, series_ = kNone, position_ = kNone;
};

// The series of that metric that belongs to one with this label; kNone if the layout has none.
std::size_t series_beside(const SampleTable& table, const SampleTable::Layout& layout,
                          const std::string& metric, const std::string& label) {
    const auto positions = layout.by_metric.find(metric);
    if (positions == layout.by_metric.end()) return kNone;
    std::size_t whole = kNone;
    for (const auto position : positions->second) {
        const std::size_t series = layout.series[position];
        if (table.series[series].label == label) return series;
        if (table.series[series].label.empty()) whole = series;
    }
    return whole;
}

// The samples of one series of one host within the window.
class Gatherer {
  public:
    Gatherer(const SampleTable& table, const WindowPlan& plan,
             const SystemMetricCondition& condition, Timestamp now)
        : table_(table),
          plan_(plan),
          condition_(condition),
          now_(now),
          dividend_(table),
          divisor_(table) {}

    // Batches of the host within the window; the last one is one that it takes.
    std::span<const SampleTable::Batch> batches(const std::vector<SampleTable::Batch>& all,
                                                double interval) const {
        const auto from = std::lower_bound(
            all.begin(), all.end(), plan_.first(now_),
            [](const SampleTable::Batch& b, Timestamp t) { return b.received < t; });
        auto to = std::upper_bound(
            from, all.end(), plan_.last(now_),
            [](Timestamp t, const SampleTable::Batch& b) { return t < b.received; });
        while (to != from && !plan_.takes(std::prev(to)->received, now_, interval)) --to;
        return {from, to};
    }

    // The samples in order of receipt. With a divisor, their mean is the quotient of the means.
    const std::vector<Sample>& gather(std::span<const SampleTable::Batch> batches,
                                      std::size_t series, std::size_t divisor, double interval) {
        samples_.clear();
        told_.clear();
        double sum = 0;
        for (const auto& batch : batches) {
            if (!plan_.takes(batch.received, now_, interval)) continue;
            const std::size_t place = dividend_.of(series, condition_.metric_type, batch.layout);
            const double value = value_of(batch, place);
            if (place != kNone) told_.push_back({batch.received, 0});
            if (std::isnan(value)) continue;
            if (condition_.divisor) {
                const auto& metric = condition_.divisor->metric_type;
                const double by = value_of(batch, divisor_.of(divisor, metric, batch.layout));
                if (std::isnan(by)) continue;
                sum += by;
            }
            samples_.push_back({batch.received, value});
        }
        too_little_ = false;
        if (!condition_.divisor || samples_.empty()) return samples_;
        const double mean = sum / static_cast<double>(samples_.size());
        too_little_ = mean == 0 || mean < condition_.divisor->least;
        for (auto& sample : samples_) {
            sample.value = too_little_ ? 0 : sample.value * condition_.factor / mean;
        }
        return samples_;
    }
    // The moments of that series, also of those in which it had no value, as a disk that nobody
    // reads has no time of a read: of such a moment all is known.
    const std::vector<Sample>& told() const { return told_; }
    // Whether the samples gathered last are zeros because there was too little to divide by.
    bool too_little() const { return too_little_; }

  private:
    double value_of(const SampleTable::Batch& batch, std::size_t position) const {
        return position == kNone ? std::nan("") : table_.value(batch, position);
    }

    const SampleTable& table_;
    const WindowPlan& plan_;
    const SystemMetricCondition& condition_;
    const Timestamp now_;
    std::vector<Sample> samples_, told_;  // kept for their memory
    Place dividend_, divisor_;
    bool too_little_ = false;
};

void evaluate_system(const Rule& rule, const SystemMetricCondition& condition,
                     const Snapshot& snapshot, Timestamp now, const Visitor& visit,
                     std::vector<bool>& reporting) {
    const WindowPlan plan = plan_of(condition);
    const auto found = snapshot.samples.find(plan.table());
    if (found == snapshot.samples.end()) return;
    const SampleTable& table = *found->second;
    Gatherer gatherer{table, plan, condition, now};
    for (std::size_t h = 0; h < snapshot.hosts.size(); ++h) {
        const Host& host = snapshot.hosts[h];
        if (!matches(condition.limit.hosts, host) || h >= table.by_host.size()) continue;
        const auto batches = gatherer.batches(table.by_host[h], host.interval_seconds);
        if (batches.empty()) continue;
        reporting[h] = true;
        // The newest batch says which series the host has.
        const auto& layout = table.layouts[batches.back().layout];
        const auto positions = layout.by_metric.find(condition.metric_type);
        if (positions == layout.by_metric.end()) continue;
        const bool has_whole = std::any_of(
            positions->second.begin(), positions->second.end(),
            [&](std::size_t p) { return table.series[layout.series[p]].label.empty(); });
        // A quotient is no figure of the metric, so it is not what the host's own threshold is of.
        const auto own = own_limit(host, rule, condition.limit,
                                   condition.divisor ? std::string_view{} : condition.metric_type);
        const Limit& limit = own ? *own : condition.limit;
        for (const auto position : positions->second) {
            const Series& series = table.series[layout.series[position]];
            if (!wants(condition, series, has_whole)) continue;
            std::size_t divisor = kNone;
            if (condition.divisor) {
                divisor =
                    series_beside(table, layout, condition.divisor->metric_type, series.label);
                if (divisor == kNone) continue;
            }
            const auto& samples =
                gatherer.gather(batches, layout.series[position], divisor, host.interval_seconds);
            auto reading = read(samples, plan.unit(host.interval_seconds), limit, rule.severity,
                                plan.end(now), gatherer.told());
            if (gatherer.too_little() && reading.verdict != Verdict::no_data) {
                reading.verdict = Verdict::clear;
            }
            visit({.host = &host, .series = &series}, reading);
        }
    }
}

Reading judge_service(const Rule& rule, const ServiceHealthCondition& condition,
                      const Service& service) {
    using Fault = ServiceHealthCondition::Fault;
    Reading reading;
    reading.severity = rule.severity;
    reading.threshold = condition.max_response_time_ms;
    if (service.status == Service::Status::unknown) return reading;
    reading.value = service.response_time_ms.value_or(0);
    const bool down = service.status != Service::Status::healthy;
    const bool slow =
        service.response_time_ms && *service.response_time_ms > condition.max_response_time_ms;
    // Of a service that is down nobody can say whether it is slow.
    if (condition.fault == Fault::slow && down) return reading;
    const bool bad = condition.fault == Fault::down   ? down
                     : condition.fault == Fault::slow ? slow
                                                      : down || slow;
    reading.verdict = bad ? Verdict::breached : Verdict::clear;
    return reading;
}

// A host that was silent before the evaluator began to watch may have tried to send meanwhile. So
// nothing is known of it until it has been silent for as long while it was watched.
Reading judge_silence(const Rule& rule, const HostSilentCondition& condition, const Host& host,
                      double watched_seconds, Timestamp now) {
    Reading reading;
    reading.severity = rule.severity;
    reading.value = watched_seconds;
    reading.threshold = longest_silence(condition, host);
    if (watched_seconds > reading.threshold) {
        reading.verdict = Verdict::breached;
    } else if (seconds_between(host.last_seen, now) <= reading.threshold) {
        reading.verdict = Verdict::clear;
    }
    return reading;
}

}  // namespace

std::optional<Limit> own_limit(const Host& host, const Rule& rule, const Limit& limit,
                               std::string_view metric) {
    if (host.thresholds.empty()) return std::nullopt;
    auto own = host.thresholds.find(rule.name);
    if (own == host.thresholds.end()) own = host.thresholds.find(std::string(metric));
    if (own == host.thresholds.end()) return std::nullopt;
    return with_threshold(limit, own->second);
}

std::string Subject::key() const {
    if (service != nullptr) return service->name;
    std::string key = host->hostname;
    if (series != nullptr && !series->label.empty()) key += '|' + series->label;
    if (!process_name.empty()) (key += '|') += process_name;
    return key;
}

double longest_silence(const HostSilentCondition& condition, const Host& host) {
    return std::max({condition.intervals * host.interval_seconds,
                     std::chrono::duration<double>(condition.least).count(), kLeastSilence});
}

bool matches(const HostFilter& filter, const Host& host) {
    return (filter.hostname == "*" || glob_match(filter.hostname, host.hostname)) &&
           match_all(filter.labels, host.labels);
}

std::vector<bool> evaluate(const Rule& rule, const Snapshot& snapshot, Timestamp now,
                           const Visitor& visit) {
    std::vector<bool> reporting(snapshot.hosts.size(), false);
    if (const auto* system = std::get_if<SystemMetricCondition>(&rule.condition)) {
        evaluate_system(rule, *system, snapshot, now, visit, reporting);
    } else if (const auto* process = std::get_if<ProcessMetricCondition>(&rule.condition)) {
        evaluate_processes(rule, *process, snapshot, now, visit, reporting);
    } else if (const auto* service = std::get_if<ServiceHealthCondition>(&rule.condition)) {
        for (const auto& one : snapshot.services) {
            if (glob_match(service->service_name, one.name)) {
                visit({.service = &one}, judge_service(rule, *service, one));
            }
        }
    } else if (const auto* silent = std::get_if<HostSilentCondition>(&rule.condition)) {
        for (const auto& host : snapshot.hosts) {
            if (!matches(silent->hosts, host)) continue;
            const auto since = std::max(host.last_seen, snapshot.watching_since);
            const double seconds = seconds_between(since, now);
            visit({.host = &host, .silent_seconds = seconds},
                  judge_silence(rule, *silent, host, seconds, now));
        }
    }
    return reporting;
}

std::string_view to_string(Service::Status status) {
    switch (status) {
        case Service::Status::healthy:
            return "healthy";
        case Service::Status::unhealthy:
            return "unhealthy";
        case Service::Status::timeout:
            return "timeout";
        case Service::Status::unknown:
            break;
    }
    return "unknown";
}

}  // namespace chorus::alerts
