#include "aggregator/alert_store/rule_samples.h"

#include <cmath>

namespace chorus::store {
namespace {

constexpr Statement kHosts{"rule_hosts", R"sql(
SELECT host_id, hostname, labels, thresholds, interval_seconds, first_seen, last_seen,
       coalesce(clock_skew_ms, 0), held_back_at, timed_by_receipt, clone_hostname, clone_refused_at
FROM monitoring.hosts
ORDER BY host_id
)sql"};

constexpr Statement kServices{"rule_services", R"sql(
SELECT s.name, s.status, s.response_time_ms, s.error_message, s.last_checked,
       coalesce(s.heard_at, s.last_checked), coalesce(s.interval_seconds, 60),
       coalesce(a.hostname, '')
FROM monitoring.services s
LEFT JOIN monitoring.agent_services a ON a.service_id = s.service_id
WHERE s.host_id IS NULL OR NOT a.is_gone
ORDER BY s.name
)sql"};

constexpr const char* kPastService = R"sql(
SELECT s.name,
       CASE c.status WHEN 0 THEN 'healthy' WHEN 1 THEN 'unhealthy' ELSE 'timeout' END,
       c.response_time_ms, c.error_message, c.ts, c.ts, coalesce(s.interval_seconds, 60),
       coalesce(a.hostname, '')
FROM monitoring.services s
JOIN monitoring.service_checks c ON c.service_id = s.service_id
LEFT JOIN monitoring.agent_services a ON a.service_id = s.service_id
WHERE s.name = $1 AND c.ts > $2 AND c.ts <= $3
ORDER BY c.ts
)sql";

// A batch is looked for a day around, because rows lie by the host's own time.
constexpr const char* kReceipts = R"sql(
SELECT received_at FROM monitoring.system_batches
WHERE host_id = $1 AND ts > $2 - interval '1 day' AND ts <= $3 + interval '1 day'
  AND received_at > $2 AND received_at <= $3
ORDER BY received_at
)sql";

constexpr const char* kEntries = R"sql(
SELECT e.layout_id, e.position, e.metric_type, e.label, e.tags, e.unit
FROM unnest($2::int[]) AS l(layout_id) JOIN monitoring.layout_entries e USING (layout_id)
WHERE e.metric_type = ANY ($1)
ORDER BY e.layout_id, e.position
)sql";

constexpr std::string_view kTable = "monitoring.system_batches";

// Of each batch one array: where the elements wanted lie close together, the slice that holds them
// all, which costs a fifth of picking them one by one; else those alone, of an array that is
// unpacked once (|| '{}').
constexpr std::string_view kSamples = R"sql(
, wanted AS MATERIALIZED (
    SELECT * FROM unnest($10::int[], $11::int[], $12::int[]) AS g(layout_id, low, high)
), scattered AS MATERIALIZED (
    SELECT g.layout_id, array_agg(g.position ORDER BY g.n) AS positions
    FROM unnest($13::int[], $14::int[]) WITH ORDINALITY AS g(layout_id, position, n)
    GROUP BY g.layout_id
)
SELECT b.host_id, b.layout_id, b.ts, b.received_at,
       CASE WHEN s.positions IS NULL THEN b."values"[w.low:w.high]
            ELSE ARRAY(SELECT d.unpacked[u.position]
                       FROM (SELECT b."values" || '{}'::float8[] AS unpacked OFFSET 0) d,
                            unnest(s.positions) AS u(position)) END
FROM batches b
JOIN wanted w ON w.layout_id = b.layout_id
LEFT JOIN scattered s ON s.layout_id = b.layout_id
)sql";

// A slice may be so many times as long as what is wanted of it.
bool scattered(const std::vector<std::int32_t>& positions) {
    constexpr std::size_t kLongestSlice = 4;
    const auto slice = static_cast<std::size_t>(positions.back() - positions.front()) + 1;
    return slice > kLongestSlice * positions.size();
}

// $10 to $14.
void add_layouts(Parameters& parameters, const WantedPositions& wanted) {
    std::vector<std::int32_t> ids, low, high, scattered_ids, scattered_positions;
    for (const auto& [id, positions] : wanted) {
        ids.push_back(id);
        low.push_back(positions.front());
        high.push_back(positions.back());
        if (!scattered(positions)) continue;
        scattered_ids.insert(scattered_ids.end(), positions.size(), id);
        scattered_positions.insert(scattered_positions.end(), positions.begin(), positions.end());
    }
    parameters.int4_array(std::span{ids})
        .int4_array(std::span{low})
        .int4_array(std::span{high})
        .int4_array(std::span{scattered_ids})
        .int4_array(std::span{scattered_positions});
}

