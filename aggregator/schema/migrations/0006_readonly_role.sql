-- A role for Grafana and psql users: GRANT chorus_readonly TO somebody. It reads what SQL users
-- are meant to see, no tokens, no audit. A database user that may not create roles leaves it out.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'chorus_readonly') THEN
        CREATE ROLE chorus_readonly NOLOGIN;
    END IF;
    GRANT USAGE ON SCHEMA monitoring TO chorus_readonly;
    GRANT SELECT ON monitoring.system_metrics, monitoring.process_metrics,
        monitoring.process_snapshots, monitoring.alerts, monitoring.alert_transitions,
        monitoring.alert_rules TO chorus_readonly;
EXCEPTION
    WHEN insufficient_privilege OR duplicate_object OR unique_violation THEN
        RAISE NOTICE 'role chorus_readonly was not set up: %', SQLERRM;
END
$$;
