-- A database made by the original service has real tables where this program has views and
-- partitioned tables. They are renamed to *_legacy where they stand and keep every row; 0005 copies
-- their alerts and rules. On a fresh database this does nothing.
DO $$
DECLARE
    original record;
    new_name text;
    suffix int;
BEGIN
    FOR original IN
        SELECT n.nspname, c.relname
        FROM pg_catalog.pg_class c
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname IN ('public', 'monitoring')
          AND c.relname IN ('system_metrics', 'process_metrics', 'alerts', 'alert_rules')
          AND c.relkind IN ('r', 'p')
          -- In public, somebody else's table may have such a name: a telling column must be there.
          AND EXISTS (
              SELECT FROM pg_catalog.pg_attribute a
              WHERE a.attrelid = c.oid AND NOT a.attisdropped
                AND a.attname IN ('metric_value', 'cpu_percent', 'alert_type', 'rule_type'))
    LOOP
        new_name := original.relname || '_legacy';
        suffix := 1;
        WHILE to_regclass(format('%I.%I', original.nspname, new_name)) IS NOT NULL LOOP
            suffix := suffix + 1;
            new_name := original.relname || '_legacy' || suffix;
        END LOOP;
        EXECUTE format('ALTER TABLE %I.%I RENAME TO %I', original.nspname, original.relname, new_name);
    END LOOP;
END
$$;

-- Index names are shared by a whole schema; ours must be free.
DO $$
DECLARE
    index record;
BEGIN
    FOR index IN
        SELECT c.relname, t.relname AS table_name, c.oid
        FROM pg_catalog.pg_index i
        JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
        JOIN pg_catalog.pg_class t ON t.oid = i.indrelid
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = 'monitoring' AND t.relname ~ '_legacy\d*$' AND c.relname !~ '^legacy_'
    LOOP
        EXECUTE format('ALTER INDEX monitoring.%I RENAME TO %I', index.relname,
                       left('legacy_' || index.oid || '_' || index.relname, 63));
    END LOOP;
END
$$;
