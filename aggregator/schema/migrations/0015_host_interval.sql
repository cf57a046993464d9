-- How often the agent of a host shall collect, if not as it is configured.
ALTER TABLE monitoring.hosts ADD COLUMN wanted_interval_seconds float8
    CONSTRAINT hosts_wanted_interval CHECK (wanted_interval_seconds BETWEEN 1 AND 3600);
CREATE INDEX hosts_wanted_interval ON monitoring.hosts (agent_id)
    WHERE wanted_interval_seconds IS NOT NULL;
