-- What SQL users see of the days that are packed. The view system_metrics stays what it was: the rows
-- of system_batches, where a condition on "timestamp" prunes partitions. A packed day has its times
-- inside its rows, so that no condition on "timestamp" could keep it from being unpacked. It has a
-- view of its own, in which `day` and `hour` are columns.

-- The values of one series of one host and day, out of the columns of its rows of sealed_batches and
-- sealed_series, bit for bit; see series_codec.h. `place` is the batch's element in the arrays of
-- sealed_batches. A value that is not there has no row.
--
-- The body is inlined, so that a condition on `hour` leaves the other hours packed. Its subqueries
-- with OFFSET 0 are not flattened: one fetches the arrays once instead of once a sample, the other
-- computes a value once and not again to ask whether it is NULL. unnest() and not generate_series()
-- makes the rows: PostgreSQL takes it to make 10 of them and not 1,000, with which it would compile
-- queries (jit) that run faster as they are.
CREATE FUNCTION monitoring.unseal(
    batches int[], times timestamptz[], multiplier bigint, divisor double precision, low bigint[],
    high bigint[], counts int[], bits varbit, plain double precision[])
RETURNS TABLE (hour int, place int, "timestamp" timestamptz, value double precision)
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT h.hour, v.place, v."timestamp", v.value
    FROM (SELECT $1 || '{}' AS batches, $2 || '{}' AS times, coalesce($8, B'') || B'' AS bits,
                 $9 || '{}' AS plain
          OFFSET 0) d
    CROSS JOIN LATERAL (
        SELECT w.hour, w.low, w.missing, w.width,
               (sum(w.size) OVER upto)::int - w.size + 1 AS first,
               (sum(w.size) OVER upto)::int AS last,
               (sum(w.size * w.width) OVER upto)::int - w.size * w.width + 1 AS start
        FROM (
            SELECT u.hour, u.size, u.low, u.high - u.low + 1 AS missing,
                   coalesce(length(ltrim((u.high - u.low + (u.count < u.size)::int)::bit(54)::text,
                                         '0')), 0) AS width
            FROM (
                SELECT (n - 1)::int AS hour, size, coalesce(count, size) AS count,
                       CASE WHEN $6 IS NULL THEN $5[1] ELSE low END AS low,
                       CASE WHEN $6 IS NULL THEN $5[1] ELSE high END AS high
                FROM unnest(d.batches, $5, $6, $7) WITH ORDINALITY AS r(size, low, high, count, n)
            ) u
        ) w
        WINDOW upto AS (ORDER BY w.hour)
    ) h
    CROSS JOIN LATERAL (
        SELECT (h.first + n - 1)::int AS place, "timestamp",
               coalesce(plain, ((h.low + nullif(substring(
                   d.bits FROM h.start + (n - 1)::int * h.width FOR h.width)::bigint,
                   h.missing)) * $3)::double precision / $4) AS value
        FROM unnest(d.times[h.first : h.last], d.plain[h.first : h.last])
            WITH ORDINALITY AS packed("timestamp", plain, n)
        OFFSET 0
    ) v
    WHERE v.value IS NOT NULL
$$;

-- One row per sample of the days in sealed_days. Ids are those that the samples had before.
--
-- The row of sealed_batches is fetched by a subquery that LIMIT keeps from being flattened. So a range
-- of days prunes the partitions of both tables, those of sealed_batches while the query runs. It goes
-- by the columns of `h` and `k`, so that hosts and days are joined before anything is unpacked.
CREATE VIEW monitoring.system_metrics_sealed AS
SELECT s.day,
       (s.day + u.hour * interval '1 hour') AT TIME ZONE 'UTC' AS hour,
       monitoring.sample_id(u."timestamp", s.host_id, 0,
                            (b.positions -> b.layout_ids[u.place]::text)::int) AS id,
       h.hostname,
       n.metric_type,
       u.value AS metric_value,
       n.unit AS metric_unit,
       n.label,
       n.tags,
       u."timestamp",
       u."timestamp" + b.delays[u.place] * interval '1 microsecond' AS created_at
FROM monitoring.sealed_series s
JOIN monitoring.sealed_days k ON k.day = s.day
JOIN monitoring.series n ON n.series_id = s.series_id
JOIN monitoring.hosts h ON h.host_id = s.host_id
CROSS JOIN LATERAL (
    SELECT q.batches, q.times, q.delays || '{}' AS delays, q.layout_ids || '{}' AS layout_ids,
           (SELECT jsonb_object_agg(e.layout_id, e.position ORDER BY e.position)
            FROM monitoring.layout_entries e
            WHERE e.layout_id IN (SELECT DISTINCT unnest(q.layout_ids))
              AND e.metric_type = n.metric_type AND e.label = n.label AND e.unit = n.unit
              AND hashtextextended(e.tags::text, 0) = hashtextextended(n.tags::text, 0)) AS positions
    FROM monitoring.sealed_batches q
    WHERE q.host_id = h.host_id AND q.day = k.day
    LIMIT 1) b
CROSS JOIN LATERAL monitoring.unseal(b.batches, b.times, s.multiplier, s.divisor, s.low, s.high,
                                     s.counts, s.bits, s.plain) u;

