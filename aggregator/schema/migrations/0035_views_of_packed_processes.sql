-- What SQL users see of process tables that are packed: see 0028 and 0032.

-- The history of one process is asked for by its PID.
CREATE INDEX processes_pid ON monitoring.processes (host_id, pid);

-- The number that a float's bits stand for, but for infinities and NaN, which no column has.
-- In plpgsql, which is called faster than SQL that is too long to become part of its caller.
CREATE FUNCTION monitoring.real_of_bits(bits bigint) RETURNS real
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    RETURN ((CASE WHEN bits >> 31 & 1 = 1 THEN -1.0::float8 ELSE 1.0::float8 END)
            * CASE WHEN bits >> 23 & 255 = 0
                   THEN (bits & 8388607) * 2.0::float8 ^ -149
                   ELSE (bits & 8388607 | 8388608) * 2.0::float8 ^ ((bits >> 23 & 255) - 150)
              END)::real;
END
$$;

-- Figure number n, from 0, of those that begin behind `start` bits. NULL if its distance says "unknown".
CREATE FUNCTION monitoring.packed_figure(bits varbit, start int, width int, unknown bigint, lowest bigint, n int)
RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN width = 0 THEN lowest
                ELSE lowest + nullif(substring(bits FROM start + n * width + 1 FOR width)::bigint, unknown) END
$$;

DO $do$
DECLARE
    -- In the order of the columns below.
    types CONSTANT text[] := ARRAY['int', 'letter', 'int', 'real', 'bigint', 'real', 'bigint', 'bigint', 'int', 'int',
                                   'real', 'bigint', 'bigint', 'real', 'int', 'int', 'real', 'real', 'real', 'real'];
    figures text;
