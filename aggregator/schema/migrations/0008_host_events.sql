-- What happened on hosts, for psql and dashboards.
CREATE VIEW monitoring.host_events AS
SELECT e.event_id AS id, h.hostname, e.ts AS "timestamp", e.type AS event_type, e.detail
FROM monitoring.events e
JOIN monitoring.hosts h ON h.host_id = e.host_id;

DO $$
BEGIN
    GRANT SELECT ON monitoring.host_events TO chorus_readonly;
EXCEPTION
    WHEN insufficient_privilege OR undefined_object THEN
        RAISE NOTICE 'chorus_readonly may not read host_events: %', SQLERRM;
END
$$;
