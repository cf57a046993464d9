-- Services that agents check, beside those the aggregators check themselves: the same tables, under
-- the name NAME@HOSTNAME.
ALTER TABLE monitoring.services
    ADD host_id int REFERENCES monitoring.hosts ON DELETE CASCADE,  -- NULL: an aggregator checks
    ADD interval_seconds double precision,  -- between two results; NULL: as configured
    -- When the newest check ended, by the aggregator's clock: hosts' clocks may be wrong.
    ADD heard_at timestamptz;
CREATE INDEX services_host ON monitoring.services (host_id) WHERE host_id IS NOT NULL;

CREATE OR REPLACE VIEW monitoring.service_health AS
SELECT s.name AS service_name, s.endpoint, s.status, s.status_since, s.response_time_ms,
       s.last_checked, s.error_message, s.certificate_expires, h.hostname
FROM monitoring.services s
LEFT JOIN monitoring.hosts h ON h.host_id = s.host_id;

-- Services that agents check. One is gone when its host has reported for half an hour without it
-- and several of its intervals long; a host that is silent has taken nothing away.
CREATE VIEW monitoring.agent_services AS
SELECT s.service_id, s.name AS service_name, h.hostname, s.interval_seconds, s.heard_at,
       h.last_seen - s.heard_at
           > greatest(interval '30 minutes', 3 * s.interval_seconds * interval '1 second')
           AS is_gone
FROM monitoring.services s
JOIN monitoring.hosts h ON h.host_id = s.host_id;

DO $$
BEGIN
    GRANT SELECT ON monitoring.agent_services TO chorus_readonly;
EXCEPTION
    WHEN insufficient_privilege OR undefined_object THEN
        RAISE NOTICE 'chorus_readonly may not read agent_services: %', SQLERRM;
END
$$;