BEGIN
    SELECT string_agg(
        replace(replace(
            CASE types[f]
                WHEN 'real' THEN 'CASE WHEN widths[@] = 0 THEN reals[@]'
                                 ' ELSE coalesce((FIGURE / powers[@])::real, monitoring.real_of_bits(FIGURE)) END'
                WHEN 'letter' THEN 'chr((FIGURE << scales[@])::int)'
                ELSE '(FIGURE << scales[@])::' || types[f]
            END,
            'FIGURE',
            'monitoring.packed_figure(bits, starts[@], widths[@], unknowns[@], leasts[@], skipped + i - 1)'),
            '@', f::text),
        ', ' ORDER BY f)
    INTO figures
    FROM generate_series(1, cardinality(types)) f;

    -- The tables that one run of a block of sealed_processes has, with the figures of its process, bit for bit.
    -- `place` is the table's element in the arrays of the block. `first`, `tables` and `bytes` are the run's. Only
    -- places from `low` to `high` are unpacked.
    --
    -- First a mask of the figures that differ from `common`, least significant bit first. Then each of these figures:
    -- flag "some are unknown" and bits of a distance; scale and bytes of the least number; that number; the distances.
    -- See figure_codec.h and process_block.h. It reads no table, so chorus_readonly needs no right to any.
    EXECUTE format($function$
        CREATE FUNCTION monitoring.unseal_run(
            common bigint[], first int, tables int, bytes bytea, low int, high int)
        RETURNS TABLE (place int, "position" int, state text, num_threads int, cpu_percent real, rss_bytes bigint,
                       memory_percent real, read_bytes bigint, write_bytes bigint, fd_count int, fd_limit int,
                       children_cpu_percent real, pss_bytes bigint, swap_bytes bigint, major_faults real,
                       nice int, processor int, io_wait real, cpu_wait real, voluntary_switches real,
                       involuntary_switches real)
        LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
        -- Else its last statement is planned anew for each run, which takes longer than all the rest.
        SET plan_cache_mode = force_generic_plan
        AS $body$
        DECLARE
            is_real CONSTANT boolean[] := %L;
            known CONSTANT int := least(cardinality(common), cardinality(is_real));
            skipped CONSTANT int := greatest(low - first - 1, 0);  -- of the run's tables
            n CONSTANT int := least(high - first, tables) - skipped;
            bits varbit;
            -- By figure. Of one that stays the same the width is 0, and the scale is applied.
            starts int[] := array_fill(0, ARRAY[cardinality(is_real)]);
            widths int[] := starts;
            scales int[] := starts;
            leasts bigint[] := common;
            unknowns bigint[] := common;
            reals real[] := array_fill(0::real, ARRAY[cardinality(is_real)]);
            powers float8[] := reals;
            at int := (cardinality(common) + 7) / 8;  -- bytes that are read
            number bigint;
            head int;
            width int;
            scale int;
            size int;
        BEGIN
            IF n <= 0 THEN
                RETURN;
            END IF;
            FOR figure IN 1 .. known LOOP
                IF get_byte(bytes, (figure - 1) / 8) >> (figure - 1) %% 8 & 1 = 0 THEN
                    number := common[figure];
                    scale := 15;
                    width := 0;
                ELSE
                    head := get_byte(bytes, at);
                    width := head & 127;
                    scale := get_byte(bytes, at + 1) >> 4;
                    size := get_byte(bytes, at + 1) & 15;
                    number := 0;
                    IF size > 0 THEN
                        number := CASE WHEN get_byte(bytes, at + 2) >= 128 THEN -1 ELSE 0 END;
                        FOR byte IN at + 2 .. at + 1 + size LOOP
                            number := number << 8 | get_byte(bytes, byte);
                        END LOOP;
                    END IF;
                    at := at + 2 + size;
                    IF width > 0 THEN
                        starts[figure] := at * 8;
                        widths[figure] := width;
                        scales[figure] := scale;
                        leasts[figure] := number;
                        powers[figure] := CASE WHEN scale < 15 THEN 10.0::float8 ^ scale END;
                        unknowns[figure] := CASE WHEN head < 128 THEN NULL WHEN width = 64 THEN -1
                                                 ELSE (1::bigint << width) - 1 END;
                        at := at + (tables * width + 7) / 8;
                        CONTINUE;
                    END IF;
                    number := CASE WHEN head >= 128 THEN NULL
                                   WHEN is_real[figure] THEN number ELSE number << scale END;
                    leasts[figure] := number;
                END IF;
                IF is_real[figure] AND number IS DISTINCT FROM 0 THEN
                    reals[figure] := CASE WHEN scale = 15 THEN monitoring.real_of_bits(number)
                                          ELSE (number / 10.0::float8 ^ scale)::real END;
                END IF;
            END LOOP;
            -- What was packed before there were some columns has them as unknown.
            FOR figure IN known + 1 .. cardinality(is_real) LOOP
                leasts[figure] := NULL;
                reals[figure] := NULL;
            END LOOP;
            bits := ('x' || encode(bytes, 'hex'))::varbit;
            RETURN QUERY SELECT first + skipped + i, %s FROM generate_series(1, n) i;
        END
        $body$
    $function$, ARRAY(SELECT t = 'real' FROM unnest(types) WITH ORDINALITY AS u(t, f) ORDER BY f), figures);
END
$do$;

-- One row per process table of the days in sealed_process_days.
CREATE VIEW monitoring.process_snapshots_sealed AS
SELECT b.day,
       b.first_ts AS first_timestamp,
       b.last_ts AS last_timestamp,
       h.hostname,
       t.ts AS "timestamp",
       t.ts + t.delay * interval '1 microsecond' AS created_at,
       t.scanned,
       t.other_count,
       t.other_cpu_percent,
       t.other_rss_bytes / 1048576.0::double precision AS other_memory_mb
FROM monitoring.sealed_processes b
JOIN monitoring.sealed_process_days k ON k.day = b.day
JOIN monitoring.hosts h ON h.host_id = b.host_id
CROSS JOIN LATERAL unnest(b.times, b.delays, b.scanned, b.other_count, b.other_cpu_percent,
                          b.other_rss_bytes)
    AS t(ts, delay, scanned, other_count, other_cpu_percent, other_rss_bytes);

