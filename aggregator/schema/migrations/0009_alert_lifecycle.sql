-- What alerts need beside their rows: who suppresses them, what the host looked like when they
-- fired, silences, and keys that make a repeated request harmless.

-- "silence:<id>" and the like while something else than a person keeps the alert suppressed.
ALTER TABLE monitoring.alerts ADD COLUMN suppressed_by varchar(255);

-- Few of the alerts are open, and most questions are about those.
CREATE INDEX alerts_open ON monitoring.alerts (created_at DESC, id DESC)
    WHERE status <> 'resolved';
CREATE INDEX alerts_hostname ON monitoring.alerts (hostname, created_at DESC, id DESC)
    WHERE hostname IS NOT NULL;
CREATE INDEX alerts_rule ON monitoring.alerts (rule_id, created_at DESC, id DESC)
    WHERE rule_id IS NOT NULL;

-- The host's top processes at the moment the alert fired; outlives the process tables.
CREATE TABLE monitoring.alert_contexts (
    alert_id uuid PRIMARY KEY REFERENCES monitoring.alerts (id) ON DELETE CASCADE,
    taken_at timestamptz NOT NULL,
    context jsonb COMPRESSION lz4 NOT NULL
);

-- An alert that every given matcher fits is suppressed while the silence is active: between
-- starts_at and ends_at and, if it is weekly, inside one of its windows only.
CREATE TABLE monitoring.silences (
    id uuid PRIMARY KEY,
    -- Matchers. Text with * and ? is a glob; NULL matches all.
    hostname text,
    alert_type text,
    source text,
    rule_id uuid,
    rule_name text,
    severities text[],
    starts_at timestamptz NOT NULL,
    ends_at timestamptz,  -- NULL: a weekly silence without an end
    time_zone text,       -- of a weekly silence: a name of the IANA database
    windows jsonb,        -- [{"days": ["sat", "sun"], "start": "22:00", "end": "06:00"}]
    created_by varchar(255) NOT NULL,
    comment text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CHECK (ends_at IS NULL OR ends_at >= starts_at),
    CHECK (ends_at IS NOT NULL OR windows IS NOT NULL),
    CHECK ((windows IS NULL) = (time_zone IS NULL))
);
CREATE INDEX silences_ends_at ON monitoring.silences (ends_at);

-- Whether clocks in that zone show a time inside one of the windows. So a window from 22:00 to 06:00
-- ends at 06:00 by the clock also in the nights in which clocks are put forward or back; an hour
-- that clocks leave out is never inside, one that they show twice is inside twice. A window whose
-- end is not after its start runs past midnight and belongs to the day on which it starts.
CREATE FUNCTION monitoring.in_windows(windows jsonb, time_zone text, moment timestamptz)
RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT EXISTS (
        SELECT
        FROM (SELECT moment AT TIME ZONE time_zone AS local) AS l,
             to_char(l.local, 'HH24:MI') AS clock,
             jsonb_array_elements(windows) AS w,
             jsonb_array_elements_text(w->'days') AS day
        WHERE CASE WHEN w->>'start' < w->>'end'
              THEN day = to_char(l.local, 'dy')
                   AND clock >= w->>'start' AND clock < w->>'end'
              ELSE day = to_char(l.local, 'dy') AND clock >= w->>'start'
                   OR day = to_char(l.local - interval '1 day', 'dy') AND clock < w->>'end'
              END)
$$;

-- One row per Idempotency-Key that was answered with success, with that answer.
CREATE TABLE monitoring.idempotency_keys (
    scope text NOT NULL,  -- method, path and caller
    key text NOT NULL,
    request_hash bytea NOT NULL,  -- SHA-256 of the body
    status int NOT NULL,
    headers text[] NOT NULL,      -- name, value, name, value, ...
    body text COMPRESSION lz4 NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (scope, key)
);
CREATE INDEX idempotency_keys_created_at ON monitoring.idempotency_keys (created_at);

DO $$
BEGIN
    GRANT SELECT ON monitoring.alert_contexts, monitoring.silences TO chorus_readonly;
EXCEPTION
    WHEN insufficient_privilege OR undefined_object THEN
        RAISE NOTICE 'chorus_readonly may not read silences: %', SQLERRM;
END
$$;
