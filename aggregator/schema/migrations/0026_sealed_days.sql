-- The sealed tier: UTC days that are over, packed by series. A day of a host is one row per series
-- and one row for its batches. See aggregator/sealed.
--
-- A day moves as a whole. First its hosts are packed one by one, while readers go on with the rows of
-- system_batches. Then one transaction drops the day's partition of system_batches and enters the day
-- in sealed_days. From then on readers take the packed rows of that day, and what came later from
-- system_batches.

-- Every series of any host, once.
CREATE TABLE monitoring.series (
    series_id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    metric_type text NOT NULL,
    label text NOT NULL,
    unit text NOT NULL,
    tags jsonb NOT NULL DEFAULT '{}'
);
-- The tags of a label may pass what an index takes.
CREATE UNIQUE INDEX series_name
    ON monitoring.series (metric_type, label, unit, hashtextextended(tags::text, 0));

CREATE TABLE monitoring.sealed_days (
    day date PRIMARY KEY,
    sealed_at timestamptz NOT NULL DEFAULT now()
);

-- Hosts and days that got batches after the day was over. The writer enters them in the transaction
-- that stores the batch, the sealing task takes them out in the one that packs the day. So a day
-- without a row here holds nothing that is not packed.
CREATE TABLE monitoring.late_days (
    host_id int NOT NULL,
    day date NOT NULL,
    PRIMARY KEY (day, host_id)
);

-- What the batches of a host and day were, apart from their values, in order of time.
CREATE TABLE monitoring.sealed_batches (
    day date NOT NULL,
    host_id int NOT NULL,
    batches int[] COMPRESSION lz4 NOT NULL,       -- of each clock hour, 24 elements
    times timestamptz[] COMPRESSION lz4 NOT NULL,
    delays bigint[] COMPRESSION lz4 NOT NULL,     -- microseconds from its time to its receipt
    hashes bigint[] COMPRESSION lz4 NOT NULL,     -- payload_hash
    layout_ids int[] COMPRESSION lz4 NOT NULL,
    PRIMARY KEY (host_id, day)
) PARTITION BY RANGE (day);
ALTER TABLE monitoring.sealed_batches ALTER batches SET STORAGE MAIN;

-- One series of one host and day. value = k * multiplier / divisor; see series_codec.h.
CREATE TABLE monitoring.sealed_series (
    day date NOT NULL,
    series_id int NOT NULL,
    host_id int NOT NULL,
    multiplier bigint NOT NULL,
    divisor double precision NOT NULL,
    -- Of each clock hour: least and greatest k, sum of k - low, number of samples. NULL elements: no
    -- sample. All but `low` are NULL, and `low` has one element, where each batch of the day has that
    -- one value. `counts` is NULL where each batch has a value.
    low bigint[] COMPRESSION lz4,
    high bigint[] COMPRESSION lz4,
    total bigint[] COMPRESSION lz4,
    counts int[] COMPRESSION lz4,
    bits varbit COMPRESSION lz4,
    plain double precision[] COMPRESSION lz4,     -- instead of the columns from `low` on
    PRIMARY KEY (series_id, host_id, day)
) PARTITION BY RANGE (day);
ALTER TABLE monitoring.sealed_series
    ALTER low SET STORAGE MAIN,
    ALTER high SET STORAGE MAIN,
    ALTER total SET STORAGE MAIN,
    ALTER counts SET STORAGE MAIN;

-- The same for the packed tables as ensure_partitions for the others.
CREATE FUNCTION monitoring.ensure_sealed_partitions(day date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    parent text;
    partition text;
BEGIN
    FOREACH parent IN ARRAY ARRAY['sealed_batches', 'sealed_series'] LOOP
        partition := parent || to_char(day, '_YYYYMMDD');
        CONTINUE WHEN monitoring.has_table(partition);
        EXECUTE format('CREATE TABLE monitoring.%I (LIKE monitoring.%I INCLUDING DEFAULTS'
                       ' INCLUDING STORAGE INCLUDING COMPRESSION) WITH (toast_tuple_target = 128)',
                       partition, parent);
        EXECUTE format('ALTER TABLE monitoring.%I ATTACH PARTITION monitoring.%I'
                       ' FOR VALUES FROM (%L) TO (%L)', parent, partition, day, day + 1);
    END LOOP;
END
$$;
