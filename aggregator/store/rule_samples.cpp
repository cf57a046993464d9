#include "aggregator/store/rule_samples.h"

#include <cmath>
#include <map>

namespace chorus::store {
namespace {

constexpr Statement kHosts{"rule_hosts", R"sql(
SELECT host_id, hostname, labels, thresholds, interval_seconds, first_seen, last_seen,
       coalesce(clock_skew_ms, 0)
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
FROM monitoring.layouts l JOIN monitoring.layout_entries e USING (layout_id)
WHERE e.metric_type = ANY ($1) AND l.last_used_day >= $2
ORDER BY e.layout_id, e.position
)sql";

// Of each batch one array: where the elements wanted lie close together, the slice that holds them
// all, which costs a fifth of picking them one by one; else those alone, of an array that is
// unpacked once (|| '{}'). Not prepared: the plan must know the times, to leave out partitions and
// to see how few rows they are.
constexpr std::string_view kSamples = R"sql(
WITH wanted AS MATERIALIZED (
    SELECT * FROM unnest($1::int[], $2::int[], $3::int[]) AS g(layout_id, low, high)
), scattered AS MATERIALIZED (
    SELECT g.layout_id, array_agg(g.position ORDER BY g.n) AS positions
    FROM unnest($4::int[], $5::int[]) WITH ORDINALITY AS g(layout_id, position, n)
    GROUP BY g.layout_id
), batches AS (
    @BATCHES@
    UNION ALL
    SELECT b.host_id, b.layout_id, b.ts, b.received_at, b."values"
    FROM unnest($8::int[], $9::float8[]) AS s(host_id, skew)
    JOIN monitoring.system_batches b
      ON b.host_id = s.host_id
     AND b.ts > $6 - make_interval(secs => s.skew) - $10::interval
     AND b.ts <= $7 - make_interval(secs => s.skew) + $11::interval
)
SELECT b.host_id, b.layout_id, b.ts, b.received_at,
       CASE WHEN s.positions IS NULL THEN b."values"[w.low:w.high]
            ELSE ARRAY(SELECT d.unpacked[u.position]
                       FROM (SELECT b."values" || '{}'::float8[] AS unpacked OFFSET 0) d,
                            unnest(s.positions) AS u(position)) END
FROM batches b
JOIN wanted w ON w.layout_id = b.layout_id
LEFT JOIN scattered s ON s.layout_id = b.layout_id
WHERE b.received_at > $6 AND b.received_at <= $7 AND ($12::int IS NULL OR b.host_id = $12)
)sql";

constexpr std::string_view kOneRange = R"sql(
    SELECT b.host_id, b.layout_id, b.ts, b.received_at, b."values"
    FROM monitoring.system_batches b
    WHERE b.ts > $6 - $10::interval AND b.ts <= $7 + $11::interval
      AND b.host_id <> ALL ($8::int[]) AND ($12::int IS NULL OR b.host_id = $12)
)sql";

constexpr std::string_view kManyRanges = R"sql(
    SELECT b.host_id, b.layout_id, b.ts, b.received_at, b."values"
    FROM unnest($13::timestamptz[], $14::timestamptz[]) AS r("from", "to")
    JOIN monitoring.system_batches b
      ON b.ts > r."from" - $10::interval AND b.ts <= r."to" + $11::interval
     AND b.received_at > r."from" AND b.received_at <= r."to"
    WHERE b.host_id <> ALL ($8::int[]) AND ($12::int IS NULL OR b.host_id = $12)
)sql";

// What is wanted of one layout.
struct WantedLayout {
    std::int32_t low = 0, high = 0;
    std::vector<std::int32_t> positions;  // in order
    // A slice may be so many times as long as what is wanted of it.
    static constexpr std::size_t kLongestSlice = 4;
    bool scattered() const {
        return static_cast<std::size_t>(high - low + 1) > kLongestSlice * positions.size();
    }
};
using WantedLayouts = std::map<std::int32_t, WantedLayout>;

WantedLayouts by_layout(const std::vector<WantedEntry>& wanted) {
    WantedLayouts layouts;
    for (const auto& entry : wanted) {
        auto& layout = layouts[entry.layout_id];
        if (layout.positions.empty()) layout.low = entry.position;
        layout.high = entry.position;
        layout.positions.push_back(entry.position);
    }
    return layouts;
}

