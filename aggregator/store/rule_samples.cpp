#include "aggregator/store/rule_samples.h"

namespace chorus::store {
namespace {

constexpr Statement kHosts{"rule_hosts", R"sql(
SELECT host_id, hostname, labels, thresholds, interval_seconds, first_seen, last_seen,
       coalesce(clock_skew_ms, 0)
FROM monitoring.hosts
ORDER BY host_id
)sql"};

constexpr Statement kServices{"rule_services", R"sql(
SELECT name, status, response_time_ms, error_message, last_checked
FROM monitoring.services ORDER BY name
)sql"};

constexpr const char* kPastServices = R"sql(
SELECT s.name,
       CASE c.status WHEN 0 THEN 'healthy' WHEN 1 THEN 'unhealthy' ELSE 'timeout' END,
       c.response_time_ms, c.error_message, c.ts
FROM monitoring.services s
JOIN monitoring.service_checks c ON c.service_id = s.service_id
WHERE s.name LIKE monitoring.glob_to_like($1) AND c.ts > $2 AND c.ts <= $3
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
SELECT layout_id, position, metric_type, label, tags, unit
FROM monitoring.layout_entries
WHERE metric_type = ANY ($1)
ORDER BY layout_id, position
)sql";

// The elements wanted of each batch as one short array: neither a row per element nor the whole
// array, both of which take several times as long. Not prepared: the plan must know the times, to
// leave out partitions and to see how few rows they are. OFFSET 0 keeps the planner from joining
// batches before the times are applied.
constexpr std::string_view kSamples = R"sql(
WITH wanted AS MATERIALIZED (
    SELECT g.layout_id, array_agg(g.position ORDER BY g.n) AS positions
    FROM unnest($1::int[], $2::int[]) WITH ORDINALITY AS g(layout_id, position, n)
    GROUP BY g.layout_id
), batches AS (
    @BATCHES@
    UNION ALL
    SELECT b.host_id, b.layout_id, b.ts, b.received_at, b."values"
    FROM unnest($5::int[], $6::float8[]) AS s(host_id, skew)
    JOIN monitoring.system_batches b
      ON b.host_id = s.host_id
     AND b.ts > $3 - make_interval(secs => s.skew) - $7::interval
     AND b.ts <= $4 - make_interval(secs => s.skew) + $8::interval
)
SELECT b.host_id, b.layout_id, b.ts, b.received_at,
       ARRAY(SELECT b."values"[u.position] FROM unnest(w.positions) AS u(position))
FROM batches b
JOIN wanted w ON w.layout_id = b.layout_id
WHERE b.received_at > $3 AND b.received_at <= $4 AND ($9::int IS NULL OR b.host_id = $9)
ORDER BY b.received_at
)sql";

constexpr std::string_view kOneRange = R"sql(
    SELECT b.host_id, b.layout_id, b.ts, b.received_at, b."values"
    FROM monitoring.system_batches b
    WHERE b.ts > $3 - $7::interval AND b.ts <= $4 + $8::interval
      AND b.host_id <> ALL ($5::int[]) AND ($9::int IS NULL OR b.host_id = $9)
)sql";

constexpr std::string_view kManyRanges = R"sql(
    SELECT b.host_id, b.layout_id, b.ts, b.received_at, b."values"
    FROM unnest($10::timestamptz[], $11::timestamptz[]) AS r("from", "to")
    JOIN monitoring.system_batches b
      ON b.ts > r."from" - $7::interval AND b.ts <= r."to" + $8::interval
     AND b.received_at > r."from" AND b.received_at <= r."to"
    WHERE b.host_id <> ALL ($5::int[]) AND ($9::int IS NULL OR b.host_id = $9)
)sql";

std::string samples_sql(bool many_ranges) {
    std::string sql{kSamples};
    sql.replace(sql.find("@BATCHES@"), 9, many_ranges ? kManyRanges : kOneRange);
    return sql;
}

std::vector<RuleService> services_of(const Result& rows) {
    std::vector<RuleService> services;
    for (const auto row : rows) {
        services.push_back({std::string{row.text(0)}, std::string{row.text(1)},
                            row.optional_int4(2), row.optional_text(3), row.timestamp(4)});
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

std::vector<RuleService> read_past_services(Session& session, const std::string& glob,
                                            const TimeRange& range) {
    return services_of(session.execute_once(
        kPastServices, Parameters{}.text(glob).timestamp(range.from).timestamp(range.to)));
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
                                             const std::vector<std::string>& metric_types) {
    std::vector<WantedEntry> entries;
    for (const auto row :
         session.execute_once(kEntries, Parameters{}.text_array(std::span{metric_types}))) {
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
    std::vector<std::int32_t> layouts, positions;
    layouts.reserve(wanted.size());
    positions.reserve(wanted.size());
    for (const auto& entry : wanted) {
        layouts.push_back(entry.layout_id);
        positions.push_back(entry.position);
    }
    const bool many = scope.ranges.size() > 1;
    Parameters parameters;
    parameters.int4_array(std::span{layouts})
        .int4_array(std::span{positions})
        .timestamp(scope.ranges.front().from)
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
        const auto values = row.float8_array(4);
        rows.values.insert(rows.values.end(), values.begin(), values.end());
    }
    return rows;
}

}  // namespace chorus::store
