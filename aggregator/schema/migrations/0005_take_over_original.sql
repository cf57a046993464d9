-- Alerts and rules of the original service, copied from what 0001 renamed. Rows are read as JSON, so
-- that it does not matter which columns and types (with or without time zone) a release had; naive
-- times are UTC.
SET LOCAL TimeZone = 'UTC';

DO $$
DECLARE
    source regclass;
BEGIN
    FOREACH source IN ARRAY ARRAY[to_regclass('monitoring.alert_rules_legacy'),
                                  to_regclass('public.alert_rules_legacy')] LOOP
        CONTINUE WHEN source IS NULL;
        EXECUTE format($copy$
            INSERT INTO monitoring.alert_rules (
                id, name, description, rule_type, condition, severity, notification_channels,
                cooldown_minutes, is_active, created_at, updated_at)
            SELECT coalesce((j->>'id')::uuid, gen_random_uuid()),
                   j->>'name',
                   j->>'description',
                   coalesce(j->>'rule_type', 'system_metric'),
                   CASE WHEN jsonb_typeof(j->'condition') = 'object' THEN j->'condition'
                        ELSE '{}' END,
                   CASE WHEN lower(j->>'severity') IN ('critical', 'high', 'medium', 'low', 'info')
                        THEN lower(j->>'severity') ELSE 'info' END,
                   CASE WHEN jsonb_typeof(j->'notification_channels') = 'array'
                        THEN j->'notification_channels' ELSE '[]' END,
                   greatest(coalesce((j->>'cooldown_minutes')::int, 5), 0),
                   coalesce((j->>'is_active')::boolean, true),
                   coalesce((j->>'created_at')::timestamptz, now()),
                   coalesce((j->>'updated_at')::timestamptz, (j->>'created_at')::timestamptz, now())
            FROM (SELECT to_jsonb(o) AS j FROM %s o) AS original
            WHERE j->>'name' IS NOT NULL
            ON CONFLICT DO NOTHING
        $copy$, source);
    END LOOP;

    FOREACH source IN ARRAY ARRAY[to_regclass('monitoring.alerts_legacy'),
                                  to_regclass('public.alerts_legacy')] LOOP
        CONTINUE WHEN source IS NULL;
        EXECUTE format($copy$
            INSERT INTO monitoring.alerts (
                id, alert_type, severity, source, title, description, alert_metadata, status,
                acknowledged_at, acknowledged_by, resolved_at, resolved_by, created_at, updated_at)
            SELECT coalesce((j->>'id')::uuid, gen_random_uuid()),
                   coalesce(j->>'alert_type', 'unknown'),
                   CASE WHEN lower(j->>'severity') IN ('critical', 'high', 'medium', 'low', 'info')
                        THEN lower(j->>'severity') ELSE 'info' END,
                   coalesce(j->>'source', 'unknown'),
                   coalesce(j->>'title', j->>'alert_type', 'Alert'),
                   j->>'description',
                   CASE WHEN jsonb_typeof(j->'alert_metadata') = 'object' THEN j->'alert_metadata'
                        ELSE '{}' END,
                   CASE WHEN lower(j->>'status')
                             IN ('active', 'acknowledged', 'resolved', 'suppressed')
                        THEN lower(j->>'status') ELSE 'active' END,
                   (j->>'acknowledged_at')::timestamptz,
                   j->>'acknowledged_by',
                   (j->>'resolved_at')::timestamptz,
                   j->>'resolved_by',
                   coalesce((j->>'created_at')::timestamptz, now()),
                   coalesce((j->>'updated_at')::timestamptz, (j->>'created_at')::timestamptz, now())
            FROM (SELECT to_jsonb(o) AS j FROM %s o) AS original
            ON CONFLICT DO NOTHING
        $copy$, source);
    END LOOP;
END
$$;