// The arrays of $1 to $5.
Parameters layout_parameters(const WantedLayouts& layouts) {
    std::vector<std::int32_t> ids, low, high, scattered_ids, scattered;
    for (const auto& [id, layout] : layouts) {
        ids.push_back(id);
        low.push_back(layout.low);
        high.push_back(layout.high);
        if (!layout.scattered()) continue;
        scattered_ids.insert(scattered_ids.end(), layout.positions.size(), id);
        scattered.insert(scattered.end(), layout.positions.begin(), layout.positions.end());
    }
    Parameters parameters;
    parameters.int4_array(std::span{ids})
        .int4_array(std::span{low})
        .int4_array(std::span{high})
        .int4_array(std::span{scattered_ids})
        .int4_array(std::span{scattered});
    return parameters;
}

void append_wanted(const WantedLayout& layout, const std::vector<double>& given,
                   std::vector<double>& values) {
    if (layout.scattered()) {
        values.insert(values.end(), given.begin(), given.end());
        return;
    }
    for (const auto position : layout.positions) {
        const auto at = static_cast<std::size_t>(position - layout.low);
        values.push_back(at < given.size() ? given[at] : std::nan(""));
    }
}

std::string samples_sql(bool many_ranges) {
    std::string sql{kSamples};
    sql.replace(sql.find("@BATCHES@"), 9, many_ranges ? kManyRanges : kOneRange);
    return sql;
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
        hosts.push_back({row.int4(0), std::string{row.text(1)}, std::string{row.text(2)},
                         std::string{row.text(3)}, row.float8(4), row.timestamp(5),
                         row.timestamp(6), std::chrono::milliseconds{row.int8(7)}});
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

std::vector<WantedEntry> read_wanted_entries(Session& session,
                                             const std::vector<std::string>& metric_types,
                                             Timestamp since) {
    std::vector<WantedEntry> entries;
    // A writer that could not note the use of a layout does so on the next day at the latest.
    const auto day = std::chrono::floor<std::chrono::days>(since) - std::chrono::days{1};
    for (const auto row : session.execute_once(
             kEntries, Parameters{}.text_array(std::span{metric_types}).date(day))) {
        entries.push_back({row.int4(0), row.int4(1), std::string{row.text(2)},
                           std::string{row.text(3)}, std::string{row.text(4)},
                           std::string{row.text(5)}});
    }
    return entries;
}

SampleRows read_samples(Session& session, const SampleScope& scope,
                        const std::vector<WantedEntry>& wanted) {
    SampleRows rows;
    if (scope.ranges.empty() || wanted.empty()) return rows;
    const auto layouts = by_layout(wanted);
    const bool many = scope.ranges.size() > 1;
    auto parameters = layout_parameters(layouts);
    parameters.timestamp(scope.ranges.front().from)
        .timestamp(scope.ranges.back().to)
        .int4_array(std::span{scope.skewed_hosts})
        .float8_array(std::span{scope.skew_seconds})
        .interval(scope.slack_before)
        .interval(scope.slack_behind)
        .int4(scope.only_host);
    if (many) {
        std::vector<Timestamp> from, to;
        for (const auto& range : scope.ranges) {
            from.push_back(range.from);
            to.push_back(range.to);
        }
        parameters.timestamp_array(std::span{from}).timestamp_array(std::span{to});
    }
    const auto result = session.execute_once(samples_sql(many), parameters);
    const auto count = static_cast<std::size_t>(result.size());
    for (auto* column : {&rows.host_ids, &rows.layout_ids}) column->reserve(count);
    for (const auto row : result) {
        rows.host_ids.push_back(row.int4(0));
        rows.layout_ids.push_back(row.int4(1));
        rows.times.push_back(row.timestamp(2));
        rows.received.push_back(row.timestamp(3));
        rows.offsets.push_back(rows.values.size());
        append_wanted(layouts.at(row.int4(1)), row.float8_array(4), rows.values);
    }
    return rows;
}

}  // namespace chorus::store
