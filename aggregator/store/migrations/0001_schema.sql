-- The first schema: hosts, batches by day, what makes ingest exactly-once, alerts, tokens.
--
-- Why one row a batch: see ARCHITECTURE.md, "Storage". Everything is keyed by host_id first.

CREATE TABLE hosts (
    host_id                int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    hostname               text NOT NULL UNIQUE,
    agent_id               uuid UNIQUE,
    agent_version          text NOT NULL DEFAULT '',
    interval_seconds       double precision NOT NULL DEFAULT 30,
    os                     text NOT NULL DEFAULT '',
    kernel                 text NOT NULL DEFAULT '',
    cpu_model              text NOT NULL DEFAULT '',
    cpu_count              bigint,
    memory_total_bytes     bigint,
    boot_id                uuid,
    boot_time              timestamptz,
    clock_ticks_per_second int NOT NULL DEFAULT 100,
    labels                 jsonb NOT NULL DEFAULT '{}',
    clock_skew_ms          bigint,
    first_seen             timestamptz NOT NULL DEFAULT now(),
    last_seen              timestamptz NOT NULL DEFAULT now()
);

-- Exactly-once: one row per counter of an agent (agent, epoch). A batch was stored if and only if
-- its seq is in `received`; its payload_hash then stands in its row of system_batches. The writer
-- locks the rows of a group with FOR UPDATE, so two aggregators can never store one batch twice.
-- No index on a column that changes and free space in each page: updates stay heap-only.
CREATE TABLE ingest_streams (
    host_id          int NOT NULL REFERENCES hosts ON DELETE CASCADE,
    agent_id         uuid NOT NULL,
    epoch            uuid NOT NULL,
    received         int8multirange NOT NULL DEFAULT '{}',
    newest_ts        timestamptz NOT NULL DEFAULT '-infinity',
    last_received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (agent_id, epoch)
) WITH (fillfactor = 50);
CREATE INDEX ingest_streams_host ON ingest_streams (host_id);

-- What the positions of a batch's values mean; hosts of one kind share a layout. The digest is
-- SHA-256 over all entries, so that no agent can forge the layout of others.
CREATE TABLE layouts (
    layout_id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    digest    bytea NOT NULL UNIQUE
);
CREATE TABLE layout_entries (
    layout_id   int NOT NULL REFERENCES layouts ON DELETE CASCADE,
    position    int NOT NULL,
    metric_type text NOT NULL,
    label       text NOT NULL,
    unit        text NOT NULL,
    tags        jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (layout_id, position)
);
CREATE INDEX layout_entries_metric ON layout_entries (metric_type, layout_id);

-- One row a batch. NULL element = could not be read then.
CREATE TABLE system_batches (
    ts           timestamptz NOT NULL,
    received_at  timestamptz NOT NULL,
    payload_hash bigint NOT NULL,
    host_id      int NOT NULL,
    layout_id    int NOT NULL,
    "values"     double precision[] NOT NULL,
    PRIMARY KEY (host_id, ts)
) PARTITION BY RANGE (ts);
CREATE INDEX system_batches_ts ON system_batches (ts);

-- What stays the same for a process's life. The digest covers identity (boot_id, pid, start_ticks)
-- and every other column here, so that a process that changes its name by exec(3) gets a new row.
CREATE TABLE processes (
    process_ref   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    host_id       int NOT NULL REFERENCES hosts ON DELETE CASCADE,
    digest        uuid NOT NULL,
    boot_id       uuid NOT NULL,
    pid           int NOT NULL,
    start_ticks   bigint NOT NULL,
    name          text NOT NULL,
    username      text NOT NULL DEFAULT '',
    ppid          int,
    unit          text NOT NULL DEFAULT '',
    container_id  text NOT NULL DEFAULT '',
    cmdline       text NOT NULL DEFAULT '',
    started_at    timestamptz,
    last_seen_day date NOT NULL,
    UNIQUE (host_id, digest)
);
CREATE INDEX processes_name ON processes (name, host_id);
CREATE INDEX processes_last_seen_day ON processes (last_seen_day);

