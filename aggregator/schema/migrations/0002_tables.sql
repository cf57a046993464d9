-- What is stored. One row per batch; SQL users read the views of 0004.

CREATE TABLE monitoring.hosts (
    host_id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    hostname text NOT NULL CONSTRAINT hosts_hostname UNIQUE,
    agent_id uuid CONSTRAINT hosts_agent_id UNIQUE,
    agent_version text NOT NULL DEFAULT '',
    interval_seconds double precision NOT NULL DEFAULT 30,
    os text NOT NULL DEFAULT '',
    kernel text NOT NULL DEFAULT '',
    cpu_model text NOT NULL DEFAULT '',
    cpu_count bigint,
    memory_total_bytes bigint,
    boot_id uuid,
    boot_time timestamptz,
    clock_ticks_per_second int NOT NULL DEFAULT 100,
    labels jsonb NOT NULL DEFAULT '{}',
    -- Aggregator's clock minus the batch's sent_at, of the last batch.
    clock_skew_ms bigint,
    first_seen timestamptz NOT NULL DEFAULT now(),
    -- When the last batch was received, by the aggregator's clock.
    last_seen timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);

-- Exactly-once: one row per counter of an agent (agent, epoch). A batch is stored if and only if its
-- seq is in `received`; its payload_hash then stands in its row of system_batches. The writer locks
-- the rows of a group with FOR UPDATE, so that two aggregators never store one batch twice. Runs of
-- numbers merge into one range, so the row stays small and nothing is pruned batch by batch. No
-- index on a column that changes and free space in each page: updates stay heap-only.
CREATE TABLE monitoring.ingest_streams (
    host_id int NOT NULL REFERENCES monitoring.hosts ON DELETE CASCADE,
    agent_id uuid NOT NULL,
    epoch uuid NOT NULL,
    received int8multirange NOT NULL DEFAULT '{}',
    newest_ts timestamptz NOT NULL DEFAULT '-infinity',
    last_received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (agent_id, epoch)
) WITH (fillfactor = 50);
CREATE INDEX ingest_streams_host ON monitoring.ingest_streams (host_id);

-- The ordered list of series that a batch's values follow. Hosts of one kind share layouts.
CREATE TABLE monitoring.layouts (
    layout_id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    digest bytea NOT NULL CONSTRAINT layouts_digest UNIQUE  -- SHA-256
);

CREATE TABLE monitoring.layout_entries (
    layout_id int NOT NULL REFERENCES monitoring.layouts ON DELETE CASCADE,
    position int NOT NULL,  -- from 1, as PostgreSQL counts array elements
    metric_type text NOT NULL,
    label text NOT NULL,
    unit text NOT NULL,
    tags jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (layout_id, position)
);
CREATE INDEX layout_entries_metric ON monitoring.layout_entries (metric_type, layout_id);

-- One row per batch, also when its layout is empty. `values` follow the layout; a NULL element could
-- not be read then. Partitioned by UTC day of ts; see 0003.
CREATE TABLE monitoring.system_batches (
    ts timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    payload_hash bigint NOT NULL,
    host_id int NOT NULL,
    layout_id int NOT NULL,
    "values" double precision[] COMPRESSION lz4 NOT NULL,
    PRIMARY KEY (host_id, ts)
) PARTITION BY RANGE (ts);
-- Newest first over all hosts, in the very order of pages, so that a page needs no sort.
CREATE INDEX system_batches_ts ON monitoring.system_batches (ts, host_id);

-- What stays the same for a process's life. A process whose name, user or unit changes (exec,
-- setuid, cgroup move) gets a further row. `digest` is a 128-bit hash over boot_id, pid,
-- start_ticks and every other attribute below it up to started_at, made by the writer.
CREATE TABLE monitoring.processes (
    process_ref bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    host_id int NOT NULL REFERENCES monitoring.hosts ON DELETE CASCADE,
    digest uuid NOT NULL,
    boot_id uuid NOT NULL,
    pid int NOT NULL,
    start_ticks bigint NOT NULL,
    name text NOT NULL,
    username text NOT NULL DEFAULT '',
    ppid int,
    unit text NOT NULL DEFAULT '',
    container_id text NOT NULL DEFAULT '',
    cmdline text COMPRESSION lz4 NOT NULL DEFAULT '',
    started_at timestamptz,
    -- UTC day of the newest batch that names the row; written at most once a day per process.
    last_seen_day date NOT NULL,
    CONSTRAINT processes_digest UNIQUE (host_id, digest)
);
CREATE INDEX processes_name ON monitoring.processes (name text_pattern_ops, host_id);
CREATE INDEX processes_last_seen_day ON monitoring.processes (last_seen_day);

