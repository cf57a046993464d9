// process_metric rules: each process, groups of them, or how many there are.
#include <algorithm>
#include <cmath>
#include <map>

#include "aggregator/alerts/evaluate_processes.h"
#include "aggregator/alerts/windows.h"
#include "common/text.h"

namespace chorus::alerts {
namespace {

// `time` is by the clock of the process's host.
double figure_of(const Process& process, const Process::Sample& sample, ProcessField field,
                 Timestamp time) {
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
                       ? std::chrono::duration<double>(time - *process.started_at).count()
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
        : rule_(rule), condition_(condition), plan_(plan_of(condition)), now_(now), visit_(visit) {}

    // Whether the host has a process table within the window.
    bool host(const Host& host, const HostProcesses& all) {
        tables_.clear();
        for (std::size_t i = 0; i < all.tables.size(); ++i) {
            if (plan_.takes(all.tables[i], now_, host.interval_seconds)) tables_.push_back(i);
        }
        if (tables_.empty()) return false;
        limit_ = own_limit(host, rule_, condition_.limit, to_string(condition_.field))
                     .value_or(condition_.limit);
        unit_ = plan_.unit(host.interval_seconds);
        if (condition_.field == ProcessField::process_count) {
            count(host, all);
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
    Reading judge() { return read(samples_, unit_, limit_, rule_.severity, plan_.end(now_)); }

    // Each process that is still there; the loudest speaks for its name.
    void one_by_one(const Host& host, const HostProcesses& all) {
        std::map<std::string_view, std::pair<const Process*, Reading>> by_name;
        for (const auto& process : all.processes) {
            if (!wanted(process)) continue;
            collect(host, all, process);
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

    void collect(const Host& host, const HostProcesses& all, const Process& process) {
        samples_.clear();
        newest_ = all.tables.size();
        auto table = tables_.begin();
        for (const auto& sample : process.samples) {
            table = std::lower_bound(table, tables_.end(), sample.table);
            if (table == tables_.end()) break;
            if (*table != sample.table) continue;
            newest_ = sample.table;
            const Timestamp received = all.tables[sample.table];
            const double value = figure_of(process, sample, condition_.field, received - host.skew);
            if (!std::isnan(value)) samples_.push_back({received, value});
        }
    }

    // Sums by table: none where there is no process, NaN where none could be read.
    using Sums = std::vector<std::optional<double>>;

    void add(Sums& sums, const Host& host, const HostProcesses& all, const Process& process) const {
        sums.resize(all.tables.size());
        for (const auto& sample : process.samples) {
            auto& sum = sums[sample.table];
            const double value =
                figure_of(process, sample, condition_.field, all.tables[sample.table] - host.skew);
            if (!sum || std::isnan(*sum)) {
                sum = value;
            } else if (!std::isnan(value)) {
                *sum += value;
            }
        }
    }

    // A table without any counts as 0.
    void visit(const Host& host, const HostProcesses& all, std::string_view name,
               const Sums& sums) {
        samples_.clear();
        for (const auto table : tables_) {
            const double sum = table < sums.size() ? sums[table].value_or(0) : 0;
            if (!std::isnan(sum)) samples_.push_back({all.tables[table], sum});
        }
        visit_({.host = &host, .process_name = name}, judge());
    }

    void count(const Host& host, const HostProcesses& all) {
        Sums sums;
        for (const auto& process : all.processes) {
            if (wanted(process)) add(sums, host, all, process);
        }
        visit(host, all, condition_.process_name, sums);
    }

    // Those that have a process within the window.
    void groups(const Host& host, const HostProcesses& all) {
        std::map<std::string_view, Sums> by_group;
        for (const auto& process : all.processes) {
            if (!wanted(process) || group(process).empty()) continue;
            add(by_group[group(process)], host, all, process);
        }
        for (const auto& [name, sums] : by_group) {
            if (in_window(sums)) visit(host, all, name, sums);
        }
    }

    bool in_window(const Sums& sums) const {
        return std::any_of(tables_.begin(), tables_.end(),
                           [&](std::size_t table) { return sums[table].has_value(); });
    }

    const Rule& rule_;
    const ProcessMetricCondition& condition_;
    const WindowPlan plan_;
    const Timestamp now_;
    const Visitor& visit_;
    Limit limit_;
    double unit_ = 0;                  // seconds that a sample stands for
    std::vector<std::size_t> tables_;  // of the host, that the window takes
    std::vector<Sample> samples_;
    std::size_t newest_ = 0;  // table in which the process was last seen
};

}  // namespace

void evaluate_processes(const Rule& rule, const ProcessMetricCondition& condition,
                        const Snapshot& snapshot, Timestamp now, const Visitor& visit,
                        std::vector<bool>& reporting) {
    const auto found = snapshot.processes.find(plan_of(condition).table());
    if (found == snapshot.processes.end()) return;
    ProcessEvaluation evaluation{rule, condition, now, visit};
    for (std::size_t h = 0; h < snapshot.hosts.size() && h < found->second->size(); ++h) {
        if (matches(condition.limit.hosts, snapshot.hosts[h])) {
            reporting[h] = evaluation.host(snapshot.hosts[h], (*found->second)[h]);
        }
    }
}

}  // namespace chorus::alerts
