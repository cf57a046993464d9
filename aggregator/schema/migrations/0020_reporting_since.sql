-- Since when a host reports without a pause: one that was off for days, or cut off, has taken none of
-- its services away, and its first batch comes before its first checks.
ALTER TABLE monitoring.hosts
    ADD reporting_since timestamptz;  -- by the aggregator's clock; NULL: since before this column

CREATE OR REPLACE VIEW monitoring.agent_services AS
SELECT s.service_id, s.name AS service_name, h.hostname, s.interval_seconds, s.heard_at,
       h.last_seen - greatest(s.heard_at, h.reporting_since)
           > greatest(interval '30 minutes', 3 * s.interval_seconds * interval '1 second')
           AS is_gone
FROM monitoring.services s
JOIN monitoring.hosts h ON h.host_id = s.host_id;
