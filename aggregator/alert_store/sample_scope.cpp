#include "aggregator/alert_store/sample_scope.h"

#include <algorithm>
#include <span>

namespace chorus::store {
namespace {

constexpr std::string_view kOneRange = R"sql(
SELECT @COLUMNS@
FROM @TABLE@ b
WHERE b.ts > ($1::timestamptz[])[1] - $3::interval AND b.ts <= ($2::timestamptz[])[1] + $4::interval
  AND b.received_at > ($1::timestamptz[])[1] AND b.received_at <= ($2::timestamptz[])[1]
  AND b.host_id <> ALL ($5::int[]) AND ($8::int IS NULL OR b.host_id = $8)
)sql";

constexpr std::string_view kManyRanges = R"sql(
SELECT @COLUMNS@
FROM unnest($1::timestamptz[], $2::timestamptz[]) AS r("from", "to")
JOIN @TABLE@ b
  ON b.ts > r."from" - $3::interval AND b.ts <= r."to" + $4::interval
 AND b.received_at > r."from" AND b.received_at <= r."to"
WHERE b.host_id <> ALL ($5::int[]) AND ($8::int IS NULL OR b.host_id = $8)
)sql";

constexpr std::string_view kHostByHost = R"sql(
UNION ALL
SELECT @COLUMNS@
FROM unnest($5::int[], $6::float8[], $7::float8[], $9::float8[])
     AS a(host_id, before, behind, width)
CROSS JOIN unnest($1::timestamptz[], $2::timestamptz[]) AS r("from", "to")
CROSS JOIN LATERAL (SELECT coalesce(r."from" + make_interval(secs => a.width), r."to") AS "to") e
JOIN @TABLE@ b
  ON b.host_id = a.host_id
 AND b.ts > r."from" - make_interval(secs => a.before)
 AND b.ts <= e."to" + make_interval(secs => a.behind)
 AND b.received_at > r."from" AND b.received_at <= e."to"
WHERE $8::int IS NULL OR b.host_id = $8
)sql";

void replace_all(std::string& text, std::string_view what, std::string_view with) {
    for (auto at = text.find(what); at != text.npos; at = text.find(what, at + with.size())) {
        text.replace(at, what.size(), with);
    }
}

double seconds(std::chrono::microseconds time) {
    return std::chrono::duration<double>(time).count();
}

}  // namespace

std::string batches_sql(const SampleScope& scope, std::string_view table,
                        std::string_view columns) {
    std::string sql{scope.ranges.size() > 1 ? kManyRanges : kOneRange};
    sql += kHostByHost;
    replace_all(sql, "@TABLE@", table);
    replace_all(sql, "@COLUMNS@", columns);
    return sql;
}

Parameters scope_parameters(const SampleScope& scope) {
    std::vector<Timestamp> from, to;
    for (const auto& range : scope.ranges) {
        from.push_back(range.from);
        to.push_back(range.to);
    }
    std::vector<std::int32_t> hosts;
    std::vector<double> before, behind;
    std::vector<std::optional<double>> width;
    for (const auto& host : scope.apart) {
        hosts.push_back(host.host_id);
        before.push_back(seconds(host.before));
        behind.push_back(seconds(host.behind));
        width.push_back(host.width ? std::optional{seconds(*host.width)} : std::nullopt);
    }
    Parameters parameters;
    parameters.timestamp_array(std::span{from})
        .timestamp_array(std::span{to})
        .interval(scope.before)
        .interval(scope.behind)
        .int4_array(std::span{hosts})
        .float8_array(std::span{before})
        .float8_array(std::span{behind})
        .int4(scope.only_host)
        .float8_array(width);
    return parameters;
}

TimeRange host_times(const SampleScope& scope) {
    TimeRange times{scope.ranges.front().from - scope.before,
                    scope.ranges.back().to + scope.behind};
    for (const auto& host : scope.apart) {
        const auto longer = host.width.value_or(std::chrono::microseconds{0});
        times.from = std::min(times.from, scope.ranges.front().from - host.before);
        times.to = std::max(times.to, scope.ranges.back().to + host.behind + longer);
    }
    return times;
}

bool takes(const SampleScope& scope, std::int32_t host_id, Timestamp time, Timestamp received) {
    if (scope.only_host.value_or(host_id) != host_id) return false;
    SampleScope::Apart look{host_id, scope.before, scope.behind, std::nullopt};
    const auto apart = std::ranges::find(scope.apart, host_id, &SampleScope::Apart::host_id);
    if (apart != scope.apart.end()) look = *apart;
    return std::ranges::any_of(scope.ranges, [&](const TimeRange& range) {
        const auto to = look.width ? range.from + *look.width : range.to;
        return received > range.from && received <= to && time > range.from - look.before &&
               time <= to + look.behind;
    });
}

}  // namespace chorus::store
