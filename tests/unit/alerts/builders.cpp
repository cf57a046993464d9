#include "builders.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace chorus::alerts::build {
namespace {

Rule rule_of(std::string name, Condition condition) {
    Rule rule;
    rule.id = *Uuid::parse("0f0e0d0c-0b0a-4908-8706-050403020100");
    rule.name = std::move(name);
    rule.condition = std::move(condition);
    rule.severity = Severity::high;
    return rule;
}

}  // namespace

Limit limit(Operator op, double threshold, Aggregation aggregation) {
    Limit limit;
    limit.op = op;
    limit.threshold = threshold;
    limit.aggregation = aggregation;
    return limit;
}

Rule system_rule(const std::string& metric, double threshold) {
    SystemMetricCondition condition;
    condition.metric_type = metric;
    condition.limit = limit(Operator::greater, threshold);
    return rule_of("High CPU Usage", condition);
}

Rule one_minute_rule(const std::string& metric, int cooldown) {
    Rule rule = system_rule(metric);
    system_of(rule).limit.window = std::chrono::minutes{1};
    rule.cooldown = std::chrono::minutes{cooldown};
    return rule;
}

Rule process_rule(const std::string& process, ProcessField field, Operator op, double threshold) {
    ProcessMetricCondition condition;
    condition.process_name = process;
    condition.field = field;
    condition.limit = limit(op, threshold);
    return rule_of("High Python Memory Usage", condition);
}

Rule service_rule(const std::string& service) {
    ServiceHealthCondition condition;
    condition.service_name = service;
    return rule_of("Chat Service Down", condition);
}

Rule silence_rule() {
    return rule_of("Host silent", HostSilentCondition{});
}

SystemMetricCondition& system_of(Rule& rule) {
    return std::get<SystemMetricCondition>(rule.condition);
}

ProcessMetricCondition& process_of(Rule& rule) {
    return std::get<ProcessMetricCondition>(rule.condition);
}

Host& Fleet::host(const std::string& name) {
    const auto found = std::find_if(hosts_.begin(), hosts_.end(),
                                    [&](const Host& host) { return host.hostname == name; });
    if (found != hosts_.end()) return *found;
    Host host;
    host.id = static_cast<std::int32_t>(hosts_.size()) + 1;
    host.hostname = name;
    hosts_.push_back(std::move(host));
    return hosts_.back();
}

void Fleet::remove_host(const std::string& name) {
    std::erase_if(hosts_, [&](const Host& host) { return host.hostname == name; });
}

void Fleet::tags(const std::string& metric, const std::string& label, TextPairs tags) {
    tags_[{metric, label}] = std::move(tags);
}

void Fleet::unit(const std::string& metric, const std::string& unit) {
    units_[metric] = unit;
}

void Fleet::batch(const std::string& name, Timestamp received, const std::vector<Value>& values) {
    host(name).last_seen = received;
    sent_[name].push_back({received, values});
}

void Fleet::steady(const std::string& name, const Value& value, Timestamp from, Timestamp to) {
    auto received = to - (to - from) / std::chrono::seconds{30} * std::chrono::seconds{30};
    for (; received <= to; received += std::chrono::seconds{30}) batch(name, received, {value});
}

void Fleet::processes(const std::string& name, Timestamp received,
                      const std::vector<Figures>& processes) {
    host(name).last_seen = received;
    auto& all = processes_[name];
    all.tables.push_back(received);
    for (const auto& row : processes) {
        auto known = std::find_if(all.processes.begin(), all.processes.end(), [&](const auto& p) {
            return p.pid == row.pid && p.name == row.name;
        });
        if (known == all.processes.end()) {
            all.processes.push_back({row.pid, row.name, row.unit, row.started_at, {}});
            known = all.processes.end() - 1;
        }
        Process::Sample sample{all.tables.size() - 1, {}};
        sample.figures.fill(std::nan(""));
        sample.figures[static_cast<std::size_t>(store::ProcessFigure::cpu)] = row.cpu;
        sample.figures[static_cast<std::size_t>(store::ProcessFigure::rss_mb)] = row.rss_mb;
        known->samples.push_back(sample);
    }
}

Service& Fleet::service(const std::string& name, Service::Status status,
                        std::optional<double> response_time_ms) {
    services_.push_back({name, status, response_time_ms, std::nullopt});
    return services_.back();
}

Snapshot Fleet::snapshot(std::chrono::minutes long_window) const {
    Snapshot snapshot;
    snapshot.hosts = hosts_;
    snapshot.services = services_;
    auto table = std::make_shared<SampleTable>();
    std::map<Name, std::size_t> numbers;
    std::map<std::vector<std::size_t>, std::size_t> layouts;
    table->by_host.resize(hosts_.size());
    for (std::size_t h = 0; h < hosts_.size(); ++h) {
        const auto sent = sent_.find(hosts_[h].hostname);
        if (sent == sent_.end()) continue;
        for (const auto& batch : sent->second) {
            std::vector<std::size_t> layout;
            const auto offset = table->values.size();
            for (const auto& value : batch.values) {
                const Name name{value.metric, value.label};
                const auto [number, fresh] = numbers.try_emplace(name, table->series.size());
                if (fresh) {
                    const auto tags = tags_.find(name);
                    const auto unit = units_.find(value.metric);
                    table->series.push_back({value.metric, value.label,
                                             tags == tags_.end() ? TextPairs{} : tags->second,
                                             unit == units_.end() ? "" : unit->second});
                }
                layout.push_back(number->second);
                table->values.push_back(value.value);
            }
            const auto at = layouts.try_emplace(layout, layouts.size()).first->second;
            table->by_host[h].push_back({batch.received, at, offset});
        }
    }
    table->layouts.resize(layouts.size());
    for (const auto& [series, at] : layouts) {
        auto& layout = table->layouts[at];
        layout.series = series;
        for (std::size_t i = 0; i < series.size(); ++i) {
            layout.by_metric[table->series[series[i]].metric_type].push_back(i);
        }
    }
    auto processes = std::make_shared<std::vector<HostProcesses>>();
    for (const auto& host : hosts_) {
        const auto found = processes_.find(host.hostname);
        processes->push_back(found == processes_.end() ? HostProcesses{} : found->second);
    }
    for (const TableKey& key :
         {TableKey{}, TableKey{long_window, true}, TableKey{long_window, false}}) {
        snapshot.samples[key] = table;
        snapshot.processes[key] = processes;
    }
    return snapshot;
}

std::map<std::string, Reading> readings(const Rule& rule, const Snapshot& snapshot, Timestamp now) {
    std::map<std::string, Reading> all;
    evaluate(rule, snapshot, now, [&](const Subject& subject, const Reading& reading) {
        EXPECT_TRUE(all.emplace(subject.key(), reading).second) << subject.key() << " came twice";
    });
    return all;
}

}  // namespace chorus::alerts::build
