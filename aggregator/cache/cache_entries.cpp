#include "aggregator/cache/cache_entries.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <unordered_map>

#include "aggregator/cache/overview.h"
#include "common/batch/catalogue.h"
#include "common/json_writer.h"

namespace chorus::cache {
namespace {

constexpr std::chrono::seconds kLatestLifetime{600};
constexpr std::chrono::seconds kHealthLifetime{120};
constexpr std::size_t kTopProcesses = 50;

// A host that reports seldom must not fall out of the cache between two batches.
std::chrono::seconds lifetime(std::chrono::seconds least, const Batch& batch) {
    const auto three = std::chrono::seconds{
        static_cast<std::int64_t>(std::ceil(3 * batch.agent.interval_seconds))};
    return std::max(least, three);
}

struct Group {
    std::string_view metric_type;
    const LatestValue* whole_host = nullptr;
    std::vector<const LatestValue*> labelled;
};

std::vector<Group> group_by_type(const std::vector<LatestValue>& values) {
    std::vector<Group> groups;
    std::unordered_map<std::string_view, std::size_t> at;
    for (const LatestValue& v : values) {
        if (std::isnan(v.value)) continue;
        const auto [found, fresh] = at.try_emplace(v.metric_type, groups.size());
        if (fresh) groups.push_back({v.metric_type, nullptr, {}});
        Group& group = groups[found->second];
        if (v.label.empty()) {
            group.whole_host = &v;
        } else {
            group.labelled.push_back(&v);
        }
    }
    return groups;
}

std::string group_json(const Group& group, Timestamp time) {
    const LatestValue& named = group.whole_host ? *group.whole_host : *group.labelled.front();
    JsonWriter out;
    out.begin_object().key("value");
    group.whole_host ? out.value(group.whole_host->value) : out.null();
    out.key("unit");
    named.unit.empty() ? out.null() : out.value(named.unit);
    out.field("timestamp", time).key("tags").begin_object().end_object();
    if (!group.labelled.empty()) {
        out.key("series").begin_array();
        for (const LatestValue* v : group.labelled) {
            out.begin_object().key("tags").raw(v->tags_json).field("value", v->value).end_object();
        }
        out.end_array();
    }
    out.end_object();
    return out.take();
}

// The busiest by CPU and the largest by memory, each process once.
std::vector<const ProcessSample*> top_processes(const std::vector<ProcessSample>& rows) {
    std::vector<const ProcessSample*> all(rows.size());
    std::transform(rows.begin(), rows.end(), all.begin(), [](const auto& p) { return &p; });
    const auto head = [&](auto less) {
        const auto count = static_cast<std::ptrdiff_t>(std::min(all.size(), kTopProcesses / 2));
        std::partial_sort(all.begin(), all.begin() + count, all.end(), less);
        return std::vector<const ProcessSample*>(all.begin(), all.begin() + count);
    };
    auto top = head([](const auto* a, const auto* b) {
        return a->cpu_percent.value_or(-1) > b->cpu_percent.value_or(-1);
    });
    for (const auto* p : head([](const auto*a, const auto*b) {
             return a->memory_rss_bytes.value_or(-1) > b->memory_rss_bytes.value_or(-1);
         })) {
        if (std::find(top.begin(), top.end(), p) == top.end()) top.push_back(p);
    }
    return top;
}

std::string processes_json(const Batch& batch) {
    JsonWriter out;
    out.begin_array();
    for (const ProcessSample* p : top_processes(batch.processes->rows)) {
        out.begin_object()
            .field("process_id", p->pid)
            .field("process_name", p->name)
            .field("cpu_percent", p->cpu_percent)
            .key("memory_mb");
        p->memory_rss_bytes ? out.value(static_cast<double>(*p->memory_rss_bytes) / 1048576.0)
                            : out.null();
        out.field("memory_percent", p->memory_percent).key("status");
        p->state ? out.value(to_string(*p->state)) : out.null();
        out.key("username");
        p->user.empty() ? out.null() : out.value(p->user);
        out.field("timestamp", batch.time).end_object();
    }
    out.end_array();
    return out.take();
}

}  // namespace

std::vector<LatestMetric> make_latest(const std::vector<LatestValue>& values, Timestamp time) {
    std::vector<LatestMetric> latest;
    for (const Group& group : group_by_type(values)) {
        latest.push_back({std::string(group.metric_type), group_json(group, time)});
    }
    return latest;
}

std::string tags_json(std::string_view metric_type, std::string_view label) {
    if (label.empty()) return "{}";
    const MetricInfo* info = find_metric(metric_type);
    const std::string_view name =
        info != nullptr && !info->label_name.empty() ? info->label_name : "label";
    JsonWriter out;
    out.begin_object().field(name, label).end_object();
    return out.take();
}

std::vector<CacheEntry> make_entries(const Batch& batch) {
    std::vector<std::string> tags(batch.layout.size());
    std::vector<LatestValue> values;
    values.reserve(batch.layout.size());
    for (std::size_t i = 0; i < batch.layout.size(); ++i) {
        const SeriesKey& key = batch.layout[i];
        tags[i] = tags_json(key.metric_type, key.label);
        values.push_back({key.metric_type, key.label, key.unit, tags[i], batch.values[i]});
    }
    std::vector<CacheEntry> entries;
    const auto latest_for = lifetime(kLatestLifetime, batch);
    JsonWriter index;
    index.begin_array();
    for (LatestMetric& metric : make_latest(values, batch.time)) {
        index.value(metric.metric_type);
        entries.push_back(
            {latest_key(batch.hostname, metric.metric_type), std::move(metric.json), latest_for});
    }
    index.end_array();
    entries.push_back({index_key(batch.hostname), index.take(), latest_for});
    const auto health_for = lifetime(kHealthLifetime, batch);
    // An overview tells the number of processes, so it takes a batch that knows it.
    if (batch.processes) {
        JsonWriter overview;
        write_overview(overview, make_overview(batch));
        entries.push_back({health_key(batch.hostname), overview.take(), health_for});
        entries.push_back({processes_key(batch.hostname), processes_json(batch), health_for});
    }
    return entries;
}

std::string latest_key(std::string_view hostname, std::string_view metric_type) {
    return "latest:" + std::string(hostname) + ':' + std::string(metric_type);
}
std::string index_key(std::string_view hostname) {
    return "latest_index:" + std::string(hostname);
}
std::string health_key(std::string_view hostname) {
    return "health:" + std::string(hostname);
}
std::string processes_key(std::string_view hostname) {
    return "processes:" + std::string(hostname);
}

}  // namespace chorus::cache
