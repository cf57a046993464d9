-- What stands beside the packed values takes less room, and a whole day's figures are at hand without
-- a look at its hours. What is packed already is rewritten. Its values (`bits`, `plain`) stay as they
-- are.
DROP VIEW monitoring.system_metrics_sealed;
DROP VIEW monitoring.system_metric_hours;
DROP FUNCTION monitoring.unseal;
DROP FUNCTION monitoring.unseal_hours;

-- The series that the values of a layout's batches belong to. An entry has none until a day that has
-- it is packed. The hash stands for tags that may pass what an index takes.
CREATE VIEW monitoring.layout_series AS
SELECT e.layout_id, e.position, s.series_id, e.metric_type, e.label, e.unit, e.tags
FROM monitoring.layout_entries e
JOIN monitoring.series s
  ON s.metric_type = e.metric_type AND s.label = e.label AND s.unit = e.unit
 AND hashtextextended(s.tags::text, 0) = hashtextextended(e.tags::text, 0);

-- How many bits the number takes, 0 for 0.
CREATE FUNCTION monitoring.bit_width(number bigint) RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT length(ltrim($1::bit(64)::text, '0'))
$$;

-- delays: one distance from delay_low for each batch, of as many bits each as all of them need.
-- hashes: the lower half of payload_hash. It only tells whether a batch whose key came before is the
-- same.
ALTER TABLE monitoring.sealed_batches
    ADD COLUMN delay_low bigint,
    ADD COLUMN delay_bits varbit COMPRESSION lz4,
    ADD COLUMN short_hashes int[] COMPRESSION lz4;

UPDATE monitoring.sealed_batches b
SET delay_low = n.low, delay_bits = n.bits, short_hashes = n.hashes,
    delays = '{}', hashes = '{}'
FROM (
    SELECT s.day, s.host_id, r.low, r.hashes,
           (SELECT coalesce(string_agg(right((d - r.low)::bit(64)::text, r.width), '' ORDER BY n), '')
            FROM unnest(s.delays) WITH ORDINALITY AS u (d, n))::varbit AS bits
    FROM monitoring.sealed_batches s
    CROSS JOIN LATERAL (
        SELECT coalesce(min(d), 0) AS low,
               coalesce(monitoring.bit_width(max(d) - min(d)), 0) AS width,
               coalesce(array_agg((h << 32 >> 32)::int ORDER BY n), '{}') AS hashes
        FROM unnest(s.delays, s.hashes) WITH ORDINALITY AS u (d, h, n)) r
    ) n
WHERE b.day = n.day AND b.host_id = n.host_id;

ALTER TABLE monitoring.sealed_batches
    DROP COLUMN delays,
    DROP COLUMN hashes;
ALTER TABLE monitoring.sealed_batches RENAME delay_bits TO delays;
ALTER TABLE monitoring.sealed_batches RENAME short_hashes TO hashes;
ALTER TABLE monitoring.sealed_batches
    ALTER delay_low SET NOT NULL,
    ALTER delays SET NOT NULL,
    ALTER hashes SET NOT NULL;

-- Of the day: least and greatest k, sum of the values, number of samples. NULL where `plain` is not.
--
-- hours: of each clock hour the distances of its least and greatest k from `low`, in as many bits as
-- `high` - `low` needs; then the sum of k minus the hour's least, in the bits that are left. Zeros
-- where an hour has no sample. NULL if `low` is `high`.
--
-- width: NULL if the codes in `bits` are distances from the hour's least k, each hour with a width of
-- its own. Else they are distances from `low`, in so many bits each, and where a sample is missing
-- the code is `high` - `low` + 1.
ALTER TABLE monitoring.sealed_series
    ADD COLUMN day_low bigint,
    ADD COLUMN day_high bigint,
    ADD COLUMN sum double precision,
    ADD COLUMN count int,
    ADD COLUMN hours varbit COMPRESSION lz4,
    ADD COLUMN width int;

UPDATE monitoring.sealed_series s
SET day_low = n.low, day_high = n.high, sum = n.sum, count = n.count,
    hours = CASE WHEN n.high > n.low THEN n.hours::varbit END, low = NULL, high = NULL, total = NULL
