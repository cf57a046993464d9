#include "aggregator/api/support/overviews.h"

#include <unordered_map>

#include "aggregator/api/support/timings.h"
#include "aggregator/cache/cache_reader.h"

namespace chorus::api {
namespace {

SystemOverview from_batch(const store::LatestBatch& batch) {
    std::vector<cache::Figure> figures;
    figures.reserve(batch.values.size());
    for (const auto& entry : *batch.layout) {
        const auto at = static_cast<std::size_t>(entry.position - 1);
        if (at < batch.values.size()) {
            figures.push_back({entry.metric_type, entry.label, batch.values[at]});
        }
    }
    return cache::make_overview(batch.hostname, batch.time, batch.process_count.value_or(0),
                                figures);
}

}  // namespace

std::vector<SystemOverview> read_overviews(Context& context,
                                           const std::vector<std::string>& hostnames,
                                           Timings& timings) {
    std::vector<std::optional<SystemOverview>> found(hostnames.size());
    if (auto cached = timings.redis([&] { return context.cache.overviews(hostnames); })) {
        found = std::move(*cached);
    }
    std::unordered_map<std::string, std::size_t> missing;
    for (std::size_t i = 0; i < hostnames.size(); ++i) {
        if (!found[i]) missing.emplace(hostnames[i], i);
    }
    const store::LatestReader reader{context.database};
    if (missing.size() == 1) {
        const auto& [name, at] = *missing.begin();
        if (const auto batch = timings.db([&] { return reader.of(name); })) {
            found[at] = from_batch(*batch);
        }
    } else if (!missing.empty()) {
        for (const auto& batch : timings.db([&] { return reader.all(); })) {
            const auto wanted = missing.find(batch.hostname);
            if (wanted != missing.end()) found[wanted->second] = from_batch(batch);
        }
    }
    std::vector<SystemOverview> all;
    for (auto& overview : found) {
        if (overview) all.push_back(std::move(*overview));
    }
    return all;
}

std::optional<SystemOverview> read_overview(Context& context, const std::string& hostname,
                                            Timings& timings) {
    auto found = read_overviews(context, {hostname}, timings);
    return found.empty() ? std::nullopt : std::optional{std::move(found.front())};
}

std::optional<OwnSystem> read_own_system(Context& context) {
    const store::LatestReader reader{context.database};
    const auto batch = reader.of(context.own_hostname);
    if (!batch) return std::nullopt;
    OwnSystem own{batch->value("cpu_usage_percent"), batch->value("memory_usage_percent"),
                  batch->value("memory_available_mb"), batch->value("uptime_seconds")};
    if (own.uptime_hours) own.uptime_hours = *own.uptime_hours / 3'600;
    return own;
}

}  // namespace chorus::api