-- The same of whole hours, without a look at their bits. Of an hour with values of 1e300 or more there
-- is no sum, because PostgreSQL would stop where it passes what a number holds.
CREATE FUNCTION monitoring.unseal_hours(
    batches int[], multiplier bigint, divisor double precision, low bigint[], high bigint[],
    total bigint[], counts int[], plain double precision[])
RETURNS TABLE (hour int, minimum double precision, maximum double precision,
               sum double precision, count int)
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT p.hour,
           (p.low * $2)::double precision / $3,
           (p.high * $2)::double precision / $3,
           ((p.low::numeric * p.count + p.total) * $2 / $3::numeric)::double precision,
           p.count
    FROM (
        SELECT (n - 1)::int AS hour, coalesce(count, size) AS count,
               CASE WHEN $5 IS NULL THEN $4[1] ELSE low END AS low,
               CASE WHEN $5 IS NULL THEN $4[1] ELSE high END AS high,
               coalesce(total, 0) AS total
        FROM unnest($1, $4, $5, $6, $7) WITH ORDINALITY
            AS r(size, low, high, total, count, n)
    ) p
    WHERE $8 IS NULL AND p.count > 0
    UNION ALL
    SELECT r.hour, v.minimum, v.maximum, v.sum, v.count
    FROM (SELECT (n - 1)::int AS hour, size, (sum(size) OVER (ORDER BY n))::int AS last
          FROM unnest($1) WITH ORDINALITY AS b(size, n)) r
    CROSS JOIN LATERAL (
        SELECT min(x) AS minimum, max(x) AS maximum, count(x)::int AS count,
               CASE WHEN max(abs(x)) < 1e300 THEN sum(x) FILTER (WHERE abs(x) < 1e300) END AS sum
        FROM unnest($8[r.last - r.size + 1 : r.last]) AS x
    ) v
    WHERE $8 IS NOT NULL AND v.count > 0
$$;

-- One row per series and clock hour, as soon as its day is packed; what came late is added later.
-- Hours of other days would be added up out of their samples, which metric_series() returns.
CREATE VIEW monitoring.system_metric_hours AS
SELECT s.day,
       (s.day + u.hour * interval '1 hour') AT TIME ZONE 'UTC' AS hour,
       h.hostname,
       n.metric_type,
       n.label,
       n.unit AS metric_unit,
       n.tags,
       u.minimum,
       u.maximum,
       -- Dividing the least numbers that there are would be an error.
       CASE WHEN abs(u.sum) < 1e-300 THEN 0 ELSE u.sum / u.count END AS average,
       u.sum,
       u.count
FROM monitoring.sealed_series s
JOIN monitoring.sealed_days k ON k.day = s.day
JOIN monitoring.series n ON n.series_id = s.series_id
JOIN monitoring.hosts h ON h.host_id = s.host_id
CROSS JOIN LATERAL (
    SELECT q.batches FROM monitoring.sealed_batches q
    WHERE q.host_id = h.host_id AND q.day = k.day
    LIMIT 1) b
CROSS JOIN LATERAL monitoring.unseal_hours(b.batches, s.multiplier, s.divisor, s.low, s.high,
                                           s.total, s.counts, s.plain) u;

-- Both tiers. No sample is in both: a day is in sealed_days from the moment that its rows of
-- system_batches are gone, and what comes late is taken from there when it is packed.
CREATE OR REPLACE FUNCTION monitoring.metric_series(
    metric_type text, "from" timestamptz, "to" timestamptz, host_glob text DEFAULT '*',
    label text DEFAULT NULL)
RETURNS TABLE (hostname text, label text, "timestamp" timestamptz, value double precision)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT b.hostname, b.label, b."timestamp", b.metric_value
    FROM (
        SELECT m.hostname, m.label, m."timestamp", m.metric_value
        FROM monitoring.system_metrics m
        WHERE m.metric_type = $1
          AND m."timestamp" BETWEEN $2 AND $3
          AND m.hostname LIKE monitoring.glob_to_like($4)
          AND ($5 IS NULL OR m.label = $5)
        UNION ALL
        SELECT m.hostname, m.label, m."timestamp", m.metric_value
        FROM monitoring.system_metrics_sealed m
        WHERE m.metric_type = $1
          AND m.day BETWEEN ($2 AT TIME ZONE 'UTC')::date AND ($3 AT TIME ZONE 'UTC')::date
          AND m.hour > $2 - interval '1 hour' AND m.hour <= $3
          AND m."timestamp" BETWEEN $2 AND $3
          AND m.hostname LIKE monitoring.glob_to_like($4)
          AND ($5 IS NULL OR m.label = $5)
    ) b
    ORDER BY b."timestamp"
$$;

-- See 0006. The functions above read no table: they get the columns of one.
DO $$
BEGIN
    GRANT SELECT ON monitoring.system_metrics_sealed, monitoring.system_metric_hours
        TO chorus_readonly;
EXCEPTION
    WHEN insufficient_privilege OR undefined_object THEN
        RAISE NOTICE 'role chorus_readonly was not granted the new views: %', SQLERRM;
END
$$;
