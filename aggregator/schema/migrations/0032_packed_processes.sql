-- Process tables of days that are over, packed by process. See aggregator/sealed/processes/process_block.h.
--
-- A block has the process tables of one host that follow one another, of at most one UTC day. Blocks of a host
-- never overlap. They get into this table as days get into sealed_series: the day's partition of process_batches
-- is dropped in the transaction that enters the day in sealed_process_days.
CREATE TABLE monitoring.sealed_processes (
    day date NOT NULL,
    host_id int NOT NULL,
    first_ts timestamptz NOT NULL,                -- of its first table
    last_ts timestamptz NOT NULL,
    -- What the tables were, apart from their processes, in order of time: as in process_batches.
    times timestamptz[] COMPRESSION lz4 NOT NULL,
    delays bigint[] COMPRESSION lz4 NOT NULL,     -- microseconds from its time to its receipt
    scanned int[] COMPRESSION lz4 NOT NULL,
    memory_total_bytes bigint[] COMPRESSION lz4,  -- these are NULL where no table has one
    other_count int[] COMPRESSION lz4,
    other_cpu_percent double precision[] COMPRESSION lz4,
    other_rss_bytes bigint[] COMPRESSION lz4,
    -- Of each figure of a process, what most of them have all the time: the place in the table, then the columns
    -- of common/batch/process_columns.h that may change, in their order. Bytes where process_batches has two
    -- forms, the code of a letter, the bits of a real.
    common bigint[] COMPRESSION lz4 NOT NULL,
    -- Runs: a process in tables that follow one another. process_ref in order; the number of the run's first
    -- table, from 0; of how many tables it is; where its bytes end in `body`.
    refs bigint[] COMPRESSION lz4 NOT NULL,
    firsts int[] COMPRESSION lz4 NOT NULL,
    tables int[] COMPRESSION lz4 NOT NULL,
    ends int[] COMPRESSION lz4 NOT NULL,
    body bytea NOT NULL,
    PRIMARY KEY (host_id, day, first_ts)
) PARTITION BY RANGE (day);
-- The body is packed already. Not compressed, a part of it can be read alone.
ALTER TABLE monitoring.sealed_processes
    ALTER times SET STORAGE MAIN,
    ALTER delays SET STORAGE MAIN,
    ALTER scanned SET STORAGE MAIN,
    ALTER memory_total_bytes SET STORAGE MAIN,
    ALTER other_count SET STORAGE MAIN,
    ALTER other_cpu_percent SET STORAGE MAIN,
    ALTER other_rss_bytes SET STORAGE MAIN,
    ALTER common SET STORAGE MAIN,
    ALTER refs SET STORAGE MAIN,
    ALTER firsts SET STORAGE MAIN,
    ALTER tables SET STORAGE MAIN,
    ALTER ends SET STORAGE MAIN,
    ALTER body SET STORAGE EXTERNAL;

CREATE TABLE monitoring.sealed_process_days (
    day date PRIMARY KEY,
    sealed_at timestamptz NOT NULL DEFAULT now()
);

-- As late_days is for system_batches.
CREATE TABLE monitoring.late_process_days (
    host_id int NOT NULL,
    day date NOT NULL,
    marks bigint NOT NULL DEFAULT 1,
    PRIMARY KEY (day, host_id)
);

CREATE FUNCTION monitoring.ensure_sealed_process_partition(day date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    partition text := 'sealed_processes' || to_char(day, '_YYYYMMDD');
BEGIN
    IF monitoring.has_table(partition) THEN
        RETURN;
    END IF;
    EXECUTE format('CREATE TABLE monitoring.%I (LIKE monitoring.sealed_processes INCLUDING DEFAULTS'
                   ' INCLUDING STORAGE INCLUDING COMPRESSION) WITH (toast_tuple_target = 128)', partition);
    EXECUTE format('ALTER TABLE monitoring.sealed_processes ATTACH PARTITION monitoring.%I'
                   ' FOR VALUES FROM (%L) TO (%L)', partition, day, day + 1);
END
$$;