void append_wanted(const std::vector<std::int32_t>& positions, const std::vector<double>& given,
                   std::vector<double>& values) {
    if (scattered(positions)) {
        values.insert(values.end(), given.begin(), given.end());
        return;
    }
    for (const auto position : positions) {
        const auto at = static_cast<std::size_t>(position - positions.front());
        values.push_back(at < given.size() ? given[at] : std::nan(""));
    }
}

std::vector<RuleService> services_of(const Result& rows) {
    std::vector<RuleService> services;
    for (const auto row : rows) {
        services.push_back({std::string{row.text(0)}, std::string{row.text(1)},
                            row.optional_int4(2), row.optional_text(3), row.timestamp(4),
                            row.timestamp(5), row.float8(6), std::string{row.text(7)}});
    }
    return services;
}

}  // namespace

std::vector<RuleHost> read_rule_hosts(Session& session) {
    std::vector<RuleHost> hosts;
    for (const auto row : session.execute(kHosts)) {
        const std::chrono::milliseconds skew{row.int8(7)};
        RuleHost host{row.int4(0),
                      std::string{row.text(1)},
                      std::string{row.text(2)},
                      std::string{row.text(3)},
                      row.float8(4),
                      row.timestamp(5),
                      row.timestamp(6),
                      skew,
                      row.optional_timestamp(8)};
        if (row.boolean(9)) {
            host.skew = {};
            host.clock_skew = skew;
        }
        if (!row.is_null(10)) host.clone_hostname = row.text(10);
        host.clone_refused_at = row.optional_timestamp(11);
        hosts.push_back(std::move(host));
    }
    return hosts;
}

std::vector<RuleService> read_rule_services(Session& session) {
    return services_of(session.execute(kServices));
}

std::vector<RuleService> read_past_service(Session& session, const std::string& name,
                                           const TimeRange& range) {
    return services_of(session.execute_once(
        kPastService, Parameters{}.text(name).timestamp(range.from).timestamp(range.to)));
}

std::vector<Timestamp> read_receipts(Session& session, std::int32_t host_id,
                                     const TimeRange& range) {
    std::vector<Timestamp> times;
    for (const auto row : session.execute_once(
             kReceipts, Parameters{}.int4(host_id).timestamp(range.from).timestamp(range.to))) {
        times.push_back(row.timestamp(0));
    }
    return times;
}

std::vector<std::int32_t> read_layouts_in_use(Session& session, const SampleScope& scope) {
    std::vector<std::int32_t> layouts;
    if (scope.ranges.empty()) return layouts;
    for (const auto row :
         session.execute_once("SELECT DISTINCT layout_id FROM (" +
                                  batches_sql(scope, kTable, "b.layout_id") + ") b ORDER BY 1",
                              scope_parameters(scope))) {
        layouts.push_back(row.int4(0));
    }
    return layouts;
}

std::vector<WantedEntry> read_wanted_entries(Session& session,
                                             const std::vector<std::string>& metric_types,
                                             const std::vector<std::int32_t>& layouts) {
    std::vector<WantedEntry> entries;
    if (layouts.empty()) return entries;
    for (const auto row : session.execute_once(
             kEntries,
             Parameters{}.text_array(std::span{metric_types}).int4_array(std::span{layouts}))) {
        entries.push_back({row.int4(0), row.int4(1), std::string{row.text(2)},
                           std::string{row.text(3)}, std::string{row.text(4)},
                           std::string{row.text(5)}});
    }
    return entries;
}

SampleRows read_samples(Session& session, const SampleScope& scope, const WantedPositions& wanted) {
    SampleRows rows;
    if (scope.ranges.empty() || wanted.empty()) return rows;
    auto parameters = scope_parameters(scope);
    add_layouts(parameters, wanted);
    const auto batches =
        batches_sql(scope, kTable, "b.host_id, b.layout_id, b.ts, b.received_at, b.\"values\"");
    const auto result = session.execute_once(
        "WITH batches AS (" + batches + ")" + std::string{kSamples}, parameters);
    const auto count = static_cast<std::size_t>(result.size());
    for (auto* column : {&rows.host_ids, &rows.layout_ids}) column->reserve(count);
    for (const auto row : result) {
        rows.host_ids.push_back(row.int4(0));
        rows.layout_ids.push_back(row.int4(1));
        rows.times.push_back(row.timestamp(2));
        rows.received.push_back(row.timestamp(3));
        rows.offsets.push_back(rows.values.size());
        append_wanted(wanted.at(row.int4(1)), row.float8_array(4), rows.values);
    }
    return rows;
}

}  // namespace chorus::store