FROM (
    SELECT o.day, o.host_id, o.series_id, r.low, r.high, r.sum, r.count,
           string_agg(right((coalesce(h.low, r.low) - r.low)::bit(64)::text, r.width)
                      || right((coalesce(h.high, r.low) - r.low)::bit(64)::text, r.width)
                      || right(coalesce(h.total, 0)::bit(64)::text, r.total_width),
                      '' ORDER BY h.n) AS hours
    FROM monitoring.sealed_series o
    JOIN monitoring.sealed_batches b ON b.day = o.day AND b.host_id = o.host_id
    CROSS JOIN LATERAL (
        SELECT min(t.low) AS low, max(t.high) AS high, sum(t.count)::int AS count,
               (sum((t.low::numeric * t.count + t.total) * o.multiplier)
                / o.divisor::numeric)::double precision AS sum,
               monitoring.bit_width(max(t.high) - min(t.low)) AS width,
               monitoring.bit_width(max(t.total)) AS total_width,
               array_agg(t.low ORDER BY t.n) AS lows, array_agg(t.high ORDER BY t.n) AS highs,
               array_agg(t.total ORDER BY t.n) AS totals
        FROM (
            SELECT u.n, coalesce(u.count, u.size) AS count,
                   CASE WHEN o.high IS NOT NULL THEN u.low WHEN u.size > 0 THEN o.low[1] END AS low,
                   CASE WHEN o.high IS NOT NULL THEN u.high WHEN u.size > 0 THEN o.low[1] END AS high,
                   CASE WHEN o.high IS NOT NULL THEN u.total WHEN u.size > 0 THEN 0 END AS total
            FROM unnest(b.batches, o.low, o.high, o.total, o.counts)
                 WITH ORDINALITY AS u (size, low, high, total, count, n)) t
        ) r
    CROSS JOIN LATERAL unnest(r.lows, r.highs, r.totals) WITH ORDINALITY AS h (low, high, total, n)
    WHERE o.plain IS NULL
    GROUP BY o.day, o.host_id, o.series_id, r.low, r.high, r.sum, r.count) n
WHERE s.day = n.day AND s.host_id = n.host_id AND s.series_id = n.series_id;

ALTER TABLE monitoring.sealed_series
    DROP COLUMN low,
    DROP COLUMN high,
    DROP COLUMN total;
ALTER TABLE monitoring.sealed_series RENAME day_low TO low;
ALTER TABLE monitoring.sealed_series RENAME day_high TO high;
ALTER TABLE monitoring.sealed_series ALTER hours SET STORAGE MAIN;

-- Microseconds from the time of a batch to its receipt; of the batch's element in `times`.
CREATE FUNCTION monitoring.sealed_delay(
    delay_low bigint, delays varbit, batches int, place int)
RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT $1 + substring($2 FROM ($4 - 1) * (length($2) / $3) + 1 FOR length($2) / $3)::bigint
$$;

-- The bounds of the clock hours of one row of sealed_series, as k; see above. NULL where an hour has no
-- sample.
CREATE FUNCTION monitoring.sealed_hours(
    batches int[], low bigint, high bigint, hours varbit, counts int[])
RETURNS TABLE (hour int, size int, count int, low bigint, high bigint)
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT r.hour, r.size, r.count,
           CASE WHEN r.count > 0 THEN $2 + substring(
               w.hours FROM r.hour * w.all_bits + 1 FOR w.bits)::bigint END,
           CASE WHEN r.count > 0 THEN $2 + substring(
               w.hours FROM r.hour * w.all_bits + w.bits + 1 FOR w.bits)::bigint END
    FROM (SELECT coalesce($4, B'') AS hours, coalesce(length($4), 0) / 24 AS all_bits,
                 monitoring.bit_width($3 - $2) AS bits
          OFFSET 0) w
    CROSS JOIN LATERAL (
        SELECT (n - 1)::int AS hour, size, coalesce(count, size) AS count
        FROM unnest($1, $5) WITH ORDINALITY AS u (size, count, n)) r
    OFFSET 0
$$;

