#include "aggregator/alerts/sample_window.h"

#include <algorithm>
#include <utility>

#include "aggregator/alerts/windows.h"

namespace chorus::alerts {
namespace {

// Hosts whose clock is further off are looked up one by one.
constexpr std::chrono::seconds kSmallSkew{30};
constexpr std::chrono::seconds kReadAgain{30};

}  // namespace

HostIndex index_of(const std::vector<Host>& hosts) {
    HostIndex index;
    index.reserve(hosts.size());
    for (std::size_t i = 0; i < hosts.size(); ++i) index.emplace(hosts[i].id, i);
    return index;
}

double usual_interval(const std::vector<Host>& hosts) {
    if (hosts.empty()) return 1;
    std::vector<double> intervals;
    intervals.reserve(hosts.size());
    for (const auto& host : hosts) intervals.push_back(host.interval_seconds);
    const auto others = std::max<std::size_t>(1, intervals.size() / 20);
    if (intervals.size() <= others) return 1;
    const auto usual = intervals.end() - static_cast<std::ptrdiff_t>(others) - 1;
    std::nth_element(intervals.begin(), usual, intervals.end());
    return *usual;
}

store::SampleScope scope_of(const std::vector<Host>& hosts, const store::TimeRange& range) {
    const double usual = std::max(usual_interval(hosts), WindowPlan::kLeastWidth);
    store::SampleScope scope;
    scope.ranges = {range};
    scope.before = lateness_limit(usual) + kSmallSkew;
    scope.behind = kSmallSkew;
    for (const auto& host : hosts) {
        const bool skewed = host.skew >= kSmallSkew || host.skew <= -kSmallSkew;
        if (!skewed && host.interval_seconds <= usual) continue;
        const auto late = lateness_limit(host.interval_seconds);
        scope.apart.push_back({host.id, host.skew + late + kSmallSkew, kSmallSkew - host.skew});
    }
    return scope;
}

store::SampleScope scope_of(const std::vector<Host>& hosts, const WindowPlan& plan, Timestamp now) {
    const double usual = usual_interval(hosts);
    auto scope = scope_of(hosts, {});
    scope.ranges = plan.ranges(now, usual);
    if (scope.ranges.size() == 1) return scope;
    std::size_t next = 0;
    for (const auto& host : hosts) {
        if (next == scope.apart.size()) break;
        if (host.id != scope.apart[next].host_id) continue;
        scope.apart[next++].width = plan.taken(std::max(host.interval_seconds, usual));
    }
    return scope;
}

void SampleWindow::learn(store::Session& session, const std::vector<std::int32_t>& layouts,
                         const std::vector<std::string>& metrics) {
    std::vector<std::int32_t> unknown;
    for (const auto id : layouts) {
        if (!layouts_.contains(id) && !unwanted_.contains(id)) unknown.push_back(id);
    }
    const auto entries = store::read_wanted_entries(session, metrics, unknown);
    for (const auto& entry : entries) {
        const auto [number, fresh] =
            series_.try_emplace({entry.metric_type, entry.label}, table_.series.size());
        if (fresh) {
            table_.series.push_back(
                {entry.metric_type, entry.label, text_pairs_of(entry.tags_json), entry.unit});
        }
        const auto [place, first] = layouts_.try_emplace(entry.layout_id, table_.layouts.size());
        if (first) table_.layouts.emplace_back();
        auto& one = table_.layouts[place->second];
        one.by_metric[table_.series[number->second].metric_type].push_back(one.series.size());
        one.series.push_back(number->second);
        wanted_[entry.layout_id].push_back(entry.position);
    }
    if (unwanted_.size() > kMostUnwanted) unwanted_.clear();
    for (const auto id : unknown) {
        if (!layouts_.contains(id)) unwanted_.insert(id);
    }
}

store::SampleRows SampleWindow::read_rows(store::Session& session, const store::SampleScope& scope,
                                          const std::vector<std::string>& metrics) {
    store::SampleReader reader{session, scope};
    const auto in_use = reader.layouts_in_use();
    learn(session, in_use, metrics);
    store::WantedPositions wanted;
    for (const auto id : in_use) {
        if (const auto found = wanted_.find(id); found != wanted_.end()) wanted.insert(*found);
    }
    return reader.samples(wanted);
}

void SampleWindow::fill(store::Session& session, const std::vector<Host>& hosts,
                        const HostIndex& index, const store::SampleScope& scope,
                        const std::vector<std::string>& metrics) {
    read(session, hosts, index, scope, metrics);
    first_layouts_ = layouts_.size();
}

void SampleWindow::read(store::Session& session, const std::vector<Host>& hosts,
                        const HostIndex& index, const store::SampleScope& scope,
                        const std::vector<std::string>& metrics) {
    if (scope.ranges.empty()) return;
    const auto rows = read_rows(session, scope, metrics);
    const std::size_t before = table_.values.size();
    table_.values.insert(table_.values.end(), rows.values.begin(), rows.values.end());
    for (std::size_t i = 0; i < rows.host_ids.size(); ++i) {
        const auto host = index.find(rows.host_ids[i]);
        const auto layout = layouts_.find(rows.layout_ids[i]);
        if (host == index.end() || layout == layouts_.end()) continue;
        const Host& of = hosts[host->second];
        if (is_late(rows.times[i], rows.received[i], of.skew, of.interval_seconds)) continue;
        table_.by_host[host->second].push_back(
            {rows.received[i], layout->second, before + rows.offsets[i]});
    }
    for (auto& batches : table_.by_host) {
        std::sort(batches.begin(), batches.end(),
                  [](const auto& a, const auto& b) { return a.received < b.received; });
    }
    pack();
    end_ = scope.ranges.back().to;
}

// Puts the values of each series of a host together: a rule then reads one place of memory for a
// host, where it would read one for each batch.
void SampleWindow::pack() {
    std::vector<double> values;
    values.reserve(table_.values.size());
    for (auto& batches : table_.by_host) {
        for (auto from = batches.begin(); from != batches.end();) {
            const auto to = std::find_if(from, batches.end(), [&](const auto& batch) {
                return batch.layout != from->layout;
            });
            const auto run = static_cast<std::size_t>(to - from);
            const std::size_t base = values.size();
            for (std::size_t p = 0; p < table_.layouts[from->layout].series.size(); ++p) {
                for (auto batch = from; batch != to; ++batch) {
                    values.push_back(table_.value(*batch, p));
                }
            }
            for (std::size_t i = 0; from != to; ++from, ++i) {
                from->offset = base + i;
                from->stride = run;
            }
        }
    }
    table_.values = std::move(values);
}

void SampleWindow::move_on(store::Session& session, const std::vector<Host>& hosts,
                           const HostIndex& index, const store::TimeRange& window,
                           const std::vector<std::string>& metrics) {
    // A clock that was set back, or a pause as long as the window: all of it is read.
    const bool anew = end_ > window.to || end_ <= window.from + kReadAgain;
    const Timestamp from = anew ? window.from : end_ - kReadAgain;
    for (auto& batches : table_.by_host) {
        std::erase_if(batches, [&](const SampleTable::Batch& batch) {
            return batch.received <= window.from || batch.received > from;
        });
    }
    // As much at a time as a statement may take.
    for (Timestamp at = from; at < window.to; at += kLongestWholeWindow) {
        const Timestamp to = std::min<Timestamp>(at + kLongestWholeWindow, window.to);
        read(session, hosts, index, scope_of(hosts, {at, to}), metrics);
    }
    if (anew) first_layouts_ = layouts_.size();
}

}  // namespace chorus::alerts
