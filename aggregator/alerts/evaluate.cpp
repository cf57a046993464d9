#include "aggregator/alerts/evaluate.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "aggregator/alerts/windows.h"
#include "common/text.h"

namespace chorus::alerts {
namespace {

using Verdict = Reading::Verdict;

// Seconds. When a host was last heard of is written every five seconds only.
constexpr double kLeastSilence = 10;

std::chrono::minutes table_of(std::chrono::minutes window) {
    return WindowPlan{window}.whole() ? std::chrono::minutes{0} : window;
}

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

// The host's own threshold, by the rule's name or else by what it measures.
Limit limit_for(const Host& host, const Rule& rule, const Limit& limit, std::string_view metric) {
    if (host.thresholds.empty()) return limit;
    auto own = host.thresholds.find(rule.name);
    if (own == host.thresholds.end()) own = host.thresholds.find(std::string(metric));
    return own == host.thresholds.end() ? limit : with_threshold(limit, own->second);
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

// The samples of one series of one host within the window.
class Gatherer {
  public:
    Gatherer(const SampleTable& table, const WindowPlan& plan, Timestamp now)
        : table_(table), plan_(plan), now_(now) {}

    // Batches of the host that the window takes.
    std::span<const SampleTable::Batch> batches(const std::vector<SampleTable::Batch>& all) const {
        const auto from = std::upper_bound(
            all.begin(), all.end(), plan_.begin(now_),
            [](Timestamp t, const SampleTable::Batch& b) { return t < b.received; });
        const auto to = std::upper_bound(
            from, all.end(), plan_.end(now_),
            [](Timestamp t, const SampleTable::Batch& b) { return t < b.received; });
        return {from, to};
    }

    const std::vector<Sample>& gather(std::span<const SampleTable::Batch> batches,
                                      std::size_t series, const std::string& metric,
                                      double interval) {
        samples_.clear();
        for (const auto& batch : batches) {
            if (!plan_.takes(batch.received, now_, interval)) continue;
            const auto& layout = table_.layouts[batch.layout];
            const auto positions = layout.by_metric.find(metric);
            if (positions == layout.by_metric.end()) continue;
            for (const auto position : positions->second) {
                if (layout.series[position] != series) continue;
                const double value = table_.values[batch.offset + position];
                if (!std::isnan(value)) samples_.push_back({batch.received, value});
                break;
            }
        }
        return samples_;
    }

  private:
    const SampleTable& table_;
    const WindowPlan& plan_;
    const Timestamp now_;
    std::vector<Sample> samples_;  // kept for its memory
};

void evaluate_system(const Rule& rule, const SystemMetricCondition& condition,
                     const Snapshot& snapshot, Timestamp now, const Visitor& visit,
                     std::vector<bool>& reporting) {
    const auto found = snapshot.samples.find(table_of(condition.limit.window));
    if (found == snapshot.samples.end()) return;
    const SampleTable& table = *found->second;
    const WindowPlan plan{condition.limit.window};
    Gatherer gatherer{table, plan, now};
    for (std::size_t h = 0; h < snapshot.hosts.size(); ++h) {
        const Host& host = snapshot.hosts[h];
        if (!matches(condition.limit.hosts, host) || h >= table.by_host.size()) continue;
        const auto batches = gatherer.batches(table.by_host[h]);
        if (batches.empty()) continue;
        reporting[h] = true;
        // The newest batch says which series the host has.
        const auto& layout = table.layouts[batches.back().layout];
        const auto positions = layout.by_metric.find(condition.metric_type);
        if (positions == layout.by_metric.end()) continue;
        const bool has_whole = std::any_of(
            positions->second.begin(), positions->second.end(),
            [&](std::size_t p) { return table.series[layout.series[p]].label.empty(); });
        const Limit limit = limit_for(host, rule, condition.limit, condition.metric_type);
        for (const auto position : positions->second) {
            const Series& series = table.series[layout.series[position]];
            if (!wants(condition, series, has_whole)) continue;
            const auto& samples = gatherer.gather(batches, layout.series[position],
                                                  condition.metric_type, host.interval_seconds);
            visit({.host = &host, .series = &series},
                  read(samples, plan.expected(host.interval_seconds), limit, rule.severity,
                       plan.end(now)));
        }
    }
}

double figure_of(const Process& process, const Process::Sample& sample, ProcessField field,
                 Timestamp received) {
    using store::ProcessFigure;
    const auto figure = [&](ProcessFigure f) {
        return sample.figures[static_cast<std::size_t>(f)];
    };
    switch (field) {
        case ProcessField::cpu_percent:
            return figure(ProcessFigure::cpu);
        case ProcessField::memory_mb:
            return figure(ProcessFigure::rss_mb);
        case ProcessField::memory_percent:
            return figure(ProcessFigure::memory_percent);
        case ProcessField::disk_read_bytes:
            return figure(ProcessFigure::read_bytes);
        case ProcessField::disk_write_bytes:
            return figure(ProcessFigure::write_bytes);
        case ProcessField::num_threads:
            return figure(ProcessFigure::threads);
        case ProcessField::fd_count:
            return figure(ProcessFigure::fds);
        case ProcessField::uptime_seconds:
            return process.started_at
                       ? std::chrono::duration<double>(received - *process.started_at).count()
                       : std::nan("");
        case ProcessField::process_count:
            return 1;
    }
    return std::nan("");
}

// Of two readings of one name the one that speaks for it.
bool speaks_louder(const Reading& a, const Reading& b, Operator op) {
    if (a.verdict != b.verdict) return a.verdict > b.verdict;
    const bool falling = op == Operator::less || op == Operator::less_equal;
    return falling ? a.value < b.value : a.value > b.value;
}

class ProcessEvaluation {
  public:
    ProcessEvaluation(const Rule& rule, const ProcessMetricCondition& condition, Timestamp now,
                      const Visitor& visit)
        : rule_(rule),
          condition_(condition),
          plan_(condition.limit.window),
          now_(now),
          visit_(visit) {}

    // Whether the host has a process table within the window.
    bool host(const Host& host, const HostProcesses& all) {
        tables_.clear();
        for (std::size_t i = 0; i < all.tables.size(); ++i) {
            if (plan_.takes(all.tables[i], now_, host.interval_seconds)) tables_.push_back(i);
        }
        if (tables_.empty()) return false;
        limit_ = limit_for(host, rule_, condition_.limit, to_string(condition_.field));
        expected_ = plan_.expected(host.interval_seconds);
        if (condition_.field == ProcessField::process_count) {
            sum(host, all, condition_.process_name, [](const Process&) { return true; });
        } else if (condition_.grouping == Grouping::none) {
            one_by_one(host, all);
        } else {
            groups(host, all);
        }
        return true;
    }

  private:
    bool wanted(const Process& process) const {
        return glob_match(condition_.process_name, process.name) &&
               (!condition_.unit || glob_match(*condition_.unit, process.unit));
    }
    const std::string& group(const Process& process) const {
        return condition_.grouping == Grouping::unit ? process.unit : process.name;
    }
    Reading judge() { return read(samples_, expected_, limit_, rule_.severity, plan_.end(now_)); }

    // Each process that is still there; the loudest speaks for its name.
    void one_by_one(const Host& host, const HostProcesses& all) {
        std::map<std::string_view, std::pair<const Process*, Reading>> by_name;
        for (const auto& process : all.processes) {
            if (!wanted(process)) continue;
            collect(all, process);
            if (newest_ != tables_.back()) continue;  // it has ended
            const Reading reading = judge();
            const auto [at, fresh] = by_name.try_emplace(process.name, &process, reading);
            if (!fresh && speaks_louder(reading, at->second.second, limit_.op)) {
                at->second = {&process, reading};
            }
        }
        for (const auto& [name, worst] : by_name) {
            visit_({.host = &host, .process_name = name, .process = worst.first}, worst.second);
        }
    }

    void collect(const HostProcesses& all, const Process& process) {
        samples_.clear();
        newest_ = all.tables.size();
        auto table = tables_.begin();
        for (const auto& sample : process.samples) {
            table = std::lower_bound(table, tables_.end(), sample.table);
            if (table == tables_.end()) break;
            if (*table != sample.table) continue;
            newest_ = sample.table;
            const Timestamp received = all.tables[sample.table];
            const double value = figure_of(process, sample, condition_.field, received);
            if (!std::isnan(value)) samples_.push_back({received, value});
        }
    }

    void groups(const Host& host, const HostProcesses& all) {
        std::set<std::string_view> names;
        for (const auto& process : all.processes) {
            if (wanted(process) && !group(process).empty()) names.insert(group(process));
        }
        for (const auto name : names) {
            sum(host, all, name, [&](const Process& p) { return group(p) == name; });
        }
    }

    // Adds up what belongs together in each table; a table without any counts as 0.
    template <typename Belongs>
    void sum(const Host& host, const HostProcesses& all, std::string_view name, Belongs&& belongs) {
        std::vector<double> sums(all.tables.size(), 0);
        for (const auto& process : all.processes) {
            if (!wanted(process) || !belongs(process)) continue;
            for (const auto& sample : process.samples) {
                const double value =
                    figure_of(process, sample, condition_.field, all.tables[sample.table]);
                if (!std::isnan(value)) sums[sample.table] += value;
            }
        }
        samples_.clear();
        for (const auto table : tables_) samples_.push_back({all.tables[table], sums[table]});
        visit_({.host = &host, .process_name = name}, judge());
    }

    const Rule& rule_;
    const ProcessMetricCondition& condition_;
    const WindowPlan plan_;
    const Timestamp now_;
    const Visitor& visit_;
    Limit limit_;
    double expected_ = 0;
    std::vector<std::size_t> tables_;  // of the host, that the window takes
    std::vector<Sample> samples_;
    std::size_t newest_ = 0;  // table in which the process was last seen
};

void evaluate_process(const Rule& rule, const ProcessMetricCondition& condition,
                      const Snapshot& snapshot, Timestamp now, const Visitor& visit,
                      std::vector<bool>& reporting) {
    const auto found = snapshot.processes.find(table_of(condition.limit.window));
    if (found == snapshot.processes.end()) return;
    ProcessEvaluation evaluation{rule, condition, now, visit};
    for (std::size_t h = 0; h < snapshot.hosts.size() && h < found->second->size(); ++h) {
        if (matches(condition.limit.hosts, snapshot.hosts[h])) {
            reporting[h] = evaluation.host(snapshot.hosts[h], (*found->second)[h]);
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

Reading judge_silence(const Rule& rule, const HostSilentCondition& condition, const Host& host,
                      double silent_seconds) {
    Reading reading;
    reading.severity = rule.severity;
    reading.value = silent_seconds;
    reading.threshold =
        std::max({condition.intervals * host.interval_seconds,
                  std::chrono::duration<double>(condition.least).count(), kLeastSilence});
    reading.verdict = silent_seconds > reading.threshold ? Verdict::breached : Verdict::clear;
    return reading;
}

}  // namespace

std::string Subject::key() const {
    if (service != nullptr) return service->name;
    std::string key = host->hostname;
    if (series != nullptr && !series->label.empty()) key += '|' + series->label;
    if (!process_name.empty()) (key += '|') += process_name;
    return key;
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
        evaluate_process(rule, *process, snapshot, now, visit, reporting);
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
            const double seconds = std::chrono::duration<double>(now - since).count();
            visit({.host = &host, .silent_seconds = seconds},
                  judge_silence(rule, *silent, host, seconds));
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