-- The values of one series of one host and day, out of the columns of its rows of sealed_batches and
-- sealed_series, bit for bit; see series_codec.h. `place` is the batch's element in the arrays of
-- sealed_batches. A value that is not there has no row.
--
-- The body is inlined, so that a condition on `hour` leaves the other hours packed. Its subqueries
-- with OFFSET 0 are not flattened: one fetches the arrays once instead of once a sample, the others
-- compute what they say once and not wherever it is used. unnest() and not generate_series()
-- makes the rows: PostgreSQL takes it to make 10 of them and not 1,000, with which it would compile
-- queries (jit) that run faster as they are.
CREATE FUNCTION monitoring.unseal(
    batches int[], times timestamptz[], multiplier bigint, divisor double precision, low bigint,
    high bigint, hours varbit, counts int[], width int, bits varbit, plain double precision[])
RETURNS TABLE (hour int, place int, "timestamp" timestamptz, value double precision)
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT h.hour, v.place, v."timestamp", v.value
    FROM (SELECT $2 || '{}' AS times, coalesce($10, B'') || B'' AS bits, $11 || '{}' AS plain
          OFFSET 0) d
    CROSS JOIN LATERAL (
        SELECT w.hour, w.low, w.missing, w.width,
               (sum(w.size) OVER upto)::int - w.size + 1 AS first,
               (sum(w.size) OVER upto)::int AS last,
               (sum(w.size * w.width) OVER upto)::int - w.size * w.width + 1 AS start
        FROM (
            SELECT u.hour, u.size,
                   CASE WHEN $9 IS NULL THEN u.low ELSE $5 END AS low,
                   CASE WHEN $9 IS NULL THEN u.high - u.low ELSE $6 - $5 END + 1 AS missing,
                   coalesce($9, monitoring.bit_width(
                       u.high - u.low + (u.count < u.size)::int), 0) AS width
            FROM monitoring.sealed_hours($1, $5, $6, $7, $8) u
            OFFSET 0
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
       u."timestamp" + monitoring.sealed_delay(b.delay_low, b.delays, b.of_day, u.place)
                       * interval '1 microsecond' AS created_at
FROM monitoring.sealed_series s
JOIN monitoring.sealed_days k ON k.day = s.day
JOIN monitoring.series n ON n.series_id = s.series_id
JOIN monitoring.hosts h ON h.host_id = s.host_id
CROSS JOIN LATERAL (
    SELECT q.batches, q.times, q.delay_low, q.delays || B'' AS delays,
           cardinality(q.times) AS of_day, q.layout_ids || '{}' AS layout_ids,
           (SELECT jsonb_object_agg(e.layout_id, e.position ORDER BY e.position)
            FROM monitoring.layout_entries e
            WHERE e.layout_id IN (SELECT DISTINCT unnest(q.layout_ids))
              AND e.metric_type = n.metric_type AND e.label = n.label AND e.unit = n.unit
              AND hashtextextended(e.tags::text, 0) = hashtextextended(n.tags::text, 0)) AS positions
    FROM monitoring.sealed_batches q
    WHERE q.host_id = h.host_id AND q.day = k.day
    LIMIT 1) b
CROSS JOIN LATERAL monitoring.unseal(b.batches, b.times, s.multiplier, s.divisor, s.low, s.high,
                                     s.hours, s.counts, s.width, s.bits, s.plain) u;

-- The same of whole hours, without a look at their bits. Of an hour with values of 1e300 or more there
-- is no sum, because PostgreSQL would stop where it passes what a number holds.
CREATE FUNCTION monitoring.unseal_hours(
    batches int[], multiplier bigint, divisor double precision, low bigint, high bigint,
    hours varbit, counts int[], plain double precision[])
RETURNS TABLE (hour int, minimum double precision, maximum double precision,
               sum double precision, count int)
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT p.hour,
           (p.low * $2)::double precision / $3,
           (p.high * $2)::double precision / $3,
           ((p.low::numeric * p.count + coalesce(substring(
               $6 FROM p.hour * w.all_bits + 2 * w.bits + 1 FOR w.all_bits - 2 * w.bits)::bigint, 0))
            * $2 / $3::numeric)::double precision,
           p.count
    FROM (SELECT length($6) / 24 AS all_bits, monitoring.bit_width($5 - $4) AS bits OFFSET 0) w
    CROSS JOIN monitoring.sealed_hours($1, $4, $5, $6, $7) p
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
                                           s.hours, s.counts, s.plain) u;

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
