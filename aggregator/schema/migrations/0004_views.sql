-- What SQL users see. Names and types of the columns stay as they are for good; the storage behind
-- them may change.

-- Identifiers of samples that have no row of their own: a version-8 UUID (RFC 9562) in order of
-- time: 52 bits of microseconds since 1970, kind (8 bits; 0 = system, 1 = process), host_id
-- (32 bits), position (28 bits). The time is taken as an interval because that is immutable where
-- extract(epoch FROM timestamptz) is not, and only immutable bodies are inlined.
CREATE FUNCTION monitoring.sample_id(ts timestamptz, host_id int, kind int, pos int)
RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (substr(t.micros, 1, 12) || '8' || substr(t.micros, 13, 1) || lpad(to_hex(kind), 2, '0')
            || '8' || lpad(to_hex(host_id), 8, '0') || lpad(to_hex(pos), 7, '0'))::uuid
    FROM (SELECT lpad(to_hex((extract(epoch FROM ts - timestamptz '1970-01-01 00:00:00+00')
                              * 1000000)::bigint), 13, '0') AS micros) AS t
$$;

-- The decimal number that was meant: 12.3, where a plain cast gives 12.300000190734863.
CREATE FUNCTION monitoring.widen(value real)
RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT value::text::double precision
$$;

-- psutil's word for a state letter of proc_pid_stat(5).
CREATE FUNCTION monitoring.process_state_name(letter text)
RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE letter
        WHEN 'R' THEN 'running' WHEN 'S' THEN 'sleeping' WHEN 'D' THEN 'disk-sleep'
        WHEN 'T' THEN 'stopped' WHEN 't' THEN 'tracing-stop' WHEN 'Z' THEN 'zombie'
        WHEN 'X' THEN 'dead' WHEN 'I' THEN 'idle' WHEN 'P' THEN 'parked' WHEN 'W' THEN 'waking'
    END
$$;

-- Shell glob (* and ?) as a LIKE pattern.
CREATE FUNCTION monitoring.glob_to_like(glob text)
RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT translate(replace(replace(replace(glob, '\', '\\'), '%', '\%'), '_', '\_'), '*?', '%_')
$$;

CREATE VIEW monitoring.system_metrics AS
SELECT monitoring.sample_id(b.ts, b.host_id, 0, e.position) AS id,
       h.hostname,
       e.metric_type,
       b."values"[e.position] AS metric_value,
       e.unit AS metric_unit,
       e.label,
       e.tags,
       b.ts AS "timestamp",
       b.received_at AS created_at
FROM monitoring.system_batches b
JOIN monitoring.hosts h ON h.host_id = b.host_id
JOIN monitoring.layout_entries e ON e.layout_id = b.layout_id
WHERE b."values"[e.position] IS NOT NULL;

-- One row per process table that is stored.
CREATE VIEW monitoring.process_snapshots AS
SELECT h.hostname,
       b.ts AS "timestamp",
       b.received_at AS created_at,
       b.scanned,
       b.other_count,
       b.other_cpu_percent,
       b.other_rss_bytes / 1048576.0::double precision AS other_memory_mb
FROM monitoring.process_batches b
JOIN monitoring.hosts h ON h.host_id = b.host_id;

CREATE VIEW monitoring.process_metrics AS
SELECT monitoring.sample_id(b.ts, b.host_id, 1, u.position::int) AS id,
       p.pid AS process_id,
       p.name AS process_name,
       h.hostname,
       monitoring.widen(u.cpu) AS cpu_percent,
       coalesce(u.rss_kib / 1024.0::double precision, u.rss_bytes / 1048576.0::double precision)
           AS memory_mb,
       coalesce(monitoring.widen(u.memory_percent),
                round(coalesce(u.rss_kib * 1024.0::double precision, u.rss_bytes) * 1000000.0
                      / nullif(b.memory_total_bytes, 0)) / 10000.0) AS memory_percent,
       coalesce(u.read_sectors * 512::bigint, u.read_bytes) AS disk_read_bytes,
       coalesce(u.write_sectors * 512::bigint, u.write_bytes) AS disk_write_bytes,
       NULL::bigint AS network_sent_bytes,
       NULL::bigint AS network_recv_bytes,
       monitoring.process_state_name(u.state) AS status,
       b.ts AS "timestamp",
       b.received_at AS created_at,
       nullif(p.username, '') AS username,
       p.ppid,
       u.num_threads,
       u.fd_count,
       nullif(p.unit, '') AS unit,
       nullif(p.container_id, '') AS container_id,
       nullif(p.cmdline, '') AS cmdline,
       p.started_at
FROM monitoring.process_batches b
JOIN monitoring.hosts h ON h.host_id = b.host_id
CROSS JOIN LATERAL ROWS FROM (
    unnest(b.refs), unnest(b.refs_wide), unnest(b.cpu_percent), unnest(b.rss_kib),
    unnest(b.rss_bytes), unnest(b.memory_percent), unnest(b.read_sectors), unnest(b.read_bytes),
    unnest(b.write_sectors), unnest(b.write_bytes), unnest(b.num_threads), unnest(b.fd_count),
    string_to_table(b.states, NULL)) WITH ORDINALITY
    AS u(ref, ref_wide, cpu, rss_kib, rss_bytes, memory_percent, read_sectors, read_bytes,
         write_sectors, write_bytes, num_threads, fd_count, state, position)
JOIN monitoring.processes p ON p.process_ref = coalesce(b.ref_base + u.ref, u.ref_wide);

-- For dashboards. They select from the views alone, so that a read-only role needs nothing else.
CREATE FUNCTION monitoring.metric_series(
    metric_type text, "from" timestamptz, "to" timestamptz, host_glob text DEFAULT '*',
    label text DEFAULT NULL)
RETURNS TABLE (hostname text, label text, "timestamp" timestamptz, value double precision)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT m.hostname, m.label, m."timestamp", m.metric_value
    FROM monitoring.system_metrics m
    WHERE m.metric_type = $1
      AND m."timestamp" BETWEEN $2 AND $3
      AND m.hostname LIKE monitoring.glob_to_like($4)
      AND ($5 IS NULL OR m.label = $5)
    ORDER BY m."timestamp"
$$;

CREATE FUNCTION monitoring.process_series(
    process_glob text, "from" timestamptz, "to" timestamptz, host_glob text DEFAULT '*')
RETURNS SETOF monitoring.process_metrics
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT m.*
    FROM monitoring.process_metrics m
    WHERE m.process_name LIKE monitoring.glob_to_like($1)
      AND m."timestamp" BETWEEN $2 AND $3
      AND m.hostname LIKE monitoring.glob_to_like($4)
    ORDER BY m."timestamp"
$$;

-- The newest process table at or before t, not older than max_age.
CREATE FUNCTION monitoring.processes_at(
    host text, t timestamptz, max_age interval DEFAULT '10 minutes')
RETURNS SETOF monitoring.process_metrics
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT m.*
    FROM monitoring.process_metrics m
    WHERE m.hostname = $1
      AND m."timestamp" = (
          SELECT s."timestamp"
          FROM monitoring.process_snapshots s
          WHERE s.hostname = $1 AND s."timestamp" BETWEEN $2 - $3 AND $2
          ORDER BY s."timestamp" DESC
          LIMIT 1)
$$;
