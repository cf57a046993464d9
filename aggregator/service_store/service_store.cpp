#include "aggregator/service_store/service_store.h"

#include <algorithm>

namespace chorus::store {
namespace {

// The newest check of each service. New services of an agent fit in as long as its host has room.
constexpr Statement kState{"service_state", R"sql(
WITH given AS (
    SELECT DISTINCT ON (name) *
    FROM (SELECT i.*, CASE WHEN i.host_id IS NULL THEN i.service
                           ELSE i.service || '@' || h.hostname END AS name
          FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::int[], $5::int[], $6::text[],
                      $7::timestamptz[], $8::int[], $9::float8[], $10::timestamptz[])
               AS i (service, endpoint, ts, status, response_time_ms, error, certificate_expires,
                     host_id, interval_seconds, heard_at)
          LEFT JOIN monitoring.hosts h ON h.host_id = i.host_id
          WHERE i.host_id IS NULL OR h.host_id IS NOT NULL) AS named
    ORDER BY name, heard_at DESC
), placed AS (
    SELECT g.*, s.service_id IS NOT NULL AS known,
           row_number() OVER (PARTITION BY g.host_id, s.service_id IS NULL ORDER BY g.name) AS nth,
           row_number() OVER (PARTITION BY s.service_id IS NULL, g.host_id IS NULL ORDER BY g.name)
               AS nth_of_all
    FROM given g
    LEFT JOIN monitoring.services s ON s.name = g.name
)
INSERT INTO monitoring.services AS s
    (name, endpoint, status, status_since, last_checked, response_time_ms, error_message,
     certificate_expires, host_id, interval_seconds, heard_at)
SELECT name, endpoint, (ARRAY['healthy', 'unhealthy', 'timeout'])[status + 1], ts, ts,
       response_time_ms, nullif(error, ''), certificate_expires, host_id, interval_seconds, heard_at
FROM placed p
WHERE host_id IS NULL OR known
   OR (nth + (SELECT count(*) FROM monitoring.services o WHERE o.host_id = p.host_id) <= $11
       AND nth_of_all
           + (SELECT count(*) FROM monitoring.services o WHERE o.host_id IS NOT NULL) <= $12)
ORDER BY name
ON CONFLICT (name) DO UPDATE
SET endpoint = excluded.endpoint,
    status = excluded.status,
    status_since = CASE WHEN s.status = excluded.status THEN s.status_since
                        ELSE excluded.status_since END,
    last_checked = excluded.last_checked,
    response_time_ms = excluded.response_time_ms,
    error_message = excluded.error_message,
    certificate_expires = excluded.certificate_expires,
    host_id = excluded.host_id,
    interval_seconds = excluded.interval_seconds,
    heard_at = excluded.heard_at
WHERE (excluded.host_id IS NULL OR s.host_id = excluded.host_id)
  AND coalesce(s.heard_at, s.last_checked) <= excluded.heard_at
)sql"};

// The hours count what was stored and nothing else, so that a round that is stored again after a
// lost COMMIT counts once.
constexpr Statement kHistory{"service_history", R"sql(
WITH stored AS (
    INSERT INTO monitoring.service_checks
        (service_id, ts, status, response_time_ms, certificate_days, error_message)
    SELECT s.service_id, i.ts, i.status, i.response_time_ms,
           floor(extract(epoch FROM i.certificate_expires - i.ts) / 86400), nullif(i.error, '')
    FROM unnest($1::text[], $2::timestamptz[], $3::int[], $4::int[], $5::text[],
                $6::timestamptz[], $7::int[])
         AS i (service, ts, status, response_time_ms, error, certificate_expires, host_id)
    LEFT JOIN monitoring.hosts h ON h.host_id = i.host_id
    JOIN monitoring.services s
      ON s.name = CASE WHEN i.host_id IS NULL THEN i.service
                       ELSE i.service || '@' || h.hostname END
     AND s.host_id IS NOT DISTINCT FROM i.host_id
    ON CONFLICT DO NOTHING
    RETURNING service_id, ts, status, response_time_ms
)
INSERT INTO monitoring.service_hours AS h
    (service_id, hour, checks, healthy, answers, response_ms_sum, response_ms_min,
     response_ms_max)
SELECT service_id, date_trunc('hour', ts, 'UTC') AS hour, count(*),
       count(*) FILTER (WHERE status = 0), count(response_time_ms),
       coalesce(sum(response_time_ms), 0), min(response_time_ms), max(response_time_ms)
FROM stored
GROUP BY service_id, hour
ORDER BY service_id, hour
ON CONFLICT (service_id, hour) DO UPDATE
SET checks = h.checks + excluded.checks,
    healthy = h.healthy + excluded.healthy,
    answers = h.answers + excluded.answers,
    response_ms_sum = h.response_ms_sum + excluded.response_ms_sum,
    response_ms_min = least(h.response_ms_min, excluded.response_ms_min),
    response_ms_max = greatest(h.response_ms_max, excluded.response_ms_max)
)sql"};

}  // namespace