-- The process table of one collection: parallel arrays, one element a process, in the order of
-- `refs`. Narrow forms save space and are exact or not used:
--   refs           process_ref = ref_base + refs[i]
--   rss_kib        memory in KiB; memory_bytes holds it instead when one value does not fit
--   read_sectors,  bytes / 512; *_bytes hold them instead when one value does not fit
--   write_sectors
--   memory_percent only when it is not 100 * memory / memory_total_bytes
--   states         one letter a process, as in proc_pid_stat(5); '?' = unknown
-- An array that is NULL as a whole was not sent or is told by its other form.
CREATE TABLE process_batches (
    ts                 timestamptz NOT NULL,
    received_at        timestamptz NOT NULL,
    memory_total_bytes bigint,
    ref_base           bigint NOT NULL,
    host_id            int NOT NULL,
    scanned            int NOT NULL,
    other_count        int,
    other_cpu_percent  double precision,
    other_rss_bytes    bigint,
    refs               int[] NOT NULL,
    cpu_percent        real[],
    rss_kib            int[],
    rss_bytes          bigint[],
    memory_percent     real[],
    read_sectors       int[],
    read_bytes         bigint[],
    write_sectors      int[],
    write_bytes        bigint[],
    num_threads        int[],
    fd_count           int[],
    states             text,
    PRIMARY KEY (host_id, ts)
) PARTITION BY RANGE (ts);
CREATE INDEX process_batches_ts ON process_batches (ts);

