#include "aggregator/alerts/loader.h"

#include <algorithm>
#include <unordered_map>

#include "aggregator/alerts/evaluate.h"
#include "aggregator/alerts/windows.h"
#include "aggregator/service_store/service_reader.h"
#include "common/json/json_reader.h"
#include "common/text.h"

namespace chorus::alerts {
namespace {

using std::chrono::minutes;

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

std::vector<Host> read_hosts(store::Session& session) {
    std::vector<Host> hosts;
    for (auto& row : store::read_rule_hosts(session)) {
        hosts.push_back({row.host_id, std::move(row.hostname), text_pairs_of(row.labels_json),
                         numbers_of(row.thresholds_json), row.interval_seconds, row.first_seen,
                         row.last_seen, row.skew, row.deferred_at, row.clock_skew,
                         row.clone_hostname.value_or(""), row.clone_refused_at});
    }
    return hosts;
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
    service.hostname = std::move(row.hostname);
    service.heard_at = row.heard_at;
    service.interval_seconds = row.interval_seconds;
    return service;
}

std::vector<Service> read_services(store::Session& session, Timestamp now) {
    std::vector<Service> services;
    for (auto& row : store::read_rule_services(session)) {
        services.push_back(service_of(std::move(row)));
        Service& service = services.back();
        // That nobody checks it now makes a service neither down nor well.
        if (now - service.heard_at > store::known_for(service.interval_seconds)) {
            service.status = Service::Status::unknown;
        }
    }
    return services;
}

// What the table must hold.
WindowPlan plan_for(const TableKey& table, minutes longest_short) {
    return table == TableKey{} ? WindowPlan{longest_short} : WindowPlan{table.length, table.whole};
}

void want(std::map<TableKey, std::vector<std::string>>& tables, minutes& longest_short,
          const WindowPlan& plan, minutes window, const std::string& what) {
    auto& list = tables[plan.table()];
    if (std::find(list.begin(), list.end(), what) == list.end()) list.push_back(what);
    if (plan.table() == TableKey{}) longest_short = std::max(longest_short, window);
}

}  // namespace

Needs needs_of(const std::vector<Rule>& rules) {
    Needs needs;
    for (const auto& rule : rules) {
        if (const auto* system = std::get_if<SystemMetricCondition>(&rule.condition)) {
            const auto plan = plan_of(*system);
            const auto window = system->limit.window;
            want(needs.metrics, needs.longest_short, plan, window, system->metric_type);
            if (!system->divisor) continue;
            want(needs.metrics, needs.longest_short, plan, window, system->divisor->metric_type);
        } else if (const auto* process = std::get_if<ProcessMetricCondition>(&rule.condition)) {
            want(needs.processes, needs.longest_short_processes, plan_of(*process),
                 process->limit.window, process->process_name);
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

    for (const auto& [key, metrics] : needs_.metrics) {
        auto& window = samples_[key];
        const WindowPlan plan = plan_for(key, needs_.longest_short);
        const auto scope = scope_of(snapshot.hosts, plan, now);
        if (!window || window->outgrown()) {
            window = std::make_shared<SampleWindow>(snapshot.hosts.size());
        }
        if (plan.whole()) {
            window->move_on(session, snapshot.hosts, index, scope.ranges.front(), metrics);
        } else if (window->end() != scope.ranges.back().to) {
            window = std::make_shared<SampleWindow>(snapshot.hosts.size());
            window->fill(session, snapshot.hosts, index, scope, metrics);
        }
        snapshot.samples[key] = {window, &window->table()};
    }
    for (const auto& [key, patterns] : needs_.processes) {
        auto& [kept_end, tables] = processes_[key];
        const WindowPlan plan = plan_for(key, needs_.longest_short_processes);
        if (!tables || plan.whole() || kept_end != plan.end(now)) {
            tables = std::make_shared<const std::vector<HostProcesses>>(read_processes(
                session, snapshot.hosts, index, scope_of(snapshot.hosts, plan, now), patterns));
            kept_end = plan.end(now);
        }
        snapshot.processes[key] = tables;
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
    auto scope = scope_of(snapshot.hosts, {from - 2 * limit->window, to});
    scope.only_host = host.id;
    const Needs needs = needs_of({rule});
    for (const auto& [table, metrics] : needs.metrics) {
        const auto window = std::make_shared<SampleWindow>(snapshot.hosts.size());
        window->fill(session, snapshot.hosts, index, scope, metrics);
        snapshot.samples[table] = {window, &window->table()};
    }
    for (const auto& [table, patterns] : needs.processes) {
        snapshot.processes[table] = std::make_shared<const std::vector<HostProcesses>>(
            read_processes(session, snapshot.hosts, index, scope, patterns));
    }
    return snapshot;
}

std::vector<Service> Loader::load_checks(store::Session& session, const std::string& name,
                                         Timestamp from, Timestamp to) {
    std::vector<Service> checks;
    for (auto& row : store::read_past_service(session, name, {from, to})) {
        checks.push_back(service_of(std::move(row)));
    }
    return checks;
}

}  // namespace chorus::alerts