-- One row per batch that has a process table: parallel arrays, one element per process, in any
-- order. A column of which nothing is known in the whole batch is NULL, a single unknown value is a
-- NULL element. Of each pair "narrow, wide" exactly one is set (both NULL if nothing is known): the
-- narrow one whenever every value fits in it without loss.
CREATE TABLE monitoring.process_batches (
    ts timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    host_id int NOT NULL,
    scanned int NOT NULL,             -- processes that the agent saw
    ref_base bigint NOT NULL,         -- smallest process_ref of the batch, 0 if there is none
    memory_total_bytes bigint,        -- of the host at that moment
    other_count int,                  -- processes that were not sent one by one
    other_cpu_percent double precision,
    other_rss_bytes bigint,
    refs int[] COMPRESSION lz4,                       -- process_ref - ref_base
    refs_wide bigint[] COMPRESSION lz4,               -- wide form, process_ref itself
    cpu_percent real[] COMPRESSION lz4,               -- of one core
    rss_kib int[] COMPRESSION lz4,                    -- resident set in KiB
    rss_bytes bigint[] COMPRESSION lz4,               -- wide form, bytes
    memory_percent real[] COMPRESSION lz4,            -- NULL: 100 * rss / memory_total_bytes
    read_sectors int[] COMPRESSION lz4,               -- read since start, units of 512 bytes
    read_bytes bigint[] COMPRESSION lz4,              -- wide form, bytes
    write_sectors int[] COMPRESSION lz4,
    write_bytes bigint[] COMPRESSION lz4,
    num_threads int[] COMPRESSION lz4,
    fd_count int[] COMPRESSION lz4,
    states text COMPRESSION lz4,    -- one letter of proc_pid_stat(5) per process, '?' = unknown
    PRIMARY KEY (host_id, ts)
) PARTITION BY RANGE (ts);
-- Compressed and in the row, not in a TOAST table: see 0003.
ALTER TABLE monitoring.process_batches
    ALTER refs SET STORAGE MAIN,
    ALTER refs_wide SET STORAGE MAIN,
    ALTER cpu_percent SET STORAGE MAIN,
    ALTER rss_kib SET STORAGE MAIN,
    ALTER rss_bytes SET STORAGE MAIN,
    ALTER memory_percent SET STORAGE MAIN,
    ALTER read_sectors SET STORAGE MAIN,
    ALTER read_bytes SET STORAGE MAIN,
    ALTER write_sectors SET STORAGE MAIN,
    ALTER write_bytes SET STORAGE MAIN,
    ALTER num_threads SET STORAGE MAIN,
    ALTER fd_count SET STORAGE MAIN,
    ALTER states SET STORAGE MAIN;
CREATE INDEX process_batches_ts ON monitoring.process_batches (ts, host_id);

CREATE TABLE monitoring.events (
    event_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    host_id int NOT NULL REFERENCES monitoring.hosts ON DELETE CASCADE,
    ts timestamptz NOT NULL,
    type text NOT NULL,
    detail jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX events_host ON monitoring.events (host_id, ts);
CREATE INDEX events_ts ON monitoring.events (ts);

-- Only the SHA-256 of a token is kept. An agent token belongs to the agent that first used it.
CREATE TABLE monitoring.tokens (
    token_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    role text NOT NULL CHECK (role IN ('agent', 'viewer', 'operator', 'admin')),
    hash bytea NOT NULL CONSTRAINT tokens_hash UNIQUE CHECK (length(hash) = 32),
    agent_id uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz,
    revoked_at timestamptz
);

CREATE TABLE monitoring.alert_rules (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name varchar(255) NOT NULL CONSTRAINT alert_rules_name UNIQUE,
    description text,
    rule_type varchar(100) NOT NULL,
    condition jsonb NOT NULL,
    severity varchar(50) NOT NULL
        CHECK (severity IN ('critical', 'high', 'medium', 'low', 'info')),
    notification_channels jsonb NOT NULL DEFAULT '[]',
    cooldown_minutes int NOT NULL DEFAULT 5 CHECK (cooldown_minutes >= 0),
    is_active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX alert_rules_active ON monitoring.alert_rules (name) WHERE is_active;

CREATE TABLE monitoring.alerts (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    alert_type varchar(100) NOT NULL,
    severity varchar(50) NOT NULL
        CHECK (severity IN ('critical', 'high', 'medium', 'low', 'info')),
    source varchar(255) NOT NULL,
    title varchar(255) NOT NULL,
    description text,
    alert_metadata jsonb NOT NULL DEFAULT '{}',
    status varchar(50) NOT NULL DEFAULT 'active'
        CHECK (status IN ('active', 'acknowledged', 'resolved', 'suppressed')),
    acknowledged_at timestamptz,
    acknowledged_by varchar(255),
    resolved_at timestamptz,
    resolved_by varchar(255),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    hostname text,
    rule_id uuid,
    fingerprint text,
    occurrences bigint NOT NULL DEFAULT 1,
    last_seen_at timestamptz
);
-- At most one open alert per rule and subject.
CREATE UNIQUE INDEX alerts_open_fingerprint ON monitoring.alerts (fingerprint)
    WHERE status <> 'resolved';
CREATE INDEX alerts_created_at ON monitoring.alerts (created_at DESC, id DESC);
CREATE INDEX alerts_resolved ON monitoring.alerts (updated_at) WHERE status = 'resolved';

-- Every change of an alert's state, kept as long as the alert.
CREATE TABLE monitoring.alert_transitions (
    transition_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    alert_id uuid NOT NULL REFERENCES monitoring.alerts (id) ON DELETE CASCADE,
    at timestamptz NOT NULL DEFAULT now(),
    from_status varchar(50),
    to_status varchar(50) NOT NULL,
    actor varchar(255),
    comment text
);
CREATE INDEX alert_transitions_alert ON monitoring.alert_transitions (alert_id, transition_id);

-- State-changing calls. Rows can be added and read, nothing else.
CREATE TABLE monitoring.audit (
    audit_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    actor text NOT NULL,
    token_id bigint,
    action text NOT NULL,
    object_type text,
    object_id text,
    client_ip text,
    request_id text,
    detail jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX audit_at ON monitoring.audit (at);

CREATE FUNCTION monitoring.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON monitoring.audit
    FOR EACH STATEMENT EXECUTE FUNCTION monitoring.refuse_change();
CREATE TRIGGER transitions_append_only BEFORE UPDATE OR TRUNCATE ON monitoring.alert_transitions
    FOR EACH STATEMENT EXECUTE FUNCTION monitoring.refuse_change();
