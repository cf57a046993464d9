#include "aggregator/history/latest_reader.h"

#include <cmath>
#include <map>

namespace chorus::store {
namespace {

// One look at the end of each host's part of the primary key. Where its clock was ahead, rows of
// that time lie behind the newest; where it is wrong now, so is the time that must not be too old.
constexpr const char* kLatest = R"sql(
SELECT h.host_id, h.hostname, b.ts, b.received_at, b.layout_id, b."values", p.scanned
FROM monitoring.hosts h
CROSS JOIN LATERAL (
    SELECT s.ts, s.received_at, s.layout_id, s."values"
    FROM monitoring.system_batches s
    WHERE s.host_id = h.host_id AND s.ts > $3
      AND s.ts > $2 + coalesce(h.latest_ts - h.latest_made_at, interval '0')
      AND s.ts <= coalesce(h.latest_ts, 'infinity')
    ORDER BY s.ts DESC
    LIMIT 1) b
LEFT JOIN LATERAL (
    SELECT s.scanned
    FROM monitoring.process_batches s
    WHERE s.host_id = h.host_id AND s.ts > $3
      AND s.ts > $2 + coalesce(h.latest_ts - h.latest_made_at, interval '0')
      AND s.ts <= coalesce(h.latest_process_ts, 'infinity')
    ORDER BY s.ts DESC
    LIMIT 1) p ON true
WHERE $1::text IS NULL OR h.hostname = $1
ORDER BY h.hostname
)sql";

// Now, and now by the clock that is furthest behind.
constexpr const char* kClocks = R"sql(
SELECT now(), now() + coalesce(least(min(latest_ts - latest_made_at), interval '0'), interval '0')
FROM monitoring.hosts
WHERE $1::text IS NULL OR hostname = $1
)sql";

constexpr Statement kLayoutsOfHosts{"latest_layouts", R"sql(
SELECT e.layout_id, e.position, e.metric_type, e.label, e.unit, e.tags
FROM monitoring.layout_entries e
WHERE e.layout_id = ANY ($1)
ORDER BY e.layout_id, e.position
)sql"};

std::map<std::int32_t, std::shared_ptr<const Layout>> read_layouts(
    Session& session, const std::vector<std::int32_t>& ids) {
    std::map<std::int32_t, std::shared_ptr<Layout>> layouts;
    for (const auto row :
         session.execute(kLayoutsOfHosts, Parameters{}.int4_array(std::span{ids}))) {
        auto& layout = layouts[row.int4(0)];
        if (!layout) layout = std::make_shared<Layout>();
        layout->push_back({row.int4(1), std::string{row.text(2)}, std::string{row.text(3)},
                           std::string{row.text(4)}, std::string{row.text(5)}});
    }
    return {layouts.begin(), layouts.end()};
}

}  // namespace

std::optional<double> LatestBatch::value(std::string_view metric_type) const {
    for (const auto& entry : *layout) {
        if (entry.metric_type != metric_type || !entry.label.empty()) continue;
        const auto at = static_cast<std::size_t>(entry.position - 1);
        if (at >= values.size() || std::isnan(values[at])) return std::nullopt;
        return values[at];
    }
    return std::nullopt;
}

std::vector<LatestBatch> LatestReader::read(const std::optional<std::string>& hostname,
                                            std::chrono::seconds max_age) const {
    return database_.read([&](Session& session) {
        // Constants, not now() - age, so that older partitions are left out of the plan.
        const auto clocks = session.execute_once(kClocks, Parameters{}.text(hostname));
        const auto oldest = clocks[0].timestamp(0) - max_age;
        const auto oldest_row = clocks[0].timestamp(1) - max_age;
        std::vector<LatestBatch> batches;
        std::vector<std::int32_t> layout_ids;
        for (const auto row : session.execute_once(
                 kLatest, Parameters{}.text(hostname).timestamp(oldest).timestamp(oldest_row))) {
            LatestBatch batch;
            batch.host_id = row.int4(0);
            batch.hostname = row.text(1);
            batch.time = row.timestamp(2);
            batch.received_at = row.timestamp(3);
            batch.values = row.float8_array(5);
            batch.process_count = row.optional_int8(6);
            batches.push_back(std::move(batch));
            layout_ids.push_back(row.int4(4));
        }
        const auto layouts = read_layouts(session, layout_ids);
        const auto none = std::make_shared<const Layout>();
        for (std::size_t i = 0; i < batches.size(); ++i) {
            const auto found = layouts.find(layout_ids[i]);
            batches[i].layout = found == layouts.end() ? none : found->second;
        }
        return batches;
    });
}

std::vector<LatestBatch> LatestReader::all(std::chrono::seconds max_age) const {
    return read(std::nullopt, max_age);
}

std::optional<LatestBatch> LatestReader::of(const std::string& hostname,
                                            std::chrono::seconds max_age) const {
    auto batches = read(hostname, max_age);
    if (batches.empty()) return std::nullopt;
    return std::move(batches.front());
}

}  // namespace chorus::store
