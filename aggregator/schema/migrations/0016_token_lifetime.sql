-- Tokens that end: enrolment tokens, which make a host's own token a number of times, and tokens that
-- were replaced and are still good for a while.
ALTER TABLE monitoring.tokens
    ADD COLUMN expires_at timestamptz,
    ADD COLUMN uses_left int CHECK (uses_left >= 0),  -- NULL: as often as wanted
    DROP CONSTRAINT tokens_role_check,
    ADD CONSTRAINT tokens_role_check
        CHECK (role IN ('agent', 'viewer', 'operator', 'admin', 'enrol')),
    ADD CONSTRAINT tokens_enrol
        CHECK (role <> 'enrol' OR (expires_at IS NOT NULL AND uses_left IS NOT NULL));