-- Runs of blocks with what stays the same for the process's life, still packed.
CREATE VIEW monitoring.process_runs_sealed AS
SELECT b.day, b.first_ts, b.last_ts, b.host_id, h.hostname, b.times, b.delays, b.memory_total_bytes, b.common,
       r.first, r.tables, substring(b.body FROM r.begin + 1 FOR r."end" - r.begin) AS bytes,
       p.pid, p.name, p.ppid, p.username, p.unit, p.container_id, p.cmdline, p.started_at
FROM monitoring.sealed_processes b
JOIN monitoring.sealed_process_days k ON k.day = b.day
JOIN monitoring.hosts h ON h.host_id = b.host_id
CROSS JOIN LATERAL (
    SELECT r.ref, r.first, r.tables, coalesce(lag(r."end") OVER (ORDER BY r.n), 0) AS begin, r."end"
    FROM unnest(b.refs, b.firsts, b.tables, b.ends) WITH ORDINALITY AS r(ref, first, tables, "end", n)) r
JOIN monitoring.processes p ON p.process_ref = r.ref;

DO $do$
DECLARE
    -- Those of process_metrics.
    columns CONSTANT text := $columns$
       monitoring.sample_id(r.times[u.place], r.host_id, 1, u."position") AS id,
       r.pid AS process_id,
       r.name AS process_name,
       r.hostname,
       monitoring.widen(u.cpu_percent) AS cpu_percent,
       u.rss_bytes / 1048576.0::double precision AS memory_mb,
       coalesce(monitoring.widen(u.memory_percent),
                round(u.rss_bytes::double precision * 1000000.0
                      / nullif(r.memory_total_bytes[u.place], 0)) / 10000.0) AS memory_percent,
       u.read_bytes AS disk_read_bytes,
       u.write_bytes AS disk_write_bytes,
       NULL::bigint AS network_sent_bytes,
       NULL::bigint AS network_recv_bytes,
       monitoring.process_state_name(u.state) AS status,
       r.times[u.place] AS "timestamp",
       r.times[u.place] + r.delays[u.place] * interval '1 microsecond' AS created_at,
       nullif(r.username, '') AS username,
       r.ppid,
       u.num_threads,
       u.fd_count,
       nullif(r.unit, '') AS unit,
       nullif(r.container_id, '') AS container_id,
       nullif(r.cmdline, '') AS cmdline,
       r.started_at,
       u.fd_limit,
       monitoring.widen(u.children_cpu_percent) AS children_cpu_percent,
       u.pss_bytes / 1048576.0::double precision AS memory_pss_mb,
       u.swap_bytes / 1048576.0::double precision AS memory_swap_mb,
       monitoring.widen(u.major_faults) AS major_faults_per_sec,
       u.nice,
       u.processor,
       monitoring.widen(u.io_wait) AS io_wait_percent,
       monitoring.widen(u.cpu_wait) AS cpu_wait_percent,
       monitoring.widen(u.voluntary_switches) AS voluntary_switches_per_sec,
       monitoring.widen(u.involuntary_switches) AS involuntary_switches_per_sec
