-- When a batch of the host was last held back because its series are never the same.
ALTER TABLE monitoring.hosts
    ADD held_back_at timestamptz;  -- by the aggregator's clock; NULL: never