void record_checks(Session& session, const std::vector<ServiceCheck>& checks) {
    if (checks.empty()) return;
    std::vector<std::string> names, endpoints, errors;
    std::vector<Timestamp> times, heard;
    std::vector<std::int32_t> statuses;
    std::vector<std::optional<std::int32_t>> response_times, hosts;
    std::vector<double> intervals;
    std::vector<std::optional<Timestamp>> ends;
    for (const ServiceCheck& check : checks) {
        names.push_back(check.service);
        endpoints.push_back(check.endpoint);
        errors.push_back(check.error);
        times.push_back(check.time);
        statuses.push_back(static_cast<std::int32_t>(check.status));
        response_times.push_back(check.response_time_ms);
        ends.push_back(check.certificate_expires);
        heard.push_back(check.agent ? check.agent->heard_at : check.time);
        hosts.push_back(check.agent ? std::optional{check.agent->host_id} : std::nullopt);
        intervals.push_back(check.interval_seconds);
    }
    session.execute(kState, Parameters{}
                                .text_array(names)
                                .text_array(endpoints)
                                .timestamp_array(times)
                                .int4_array(statuses)
                                .int4_array(response_times)
                                .text_array(errors)
                                .timestamp_array(ends)
                                .int4_array(hosts)
                                .float8_array(intervals)
                                .timestamp_array(heard)
                                .int4(kServicesPerHost)
                                .int4(kServicesOfAgents));
    session.execute(kHistory, Parameters{}
                                  .text_array(names)
                                  .timestamp_array(times)
                                  .int4_array(statuses)
                                  .int4_array(response_times)
                                  .text_array(errors)
                                  .timestamp_array(ends)
                                  .int4_array(hosts));
}

std::vector<ServiceCheck> checks_of(const Batch& batch, std::int32_t host_id,
                                    Timestamp received_at) {
    // What waited in the agent's spool is as old here as it was there.
    // Nothing waits for a year, and an agent may say what it likes.
    const auto waited = std::clamp<Timestamp::duration>(
        batch.sent_at - batch.time, Timestamp::duration{0}, std::chrono::days{366});
    std::vector<ServiceCheck> checks;
    for (const AgentServiceCheck& check : batch.services) {
        ServiceCheck out;
        out.service = check.name;
        out.endpoint = check.endpoint;
        out.time = batch.time - check.age;
        out.status = check.status;
        out.response_time_ms = check.response_time_ms;
        out.error = check.error;
        // Results come with batches and no more often.
        out.interval_seconds = std::max(check.interval_seconds, batch.agent.interval_seconds);
        out.agent = {host_id, received_at - waited - check.age};
        checks.push_back(std::move(out));
    }
    return checks;
}

}  // namespace chorus::store
