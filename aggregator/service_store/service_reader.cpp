#include "aggregator/service_store/service_reader.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace chorus::store {
namespace {

using std::chrono::days;
using std::chrono::hours;

constexpr std::int64_t kMinute = 60, kHour = 3'600;

constexpr const char* kStates = R"sql(
SELECT s.name, s.endpoint, s.status, s.status_since, s.last_checked, s.response_time_ms,
       s.error_message, s.certificate_expires, a.hostname, a.interval_seconds, a.heard_at
FROM monitoring.services s
LEFT JOIN monitoring.agent_services a ON a.service_id = s.service_id
WHERE s.host_id IS NULL OR NOT a.is_gone
)sql";

constexpr const char* kUptimes = R"sql(
SELECT s.name,
       100.0::float8 * sum(h.healthy) FILTER (WHERE h.hour >= $1)
           / sum(h.checks) FILTER (WHERE h.hour >= $1),
       100.0::float8 * sum(h.healthy) FILTER (WHERE h.hour >= $2)
           / sum(h.checks) FILTER (WHERE h.hour >= $2),
       100.0::float8 * sum(h.healthy) / sum(h.checks),
       (sum(h.response_ms_sum) FILTER (WHERE h.hour >= $1))::float8
           / nullif(sum(h.answers) FILTER (WHERE h.hour >= $1), 0)
FROM monitoring.service_hours h
JOIN monitoring.services s ON s.service_id = h.service_id
WHERE h.hour >= $3
GROUP BY s.name
)sql";

constexpr const char* kRecent = R"sql(
SELECT s.name, c.ts, c.status, c.response_time_ms, c.error_message
FROM monitoring.services s
CROSS JOIN LATERAL (
    SELECT ts, status, response_time_ms, error_message
    FROM monitoring.service_checks
    WHERE service_id = s.service_id AND ts >= $1
    ORDER BY ts DESC
    LIMIT $2
) c
WHERE $3::text IS NULL OR s.name = $3
ORDER BY s.name, c.ts
)sql";

constexpr const char* kChecksSeries = R"sql(
SELECT (floor(extract(epoch FROM c.ts))::bigint / $4) * $4 AS step,
       avg(c.response_time_ms)::float8, min(c.response_time_ms)::float8,
       max(c.response_time_ms)::float8,
       100.0::float8 * count(*) FILTER (WHERE c.status = 0) / count(*), count(*)
FROM monitoring.service_checks c
JOIN monitoring.services s ON s.service_id = c.service_id
WHERE s.name = $1 AND c.ts >= $2 AND c.ts <= $3
GROUP BY step
ORDER BY step
)sql";

constexpr const char* kHoursSeries = R"sql(
SELECT (floor(extract(epoch FROM h.hour))::bigint / $4) * $4 AS step,
       sum(h.response_ms_sum)::float8 / nullif(sum(h.answers), 0),
       min(h.response_ms_min)::float8, max(h.response_ms_max)::float8,
       100.0::float8 * sum(h.healthy) / sum(h.checks), sum(h.checks)
FROM monitoring.service_hours h
JOIN monitoring.services s ON s.service_id = h.service_id
WHERE s.name = $1 AND h.hour >= date_trunc('hour', $2::timestamptz, 'UTC') AND h.hour <= $3
GROUP BY step
ORDER BY step
)sql";

double or_nan(const std::optional<double>& value) {
    return value.value_or(std::numeric_limits<double>::quiet_NaN());
}

}  // namespace

std::chrono::duration<double> known_for(double interval_seconds) {
    return 3 * std::chrono::duration<double>{interval_seconds} + kCheckLateness;
}

bool CheckingAgent::silent(Timestamp now) const {
    return now - heard_at > known_for(interval_seconds);
}

std::unordered_map<std::string, ServiceState> ServiceReader::states() const {
    return database_.read([](Session& session) {
        std::unordered_map<std::string, ServiceState> all;
        for (const Row row : session.execute_once(kStates)) {
            ServiceState state{std::string(row.text(0)), std::string(row.text(1)),
                               std::string(row.text(2)), row.timestamp(3),
                               row.timestamp(4),         row.optional_int4(5),
                               row.optional_text(6),     row.optional_timestamp(7)};
            if (const auto host = row.optional_text(8)) {
                state.agent = {*host, row.float8(9), row.timestamp(10)};
            }
            all.emplace(state.service, std::move(state));
        }
        return all;
    });
}

std::unordered_map<std::string, ServiceUptime> ServiceReader::uptimes(Timestamp now) const {
    const auto parameters =
        Parameters{}.timestamp(now - days{1}).timestamp(now - days{7}).timestamp(now - days{30});
    return database_.read([&](Session& session) {
        std::unordered_map<std::string, ServiceUptime> all;
        for (const Row row : session.execute_once(kUptimes, parameters)) {
            all.emplace(row.text(0), ServiceUptime{row.optional_float8(1), row.optional_float8(2),
                                                   row.optional_float8(3), row.optional_float8(4)});
        }
        return all;
    });
}

std::unordered_map<std::string, std::vector<PastCheck>> ServiceReader::recent(
    Timestamp now, int count, const std::optional<std::string>& service) const {
    const auto parameters = Parameters{}.timestamp(now - days{7}).int4(count).text(service);
    return database_.read([&](Session& session) {
        std::unordered_map<std::string, std::vector<PastCheck>> all;
        for (const Row row : session.execute_once(kRecent, parameters)) {
            all[std::string(row.text(0))].push_back({row.timestamp(1),
                                                     static_cast<ServiceStatus>(row.int4(2)),
                                                     row.optional_int4(3), row.optional_text(4)});
        }
        return all;
    });
}

ServiceSeries ServiceReader::series(const std::string& service, Timestamp from, Timestamp to,
                                    int max_points) const {
    const auto span = std::chrono::ceil<std::chrono::seconds>(to - from).count();
    const auto unit = span / max_points >= kHour ? kHour : kMinute;
    const auto units = (span + max_points * unit - 1) / (max_points * unit);
    const auto step = std::max<std::int64_t>(1, units) * unit;
    const auto parameters = Parameters{}.text(service).timestamp(from).timestamp(to).int8(step);
    const char* sql = unit == kHour ? kHoursSeries : kChecksSeries;
    return database_.read([&](Session& session) {
        ServiceSeries series{step, {}, {}, {}, {}, {}, {}};
        for (const Row row : session.execute_once(sql, parameters)) {
            series.times.push_back(row.int8(0));
            series.average.push_back(or_nan(row.optional_float8(1)));
            series.minimum.push_back(or_nan(row.optional_float8(2)));
            series.maximum.push_back(or_nan(row.optional_float8(3)));
            series.uptime_percent.push_back(row.float8(4));
            series.checks.push_back(row.int8(5));
        }
        return series;
    });
}

}  // namespace chorus::store
