-- Who is told of alerts. A row of alert_transitions puts one row per channel into notifications, in
-- the same transaction: whoever writes a transition need not know of channels.

-- One row per channel that is configured or that a rule names. Written by the aggregators that have
-- it in their settings; address and secrets stay there. A channel's queue is worked on by the
-- aggregator that claims it, one at a time, so that messages keep their order.
CREATE TABLE monitoring.notification_channels (
    channel text PRIMARY KEY,   -- webhook:NAME, slack:NAME, email:ADDRESS, alertmanager, redis
    kind text NOT NULL,         -- what stands before the colon
    -- Whether it gets the alerts whose rule names no channels, and those without a rule.
    is_default boolean NOT NULL DEFAULT false,
    configured_at timestamptz,  -- when an aggregator last said that it has it; NULL: none did
    claimed_by text,
    claimed_until timestamptz,
    failures int NOT NULL DEFAULT 0,  -- in a row
    retry_at timestamptz,             -- no attempt before that
    last_error text,
    last_delivered_at timestamptz
) WITH (fillfactor = 70);
INSERT INTO monitoring.notification_channels (channel, kind) VALUES ('redis', 'redis');

-- The outbox, and after delivery its log; kept as long as the alert.
CREATE TABLE monitoring.notifications (
    notification_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    transition_id bigint NOT NULL
        REFERENCES monitoring.alert_transitions ON DELETE CASCADE,
    alert_id uuid NOT NULL REFERENCES monitoring.alerts (id) ON DELETE CASCADE,
    channel text NOT NULL,
    state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'failed')),
    -- Rows that go out together, named by the first; set at the first attempt and never changed, so
    -- that a repeated message is the same message.
    message_id bigint,
    attempts int NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    last_error text,
    CONSTRAINT notifications_once UNIQUE (transition_id, channel)
) WITH (fillfactor = 80);
CREATE INDEX notifications_pending ON monitoring.notifications (channel, notification_id)
    WHERE state = 'pending';
CREATE INDEX notifications_alert ON monitoring.notifications (alert_id, channel);

-- A channel gets what is new (opened, reopened, a silence that ended) if the rule names it, and
-- what follows (acknowledged, resolved, a changed severity) if it was told of the alert before.
-- Nothing is told while an alert is suppressed.
CREATE FUNCTION monitoring.notify_transitions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    WITH told AS (
        SELECT f.transition_id, f.alert_id, 'redis' AS word
        FROM fresh f
        WHERE f.to_status <> 'suppressed'
        UNION
        SELECT f.transition_id, f.alert_id, n.channel
        FROM fresh f
        JOIN monitoring.notifications n ON n.alert_id = f.alert_id
        WHERE f.to_status <> 'suppressed'
        UNION
        SELECT f.transition_id, f.alert_id, w.word
        FROM fresh f
        JOIN monitoring.alerts a ON a.id = f.alert_id
        LEFT JOIN monitoring.alert_rules r ON r.id = a.rule_id
        CROSS JOIN LATERAL (
            SELECT jsonb_array_elements_text(r.notification_channels) AS word
            WHERE jsonb_typeof(r.notification_channels) = 'array'
            UNION ALL
            SELECT c.channel
            FROM monitoring.notification_channels c
            WHERE c.is_default AND c.configured_at > now() - interval '10 minutes'
              AND coalesce(r.notification_channels, '[]') = '[]'
        ) w
        WHERE f.to_status = 'active' AND f.from_status IS DISTINCT FROM 'active'
    ), expanded AS (
        SELECT t.transition_id, t.alert_id, t.word AS channel
        FROM told t
        WHERE t.word NOT IN ('webhook', 'slack', 'email')
        UNION
        SELECT t.transition_id, t.alert_id, c.channel
        FROM told t
        JOIN monitoring.notification_channels c ON c.kind = t.word
        WHERE c.configured_at > now() - interval '10 minutes'
    ), named AS (
        INSERT INTO monitoring.notification_channels (channel, kind)
        SELECT DISTINCT e.channel, split_part(e.channel, ':', 1)
        FROM expanded e
        WHERE NOT EXISTS (SELECT FROM monitoring.notification_channels c
                          WHERE c.channel = e.channel)
        ON CONFLICT DO NOTHING
    )
    INSERT INTO monitoring.notifications (transition_id, alert_id, channel)
    SELECT e.transition_id, e.alert_id, e.channel
    FROM expanded e
    ORDER BY e.transition_id, e.channel;
    -- Wakes the notifiers and the live streams when the transaction commits.
    PERFORM pg_notify('chorus_alerts', f.transition_id::text) FROM fresh f ORDER BY f.transition_id;
    RETURN NULL;
END
$$;
CREATE TRIGGER transitions_notify AFTER INSERT ON monitoring.alert_transitions
    REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION monitoring.notify_transitions();

DO $$
BEGIN
    GRANT SELECT ON monitoring.notifications TO chorus_readonly;
EXCEPTION
    WHEN insufficient_privilege OR undefined_object THEN
        RAISE NOTICE 'chorus_readonly may not read notifications: %', SQLERRM;
END
$$;