$columns$;
BEGIN
    -- Those of process_metrics for the days in sealed_process_days, and `day`; and from when to when the samples are
    -- that are packed together. Conditions on `day`, on these two, on the host and on what stays the same for a
    -- process are looked at before anything is unpacked.
    EXECUTE format($view$
        CREATE VIEW monitoring.process_metrics_sealed AS
        SELECT r.day, r.first_ts AS first_timestamp, r.last_ts AS last_timestamp, %s
        FROM monitoring.process_runs_sealed r
        CROSS JOIN LATERAL monitoring.unseal_run(
            r.common, r.first, r.tables, r.bytes, 1, cardinality(r.times)) u
    $view$, columns);

    -- Of either tier. Unpacks one table of the block.
    EXECUTE format($function$
        CREATE OR REPLACE FUNCTION monitoring.processes_at(
            host text, t timestamptz, max_age interval DEFAULT '10 minutes')
        RETURNS SETOF monitoring.process_metrics
        LANGUAGE sql STABLE PARALLEL SAFE AS $body$
            WITH newest AS (
                SELECT max(s."timestamp") AS ts
                FROM (
                    SELECT s."timestamp"
                    FROM monitoring.process_snapshots s
                    WHERE s.hostname = $1 AND s."timestamp" BETWEEN $2 - $3 AND $2
                    UNION ALL
                    SELECT s."timestamp"
                    FROM monitoring.process_snapshots_sealed s
                    WHERE s.hostname = $1
                      AND s.day BETWEEN (($2 - $3) AT TIME ZONE 'UTC')::date
                                    AND ($2 AT TIME ZONE 'UTC')::date
                      AND s.first_timestamp <= $2 AND s.last_timestamp >= $2 - $3
                      AND s."timestamp" BETWEEN $2 - $3 AND $2) s)
            SELECT m.*
            FROM monitoring.process_metrics m
            WHERE m.hostname = $1 AND m."timestamp" = (SELECT n.ts FROM newest n)
              AND m."timestamp" BETWEEN $2 - $3 AND $2
            UNION ALL
            SELECT %s
            FROM monitoring.process_runs_sealed r
            CROSS JOIN LATERAL monitoring.unseal_run(
                r.common, r.first, r.tables, r.bytes,
                array_position(r.times, (SELECT n.ts FROM newest n)),
                array_position(r.times, (SELECT n.ts FROM newest n))) u
            WHERE r.hostname = $1
              AND r.day BETWEEN (($2 - $3) AT TIME ZONE 'UTC')::date AND ($2 AT TIME ZONE 'UTC')::date
              AND r.first_ts <= (SELECT n.ts FROM newest n) AND r.last_ts >= (SELECT n.ts FROM newest n)
              AND array_position(r.times, (SELECT n.ts FROM newest n)) BETWEEN r.first + 1 AND r.first + r.tables
        $body$
    $function$, columns);
END
$do$;

-- Both tiers, as metric_series(). No process is in both at one time.
CREATE OR REPLACE FUNCTION monitoring.process_series(
    process_glob text, "from" timestamptz, "to" timestamptz, host_glob text DEFAULT '*')
RETURNS SETOF monitoring.process_metrics
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT b.*
    FROM (
        SELECT m.*
        FROM monitoring.process_metrics m
        WHERE m.process_name LIKE monitoring.glob_to_like($1)
          AND m."timestamp" BETWEEN $2 AND $3
          AND m.hostname LIKE monitoring.glob_to_like($4)
        UNION ALL
        SELECT m.id, m.process_id, m.process_name, m.hostname, m.cpu_percent, m.memory_mb, m.memory_percent,
               m.disk_read_bytes, m.disk_write_bytes, m.network_sent_bytes, m.network_recv_bytes, m.status,
               m."timestamp", m.created_at, m.username, m.ppid, m.num_threads, m.fd_count, m.unit, m.container_id,
               m.cmdline, m.started_at, m.fd_limit, m.children_cpu_percent, m.memory_pss_mb, m.memory_swap_mb,
               m.major_faults_per_sec, m.nice, m.processor, m.io_wait_percent, m.cpu_wait_percent,
               m.voluntary_switches_per_sec, m.involuntary_switches_per_sec
        FROM monitoring.process_metrics_sealed m
        WHERE m.process_name LIKE monitoring.glob_to_like($1)
          AND m.day BETWEEN ($2 AT TIME ZONE 'UTC')::date AND ($3 AT TIME ZONE 'UTC')::date
          AND m.first_timestamp <= $3 AND m.last_timestamp >= $2
          AND m."timestamp" BETWEEN $2 AND $3
          AND m.hostname LIKE monitoring.glob_to_like($4)
    ) b
    ORDER BY b."timestamp"
$$;

-- See 0006.
DO $$
BEGIN
    GRANT SELECT ON monitoring.process_metrics_sealed, monitoring.process_snapshots_sealed,
        monitoring.process_runs_sealed
        TO chorus_readonly;
EXCEPTION
    WHEN insufficient_privilege OR undefined_object THEN
        RAISE NOTICE 'role chorus_readonly was not granted the new views: %', SQLERRM;
END
$$;
