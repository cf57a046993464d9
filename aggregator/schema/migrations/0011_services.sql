-- Services and what their checks found. SQL users read the views at the end.

-- The newest check of each service.
CREATE TABLE monitoring.services (
    service_id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL CONSTRAINT services_name UNIQUE,
    endpoint text NOT NULL,  -- without credentials
    status text NOT NULL CHECK (status IN ('healthy', 'unhealthy', 'timeout')),
    status_since timestamptz NOT NULL,
    last_checked timestamptz NOT NULL,
    response_time_ms int,
    error_message text,
    certificate_expires timestamptz
) WITH (fillfactor = 50);

-- One row a check, by UTC day like the batches (0003).
CREATE TABLE monitoring.service_checks (
    ts timestamptz NOT NULL,
    service_id int NOT NULL,
    status smallint NOT NULL,  -- 0 healthy, 1 unhealthy, 2 timeout
    response_time_ms int,
    certificate_days int,
    error_message text,
    PRIMARY KEY (service_id, ts)
) PARTITION BY RANGE (ts);

-- Counts of each hour, so that the uptime of a month is a sum of 720 rows and outlives the checks.
CREATE TABLE monitoring.service_hours (
    service_id int NOT NULL REFERENCES monitoring.services ON DELETE CASCADE,
    hour timestamptz NOT NULL,
    checks int NOT NULL,
    healthy int NOT NULL,
    answers int NOT NULL,  -- checks that have a response time
    response_ms_sum bigint NOT NULL,
    response_ms_min int,
    response_ms_max int,
    PRIMARY KEY (service_id, hour)
) WITH (fillfactor = 50);
CREATE INDEX service_hours_hour ON monitoring.service_hours (hour);

-- As in 0003, with the checks.
CREATE OR REPLACE FUNCTION monitoring.ensure_partitions(first_day date, last_day date) RETURNS int
LANGUAGE plpgsql AS $$
DECLARE
    parent text;
    partition text;
    day date;
    made int := 0;
BEGIN
    IF last_day - first_day > 400 THEN
        RAISE EXCEPTION 'more than 400 days of partitions asked for'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    FOR day IN SELECT d::date FROM generate_series(first_day, last_day, interval '1 day') AS d LOOP
        FOREACH parent IN ARRAY ARRAY['system_batches', 'process_batches', 'service_checks'] LOOP
            partition := parent || to_char(day, '_YYYYMMDD');
            CONTINUE WHEN monitoring.has_table(partition);
            PERFORM pg_advisory_xact_lock(hashtextextended('chorus ' || partition, 0));
            CONTINUE WHEN monitoring.has_table(partition);
            EXECUTE format('CREATE TABLE monitoring.%I (LIKE monitoring.%I INCLUDING DEFAULTS'
                           ' INCLUDING STORAGE INCLUDING COMPRESSION)', partition, parent);
            IF parent = 'process_batches' THEN
                EXECUTE format('ALTER TABLE monitoring.%I SET (toast_tuple_target = 128)', partition);
            END IF;
            EXECUTE format('ALTER TABLE monitoring.%I ATTACH PARTITION monitoring.%I'
                           ' FOR VALUES FROM (%L) TO (%L)', parent, partition,
                           day::text || ' 00:00:00+00', (day + 1)::text || ' 00:00:00+00');
            made := made + 1;
        END LOOP;
    END LOOP;
    RETURN made;
END
$$;

CREATE VIEW monitoring.service_health AS
SELECT name AS service_name, endpoint, status, status_since, response_time_ms, last_checked,
       error_message, certificate_expires
FROM monitoring.services;

CREATE VIEW monitoring.service_health_history AS
SELECT s.name AS service_name, c.ts AS "timestamp",
       (ARRAY['healthy', 'unhealthy', 'timeout'])[c.status + 1] AS status,
       c.response_time_ms, c.error_message, c.certificate_days
FROM monitoring.service_checks c
JOIN monitoring.services s ON s.service_id = c.service_id;

-- What is left of hosts that were removed, until a task has deleted it in small steps.
CREATE TABLE monitoring.removed_hosts (
    host_id int PRIMARY KEY,
    hostname text NOT NULL,
    removed_at timestamptz NOT NULL DEFAULT now()
);

DO $$
BEGIN
    GRANT SELECT ON monitoring.service_health, monitoring.service_health_history
        TO chorus_readonly;
EXCEPTION
    WHEN insufficient_privilege OR undefined_object THEN
        RAISE NOTICE 'chorus_readonly may not read service_health: %', SQLERRM;
END
$$;
