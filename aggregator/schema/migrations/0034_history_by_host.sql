-- A chart of one host asks for a metric's series of all labels that any host has. The primary keys
-- begin with the series, and would be searched for each of them.
CREATE INDEX history_hours_of_host ON monitoring.history_hours (host_id, series_id);
CREATE INDEX history_days_of_host ON monitoring.history_days (host_id, series_id);
