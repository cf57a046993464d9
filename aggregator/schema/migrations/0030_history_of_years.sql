-- Hours and days of every series, kept for years. They are made in the transaction that packs the day
-- of a host, out of the heads of what is packed; see aggregator/sealed/history_writer.h.

-- The hours of one series, host and UTC day; the coding of `hours` is in hour_codec.h.
CREATE TABLE monitoring.history_hours (
    day date NOT NULL,
    series_id int NOT NULL,
    host_id int NOT NULL,
    hours bytea NOT NULL,
    PRIMARY KEY (series_id, host_id, day)
) PARTITION BY RANGE (day);
-- It is short, and compressing does not make it shorter.
ALTER TABLE monitoring.history_hours ALTER hours SET STORAGE PLAIN;

-- The UTC days of one series, host and month, by the day of the month. NULL elements: no sample.
CREATE TABLE monitoring.history_days (
    month date NOT NULL,                          -- its first day
    series_id int NOT NULL,
    host_id int NOT NULL,
    minimum double precision[] NOT NULL,
    maximum double precision[] NOT NULL,
    sum double precision[] NOT NULL,
    counts int[] NOT NULL,
    PRIMARY KEY (series_id, host_id, month)
) PARTITION BY RANGE (month);

-- Days whose values are gone because their time is over. Of these the hours and days are all that
-- there is. Of the days in sealed_days they say the same as what is packed. Rows of other days do
-- not count: such a day is just being packed.
CREATE TABLE monitoring.history_past (
    day date PRIMARY KEY
);

-- Hosts and days that are packed and have no hours and days yet.
CREATE TABLE monitoring.history_pending (
    day date NOT NULL,
    host_id int NOT NULL,
    PRIMARY KEY (day, host_id)
);
INSERT INTO monitoring.history_pending (day, host_id)
SELECT day, host_id FROM monitoring.sealed_batches;

-- So whoever packs a day and does not know of history leaves a note. Who does takes it away.
CREATE FUNCTION monitoring.note_history_pending() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO monitoring.history_pending (day, host_id) VALUES (NEW.day, NEW.host_id)
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
CREATE TRIGGER note_history_pending AFTER INSERT ON monitoring.sealed_batches
FOR EACH ROW EXECUTE FUNCTION monitoring.note_history_pending();

-- Partitions of a month of hours and of a year of days, named by their first day.
CREATE FUNCTION monitoring.ensure_history_partitions(day date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    parent text;
    period text;
    partition text;
    first date;
BEGIN
    FOR parent, period IN VALUES ('history_hours', 'month'), ('history_days', 'year') LOOP
        first := date_trunc(period, day::timestamp)::date;
        partition := parent || to_char(first, '_YYYYMMDD');
        CONTINUE WHEN monitoring.has_table(partition);
        EXECUTE format('CREATE TABLE monitoring.%I (LIKE monitoring.%I INCLUDING DEFAULTS'
                       ' INCLUDING STORAGE)', partition, parent);
        IF parent = 'history_days' THEN
            -- A row is written anew each day of its month, in the same page if there is room.
            EXECUTE format('ALTER TABLE monitoring.%I SET (fillfactor = 70)', partition);
        END IF;
        EXECUTE format('ALTER TABLE monitoring.%I ATTACH PARTITION monitoring.%I'
                       ' FOR VALUES FROM (%L) TO (%L)', parent, partition, first,
                       (first + ('1 ' || period)::interval)::date);
    END LOOP;
END
$$;

-- One row per series and UTC day, as soon as the day is packed; what came late is added later. A
-- condition on `month`, its first day, leaves the other years alone.
CREATE VIEW monitoring.system_metric_days AS
SELECT k.day,
       d.month,
       h.hostname,
       n.metric_type,
       n.label,
       n.unit AS metric_unit,
       n.tags,
       u.minimum,
       u.maximum,
       -- Dividing the least numbers that there are would be an error.
       CASE WHEN abs(u.sum) < 1e-300 THEN 0
            WHEN abs(u.sum) < 'Infinity' THEN u.sum / u.count END AS average,
       CASE WHEN abs(u.sum) < 'Infinity' THEN u.sum END AS sum,
       u.count
FROM monitoring.history_days d
JOIN monitoring.series n ON n.series_id = d.series_id
JOIN monitoring.hosts h ON h.host_id = d.host_id
CROSS JOIN LATERAL unnest(d.minimum, d.maximum, d.sum, d.counts)
    WITH ORDINALITY AS u (minimum, maximum, sum, count, n)
JOIN (SELECT day FROM monitoring.sealed_days
      UNION ALL
      SELECT day FROM monitoring.history_past) k ON k.day = d.month + u.n::int - 1
WHERE u.count > 0;

-- See 0006.
DO $$
BEGIN
    GRANT SELECT ON monitoring.system_metric_days TO chorus_readonly;
EXCEPTION
    WHEN insufficient_privilege OR undefined_object THEN
        RAISE NOTICE 'role chorus_readonly was not granted the new view: %', SQLERRM;
END
$$;
