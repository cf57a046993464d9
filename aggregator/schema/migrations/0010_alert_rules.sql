-- What rules, their evaluation and per-host thresholds need.

-- {"rule name or metric_type": number}: limits of this host that replace the rules' own.
ALTER TABLE monitoring.hosts ADD thresholds jsonb NOT NULL DEFAULT '{}'
    CHECK (jsonb_typeof(thresholds) = 'object');

-- Names that differ only by case or by Unicode form are one name.
CREATE FUNCTION monitoring.rule_name_key(name text)
RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT lower(normalize(name, NFKC))
$$;

ALTER TABLE monitoring.alert_rules
    ADD name_key text,
    -- Which of the rules that come with the program this was made from; NULL once a user changed it.
    ADD stock_key text CONSTRAINT alert_rules_stock_key UNIQUE,
    ADD stock boolean NOT NULL DEFAULT false,
    -- Of the last evaluation.
    ADD state text NOT NULL DEFAULT 'unknown'
        CHECK (state IN ('unknown', 'ok', 'pending', 'firing', 'no_data', 'error')),
    ADD last_error text,
    ADD last_triggered_at timestamptz;
-- A database of the original may have such twins; they stay, only new ones are refused.
UPDATE monitoring.alert_rules r
SET name_key = n.name_key || CASE WHEN n.number > 1 THEN ' ' || r.id ELSE '' END
FROM (SELECT id, monitoring.rule_name_key(name) AS name_key,
             row_number() OVER (PARTITION BY monitoring.rule_name_key(name)
                                ORDER BY created_at, id) AS number
      FROM monitoring.alert_rules) n
WHERE n.id = r.id;
ALTER TABLE monitoring.alert_rules ALTER name_key SET NOT NULL;
ALTER TABLE monitoring.alert_rules ADD CONSTRAINT alert_rules_name_key UNIQUE (name_key);

-- Every rule that ever came with the program and was made a row here: none is made twice, whatever
-- became of the first one.
CREATE TABLE monitoring.stock_rules (
    stock_key text PRIMARY KEY,
    seeded_at timestamptz NOT NULL DEFAULT now()
);

-- Where a rule stands with one subject. A subject with nothing to remember has no row.
CREATE TABLE monitoring.alert_rule_states (
    rule_id uuid NOT NULL REFERENCES monitoring.alert_rules ON DELETE CASCADE,
    subject text NOT NULL,          -- host, host|label, host|process or service
    phase text NOT NULL CHECK (phase IN ('ok', 'pending', 'firing')),
    since timestamptz NOT NULL,     -- of the phase
    severity text NOT NULL,         -- of the open alert
    clear_since timestamptz,        -- firing, but the condition has cleared since then
    fired_at timestamptz,           -- last time; begins the cooldown
    resolved_at timestamptz,        -- last time
    flapping boolean NOT NULL DEFAULT false,
    stale boolean NOT NULL DEFAULT false,  -- firing, but there is no data
    PRIMARY KEY (rule_id, subject)
) WITH (fillfactor = 70);

-- One row: up to when rules have been evaluated. Changed in the transaction that changes states.
CREATE TABLE monitoring.alert_evaluation (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    evaluated_at timestamptz,
    -- When it began, or went on after it had stood still: silence of hosts counts from then.
    resumed_at timestamptz,
    duration_seconds double precision
);
INSERT INTO monitoring.alert_evaluation DEFAULT VALUES;
