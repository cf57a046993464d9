-- How often the writer has marked the day of a host. The task that packs it reads the number first, and
-- takes the mark away at its end only if the number is still the same.
ALTER TABLE monitoring.late_days ADD COLUMN marks bigint NOT NULL DEFAULT 1;

-- The newest UTC day that has the series packed. Retention deletes series by it.
ALTER TABLE monitoring.series ADD COLUMN last_day date NOT NULL DEFAULT current_date;
