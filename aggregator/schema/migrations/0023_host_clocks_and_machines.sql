-- What is newest goes by when it was collected, by the aggregator's clock: a host's own may have been
-- ahead for a while, and its rows of that time lie in the future.
ALTER TABLE monitoring.hosts
    ADD latest_made_at timestamptz,     -- of the newest batch; NULL: since before this column
    ADD latest_ts timestamptz,          -- the time under which it is stored
    ADD latest_process_ts timestamptz,  -- the same of the newest process table
    -- The newest batch's sent_at was outside what is kept: it is stored by the time of receipt.
    ADD timed_by_receipt boolean NOT NULL DEFAULT false,
    -- When the machine that reports (boot_id, hostname) was first heard of; NULL: first_seen.
    ADD machine_since timestamptz,
    -- The last batch that was refused because another machine has the agent's identity.
    ADD clone_hostname text,
    ADD clone_refused_at timestamptz;

-- Machines that reported for a host before the one in its row. Kept for a day, so that two that
-- report in turn (a copied disk) are told from one that was renamed or booted.
CREATE TABLE monitoring.former_machines (
    host_id int NOT NULL REFERENCES monitoring.hosts ON DELETE CASCADE,
    boot_id uuid NOT NULL,
    hostname text NOT NULL,
    since timestamptz NOT NULL,      -- as hosts.machine_since
    last_seen timestamptz NOT NULL,  -- by the aggregator's clock
    refused boolean NOT NULL DEFAULT false,
    PRIMARY KEY (host_id, boot_id, hostname)
);
