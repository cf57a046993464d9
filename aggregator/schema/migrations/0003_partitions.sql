-- Daily partitions of the batch tables, named <table>_YYYYMMDD.

-- Asks the catalogue with a fresh snapshot; to_regclass may answer from a cache that has not yet
-- heard of what another session made while this one waited for a lock.
CREATE FUNCTION monitoring.has_table(name text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM pg_catalog.pg_class c
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = 'monitoring' AND c.relname = name);
END
$$;

-- Creates what is missing for the days given, both inclusive, and returns how many tables that
-- were. The caller bounds the days. The table is made first and then attached, because ATTACH lets
-- inserts go on where CREATE TABLE ... PARTITION OF would stop them.
--
-- By default PostgreSQL stops compressing a row as soon as it fits into 2 kB; most process tables
-- would stay as they are. A low toast_tuple_target lets it compress each array: 14.7 instead of
-- 24.4 bytes per process and batch, measured with 87 processes. System values are not compressed,
-- so that picking one element stays cheap.
CREATE FUNCTION monitoring.ensure_partitions(first_day date, last_day date) RETURNS int
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
        FOREACH parent IN ARRAY ARRAY['system_batches', 'process_batches'] LOOP
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

-- Partitions of a batch table with their day, oldest first.
CREATE FUNCTION monitoring.batch_partitions(parent text)
RETURNS TABLE (partition text, day date, bytes bigint) LANGUAGE sql STABLE AS $$
    SELECT c.relname::text,
           to_date(right(c.relname, 8), 'YYYYMMDD'),
           pg_catalog.pg_total_relation_size(c.oid)
    FROM pg_catalog.pg_inherits i
    JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = to_regclass('monitoring.' || parent) AND c.relname ~ '_\d{8}$'
    ORDER BY 2
$$;
