#include "aggregator/alerts/loader.h"

#include <algorithm>
#include <unordered_map>

#include "aggregator/alerts/evaluate.h"
#include "aggregator/alerts/windows.h"
#include "common/json_reader.h"
#include "common/text.h"

namespace chorus::alerts {
namespace {

using std::chrono::minutes;

// Hosts whose clock is further off are looked up one by one.
constexpr std::chrono::seconds kSmallSkew{30};

TextPairs texts_of(const std::string& json) {
    TextPairs pairs;
    if (json == "{}") return pairs;
    thread_local JsonReader reader;
    simdjson::dom::object object;
    if (reader.parse(json).get(object) != simdjson::SUCCESS) return pairs;
    for (const auto [key, value] : object) {
        std::string_view text;
        if (value.get(text) == simdjson::SUCCESS) {
            pairs.emplace_back(std::string(key), std::string(text));
        } else {
            pairs.emplace_back(std::string(key), simdjson::minify(value));
        }
    }
    return pairs;
}

std::map<std::string, double> numbers_of(const std::string& json) {
    std::map<std::string, double> numbers;
    if (json == "{}") return numbers;
    thread_local JsonReader reader;
    simdjson::dom::object object;
    if (reader.parse(json).get(object) != simdjson::SUCCESS) return numbers;
    for (const auto [key, value] : object) {
        double number = 0;
        if (value.get(number) == simdjson::SUCCESS) numbers.emplace(std::string(key), number);
    }
    return numbers;
}

using HostIndex = std::unordered_map<std::int32_t, std::size_t>;

HostIndex index_of(const std::vector<Host>& hosts) {
    HostIndex index;
    index.reserve(hosts.size());
    for (std::size_t i = 0; i < hosts.size(); ++i) index.emplace(hosts[i].id, i);
    return index;
}

std::vector<Host> read_hosts(store::Session& session) {
    std::vector<Host> hosts;
    for (auto& row : store::read_rule_hosts(session)) {
        hosts.push_back({row.host_id, std::move(row.hostname), texts_of(row.labels_json),
                         numbers_of(row.thresholds_json), row.interval_seconds, row.first_seen,
                         row.last_seen, row.skew});
    }
    return hosts;
}

double longest_interval(const std::vector<Host>& hosts) {
    double longest = 1;
    for (const auto& host : hosts) longest = std::max(longest, host.interval_seconds);
    return longest;
}

store::SampleScope scope_of(const std::vector<Host>& hosts, std::vector<store::TimeRange> ranges) {
    store::SampleScope scope;
    scope.ranges = std::move(ranges);
    scope.slack_before = lateness_limit(longest_interval(hosts)) + kSmallSkew;
    scope.slack_behind = kSmallSkew;
    for (const auto& host : hosts) {
        if (host.skew < kSmallSkew && host.skew > -kSmallSkew) continue;
        scope.skewed_hosts.push_back(host.id);
        scope.skew_seconds.push_back(std::chrono::duration<double>(host.skew).count());
    }
    return scope;
}

SampleTable read_table(store::Session& session, const std::vector<Host>& hosts,
                       const HostIndex& index, const store::SampleScope& scope,
                       const std::vector<std::string>& metrics) {
    SampleTable table;
    table.by_host.resize(hosts.size());
    const auto wanted = store::read_wanted_entries(session, metrics);
    auto rows = store::read_samples(session, scope, wanted);

    std::map<std::pair<std::string, std::string>, std::size_t> numbers;
    std::unordered_map<std::int32_t, std::size_t> layouts;
    std::vector<std::pair<std::size_t, std::size_t>> places;  // layout, series
    for (const auto& entry : wanted) {
        const auto layout = layouts.try_emplace(entry.layout_id, layouts.size()).first->second;
        const auto [number, fresh] =
            numbers.try_emplace({entry.metric_type, entry.label}, table.series.size());
        if (fresh) {
            table.series.push_back(
                {entry.metric_type, entry.label, texts_of(entry.tags_json), entry.unit});
        }
        places.emplace_back(layout, number->second);
    }
    table.layouts.resize(layouts.size());
    for (const auto& [layout, series] : places) {
        auto& one = table.layouts[layout];
        // The text lives in table.series, which does not change any more; moving a vector keeps it.
        one.by_metric[table.series[series].metric_type].push_back(one.series.size());
        one.series.push_back(series);
    }
    table.values = std::move(rows.values);
    for (std::size_t i = 0; i < rows.host_ids.size(); ++i) {
        const auto host = index.find(rows.host_ids[i]);
        const auto layout = layouts.find(rows.layout_ids[i]);
        if (host == index.end() || layout == layouts.end()) continue;
        const Host& of = hosts[host->second];
        if (is_late(rows.times[i], rows.received[i], of.skew, of.interval_seconds)) continue;
        table.by_host[host->second].push_back({rows.received[i], layout->second, rows.offsets[i]});
    }
    return table;
}

std::vector<HostProcesses> read_processes(store::Session& session, const std::vector<Host>& hosts,
                                          const HostIndex& index, const store::SampleScope& scope,
                                          const std::vector<std::string>& patterns) {
    std::vector<HostProcesses> all(hosts.size());
    std::vector<std::string> names, globs;
    for (const auto& pattern : patterns) (is_glob(pattern) ? globs : names).push_back(pattern);
    const auto since =
        std::chrono::floor<std::chrono::days>(scope.ranges.front().from) - std::chrono::days{1};
    const auto wanted = store::read_wanted_processes(session, names, globs, since, scope.only_host);
    const auto rows = store::read_process_samples(session, scope, wanted);
    constexpr auto kNone = static_cast<std::size_t>(-1);
    std::vector<std::pair<std::size_t, std::size_t>> places(rows.snapshots.size(), {kNone, kNone});
    for (std::size_t i = 0; i < rows.snapshots.size(); ++i) {
        const auto& snapshot = rows.snapshots[i];
        const auto host = index.find(snapshot.host_id);
        if (host == index.end()) continue;
        const Host& of = hosts[host->second];
        if (is_late(snapshot.time, snapshot.received, of.skew, of.interval_seconds)) continue;
        places[i] = {host->second, all[host->second].tables.size()};
        all[host->second].tables.push_back(snapshot.received);
    }
    std::unordered_map<std::int64_t, std::pair<std::size_t, std::size_t>> processes;
    for (const auto& process : wanted) {
        const auto host = index.find(process.host_id);
        if (host == index.end()) continue;
        auto& list = all[host->second].processes;
        processes.emplace(process.process_ref, std::pair{host->second, list.size()});
        list.push_back({process.pid, process.name, process.unit, process.started_at, {}});
    }
    for (const auto& sample : rows.samples) {
        const auto process = processes.find(sample.process_ref);
        const auto [host, at] = places[sample.snapshot];
        if (process == processes.end() || host == kNone) continue;
        all[process->second.first].processes[process->second.second].samples.push_back(
            {at, sample.figures});
    }
    for (auto& host : all) {
        std::erase_if(host.processes, [](const Process& p) { return p.samples.empty(); });
        for (auto& process : host.processes) {
            std::sort(process.samples.begin(), process.samples.end(),
                      [](const auto& a, const auto& b) { return a.table < b.table; });
        }
    }
    return all;
}

Service service_of(store::RuleService&& row) {
    using Status = Service::Status;
    Service service;
    service.name = std::move(row.name);
    service.status = row.status == "healthy"     ? Status::healthy
                     : row.status == "unhealthy" ? Status::unhealthy
                     : row.status == "timeout"   ? Status::timeout
                                                 : Status::unknown;
    service.response_time_ms = row.response_time_ms;
    service.error_message = std::move(row.error_message);
    return service;
}

std::vector<Service> read_services(store::Session& session, Timestamp now) {
    std::vector<Service> services;
    for (auto& row : store::read_rule_services(session)) {
        if (now - row.last_checked > kServiceForgotten) continue;
        services.push_back(service_of(std::move(row)));
    }
    return services;
}

void add_once(std::vector<std::string>& list, const std::string& text) {
    if (std::find(list.begin(), list.end(), text) == list.end()) list.push_back(text);
}

}  // namespace

Needs needs_of(const std::vector<Rule>& rules) {
    Needs needs;
    for (const auto& rule : rules) {
        const Limit* limit = limit_of(rule.condition);
        if (limit == nullptr) continue;
        const bool whole = WindowPlan{limit->window}.whole();
        const minutes table = whole ? minutes{0} : limit->window;
        if (const auto* system = std::get_if<SystemMetricCondition>(&rule.condition)) {
            add_once(needs.metrics[table], system->metric_type);
            if (whole) needs.longest_whole = std::max(needs.longest_whole, limit->window);
        } else if (const auto* process = std::get_if<ProcessMetricCondition>(&rule.condition)) {
            add_once(needs.processes[table], process->process_name);
            if (whole) {
                needs.longest_whole_processes =
                    std::max(needs.longest_whole_processes, limit->window);
            }
        }
    }
    return needs;
}

Snapshot Loader::load(store::Session& session, const std::vector<Rule>& rules, Timestamp now) {
    Snapshot snapshot;
    snapshot.hosts = read_hosts(session);
    const auto index = index_of(snapshot.hosts);
    std::vector<std::int32_t> ids;
    for (const auto& host : snapshot.hosts) ids.push_back(host.id);
    Needs needs = needs_of(rules);
    // Tables are by host: with another list of hosts none of them is right.
    if (ids != host_ids_ || needs != needs_) {
        samples_.clear();
        processes_.clear();
    }
    host_ids_ = std::move(ids);
    needs_ = std::move(needs);

    // What is kept of the table, if its window still ends there; else read anew.
    const auto table_for = [&](auto& kept, minutes table, minutes longest, auto read) {
        const WindowPlan plan{table.count() == 0 ? std::max(longest, minutes{1}) : table};
        const Timestamp end = plan.end(now);
        auto& [kept_end, value] = kept[table];
        if (!value || kept_end != end || table.count() == 0) {
            const auto ranges = plan.ranges(now, longest_interval(snapshot.hosts));
            value = read(scope_of(snapshot.hosts, ranges));
            kept_end = end;
        }
        return value;
    };
    for (const auto& [table, metrics] : needs_.metrics) {
        snapshot.samples[table] =
            table_for(samples_, table, needs_.longest_whole, [&](const auto& scope) {
                return std::make_shared<const SampleTable>(
                    read_table(session, snapshot.hosts, index, scope, metrics));
            });
    }
    for (const auto& [table, patterns] : needs_.processes) {
        snapshot.processes[table] =
            table_for(processes_, table, needs_.longest_whole_processes, [&](const auto& scope) {
                return std::make_shared<const std::vector<HostProcesses>>(
                    read_processes(session, snapshot.hosts, index, scope, patterns));
            });
    }
    snapshot.services = read_services(session, now);
    return snapshot;
}

std::vector<Host> Loader::load_hosts(store::Session& session) {
    return read_hosts(session);
}

Snapshot Loader::load_history(store::Session& session, const Rule& rule, const Host& host,
                              Timestamp from, Timestamp to) {
    Snapshot snapshot;
    snapshot.hosts = {host};
    const auto index = index_of(snapshot.hosts);
    const Limit* limit = limit_of(rule.condition);
    if (limit == nullptr) return snapshot;
    // A long window ends up to a slot before the moment.
    auto scope = scope_of(snapshot.hosts, {{from - 2 * limit->window, to}});
    scope.only_host = host.id;
    const Needs needs = needs_of({rule});
    for (const auto& [table, metrics] : needs.metrics) {
        snapshot.samples[table] = std::make_shared<const SampleTable>(
            read_table(session, snapshot.hosts, index, scope, metrics));
    }
    for (const auto& [table, patterns] : needs.processes) {
        snapshot.processes[table] = std::make_shared<const std::vector<HostProcesses>>(
            read_processes(session, snapshot.hosts, index, scope, patterns));
    }
    return snapshot;
}

std::vector<PastService> Loader::load_checks(store::Session& session, const std::string& glob,
                                             Timestamp from, Timestamp to) {
    std::vector<PastService> checks;
    for (auto& row : store::read_past_services(session, glob, {from, to})) {
        const Timestamp at = row.last_checked;
        checks.push_back({at, service_of(std::move(row))});
    }
    return checks;
}

}  // namespace chorus::alerts