CREATE TABLE events (
    event_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    host_id  int NOT NULL REFERENCES hosts ON DELETE CASCADE,
    ts       timestamptz NOT NULL,
    type     text NOT NULL,
    detail   jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX events_host_ts ON events (host_id, ts);
CREATE INDEX events_ts ON events (ts);

CREATE TABLE tokens (
    token_id     int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name         text NOT NULL,
    role         text NOT NULL CHECK (role IN ('agent', 'viewer', 'operator', 'admin')),
    hash         bytea NOT NULL UNIQUE,
    agent_id     uuid,
    created_at   timestamptz NOT NULL DEFAULT now(),
    revoked_at   timestamptz
);

-- Partitions: one a UTC day, named <table>_YYYYMMDD.
CREATE FUNCTION ensure_partitions(first_day date, last_day date) RETURNS int
LANGUAGE plpgsql AS $$
DECLARE
    parent text;
    child  text;
    day    date;
    made   int := 0;
BEGIN
    IF last_day - first_day > 400 THEN
        RAISE EXCEPTION 'more than 400 days of partitions asked for at once';
    END IF;
    -- Creation takes a lock on the parent that two writers must not take in turns.
    PERFORM pg_advisory_xact_lock(hashtext('chorus partitions'));
    FOR day IN SELECT generate_series(first_day, last_day, interval '1 day')::date LOOP
        FOREACH parent IN ARRAY ARRAY['system_batches', 'process_batches'] LOOP
            child := parent || to_char(day, '_YYYYMMDD');
            IF to_regclass('monitoring.' || child) IS NULL THEN
                EXECUTE format(
                    'CREATE TABLE monitoring.%I PARTITION OF monitoring.%I '
                    'FOR VALUES FROM (%L) TO (%L)',
                    child, parent,
                    (day::timestamp AT TIME ZONE 'UTC'), ((day + 1)::timestamp AT TIME ZONE 'UTC'));
                -- Compressed in the row where possible: a table of 200 processes stays one tuple.
                IF parent = 'process_batches' THEN
                    PERFORM monitoring.prefer_inline(child);
                END IF;
                made := made + 1;
            END IF;
        END LOOP;
    END LOOP;
    RETURN made;
END $$;

CREATE FUNCTION prefer_inline(child text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    col text;
BEGIN
    FOR col IN SELECT attname FROM pg_attribute
               WHERE attrelid = to_regclass('monitoring.' || child) AND attnum > 0
                 AND NOT attisdropped AND attstorage = 'x' LOOP
        EXECUTE format('ALTER TABLE monitoring.%I ALTER %I SET STORAGE MAIN, '
                       'ALTER %I SET COMPRESSION lz4', child, col, col);
    END LOOP;
END $$;

-- Identifiers of rows that have no row of their own: a version-8 UUID (RFC 9562) that holds the
-- time, the host and the position, so that it is stable and costs no storage.
-- kind 0: system_metrics (position in the layout), 1: process_metrics (position in refs).
CREATE FUNCTION sample_id(ts timestamptz, host_id int, kind int, pos int) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (substr(h.t, 1, 12) || '8' || substr(h.t, 13, 1) || lpad(to_hex(kind), 2, '0')
            || '8' || lpad(to_hex(host_id), 8, '0') || lpad(to_hex(pos), 7, '0'))::uuid
    FROM (SELECT lpad(to_hex((extract(epoch FROM ts) * 1000000)::bigint), 13, '0') AS t) h
$$;

CREATE FUNCTION process_state_name(letter text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE letter
        WHEN 'R' THEN 'running' WHEN 'S' THEN 'sleeping' WHEN 'D' THEN 'disk-sleep'
        WHEN 'T' THEN 'stopped' WHEN 't' THEN 'tracing-stop' WHEN 'Z' THEN 'zombie'
        WHEN 'X' THEN 'dead' WHEN 'I' THEN 'idle' WHEN 'P' THEN 'parked'
        WHEN 'W' THEN 'waking' END
$$;

CREATE VIEW system_metrics AS
SELECT sample_id(b.ts, b.host_id, 0, e.position) AS id,
       h.hostname,
       e.metric_type,
       b."values"[e.position] AS metric_value,
       e.unit AS metric_unit,
       e.label,
       e.tags,
       b.ts AS "timestamp",
       b.received_at AS created_at
FROM system_batches b
JOIN hosts h ON h.host_id = b.host_id
JOIN layout_entries e ON e.layout_id = b.layout_id
WHERE b."values"[e.position] IS NOT NULL;

-- real goes through text so that 12.3 stays 12.3 and does not become 12.300000190734863.
CREATE VIEW process_metrics AS
SELECT sample_id(b.ts, b.host_id, 1, r.pos::int) AS id,
       p.pid AS process_id,
       p.name AS process_name,
       h.hostname,
       b.cpu_percent[r.pos]::text::double precision AS cpu_percent,
       coalesce(b.rss_bytes[r.pos] / 1048576.0::double precision,
                b.rss_kib[r.pos] / 1024.0::double precision) AS memory_mb,
       coalesce(b.memory_percent[r.pos]::text::double precision,
                100.0::double precision
                    * coalesce(b.rss_bytes[r.pos], b.rss_kib[r.pos]::bigint * 1024)
                    / nullif(b.memory_total_bytes, 0)) AS memory_percent,
       coalesce(b.read_bytes[r.pos], b.read_sectors[r.pos]::bigint * 512) AS disk_read_bytes,
       coalesce(b.write_bytes[r.pos], b.write_sectors[r.pos]::bigint * 512) AS disk_write_bytes,
       NULL::bigint AS network_sent_bytes,
       NULL::bigint AS network_recv_bytes,
       process_state_name(substr(b.states, r.pos::int, 1)) AS status,
       b.ts AS "timestamp",
       b.received_at AS created_at,
       nullif(p.username, '') AS username,
       p.ppid,
       b.num_threads[r.pos] AS num_threads,
       b.fd_count[r.pos] AS fd_count,
       nullif(p.unit, '') AS unit,
       nullif(p.container_id, '') AS container_id,
       nullif(p.cmdline, '') AS cmdline,
       p.started_at
FROM process_batches b
JOIN hosts h ON h.host_id = b.host_id
CROSS JOIN LATERAL unnest(b.refs) WITH ORDINALITY AS r(ref, pos)
JOIN processes p ON p.process_ref = b.ref_base + r.ref;
