-- The UTC day on which a layout was last used, so that those of batches long dropped can be deleted.
ALTER TABLE monitoring.layouts ADD COLUMN last_used_day date NOT NULL DEFAULT current_date;
