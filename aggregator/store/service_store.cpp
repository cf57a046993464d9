#include "aggregator/store/service_store.h"

namespace chorus::store {
namespace {

constexpr Statement kState{"service_state", R"sql(
INSERT INTO monitoring.services AS s
    (name, endpoint, status, status_since, last_checked, response_time_ms, error_message,
     certificate_expires)
SELECT i.name, i.endpoint, (ARRAY['healthy', 'unhealthy', 'timeout'])[i.status + 1], i.ts, i.ts,
       i.response_time_ms, nullif(i.error, ''), i.certificate_expires
FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::int[], $5::int[], $6::text[],
            $7::timestamptz[])
     AS i (name, endpoint, ts, status, response_time_ms, error, certificate_expires)
ORDER BY i.name
ON CONFLICT (name) DO UPDATE
SET endpoint = excluded.endpoint,
    status = excluded.status,
    status_since = CASE WHEN s.status = excluded.status THEN s.status_since
                        ELSE excluded.status_since END,
    last_checked = excluded.last_checked,
    response_time_ms = excluded.response_time_ms,
    error_message = excluded.error_message,
    certificate_expires = excluded.certificate_expires
WHERE s.last_checked <= excluded.last_checked
)sql"};

// The hours count what was stored and nothing else, so that a round that is stored again after a
// lost COMMIT counts once.
// The hours count what was stored and nothing else, so that a round that is stored again after a
// lost COMMIT counts once.
constexpr Statement kHistory{"service_history", R"sql(
WITH stored AS (
    INSERT INTO monitoring.service_checks
        (service_id, ts, status, response_time_ms, certificate_days, error_message)
    SELECT s.service_id, i.ts, i.status, i.response_time_ms,
           floor(extract(epoch FROM i.certificate_expires - i.ts) / 86400), nullif(i.error, '')
    FROM unnest($1::text[], $2::timestamptz[], $3::int[], $4::int[], $5::text[],
                $6::timestamptz[])
         AS i (name, ts, status, response_time_ms, error, certificate_expires)
    JOIN monitoring.services s ON s.name = i.name
    ON CONFLICT DO NOTHING
    RETURNING service_id, ts, status, response_time_ms
)
INSERT INTO monitoring.service_hours AS h
    (service_id, hour, checks, healthy, answers, response_ms_sum, response_ms_min,
     response_ms_max)
SELECT service_id, date_trunc('hour', ts, 'UTC'), 1, (status = 0)::int,
       (response_time_ms IS NOT NULL)::int, coalesce(response_time_ms, 0), response_time_ms,
       response_time_ms
FROM stored
ORDER BY service_id
ON CONFLICT (service_id, hour) DO UPDATE
SET checks = h.checks + 1,
    healthy = h.healthy + excluded.healthy,
    answers = h.answers + excluded.answers,
    response_ms_sum = h.response_ms_sum + excluded.response_ms_sum,
    response_ms_min = least(h.response_ms_min, excluded.response_ms_min),
    response_ms_max = greatest(h.response_ms_max, excluded.response_ms_max)
)sql"};

}  // namespace

std::string_view to_string(ServiceStatus status) {
    switch (status) {
        case ServiceStatus::healthy:
            return "healthy";
        case ServiceStatus::unhealthy:
            return "unhealthy";
        case ServiceStatus::timeout:
            return "timeout";
    }
    return "unhealthy";
}

void record_checks(Session& session, const std::vector<ServiceCheck>& round) {
    if (round.empty()) return;
    std::vector<std::string> names, endpoints, errors;
    std::vector<Timestamp> times;
    std::vector<std::int32_t> statuses;
    std::vector<std::optional<std::int32_t>> response_times;
    std::vector<std::optional<Timestamp>> ends;
    for (const ServiceCheck& check : round) {
        names.push_back(check.service);
        endpoints.push_back(check.endpoint);
        errors.push_back(check.error);
        times.push_back(check.time);
        statuses.push_back(static_cast<std::int32_t>(check.status));
        response_times.push_back(check.response_time_ms);
        ends.push_back(check.certificate_expires);
    }
    session.execute(kState, Parameters{}
                                .text_array(names)
                                .text_array(endpoints)
                                .timestamp_array(times)
                                .int4_array(statuses)
                                .int4_array(response_times)
                                .text_array(errors)
                                .timestamp_array(ends));
    session.execute(kHistory, Parameters{}
                                  .text_array(names)
                                  .timestamp_array(times)
                                  .int4_array(statuses)
                                  .int4_array(response_times)
                                  .text_array(errors)
                                  .timestamp_array(ends));
}

}  // namespace chorus::store
