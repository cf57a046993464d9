-- Links that sign a browser in: each is exchanged once for a token of an administrator that ends by
-- itself.
ALTER TABLE monitoring.tokens
    DROP CONSTRAINT tokens_role_check,
    ADD CONSTRAINT tokens_role_check
        CHECK (role IN ('agent', 'viewer', 'operator', 'admin', 'enrol', 'signin')),
    DROP CONSTRAINT tokens_enrol,
    ADD CONSTRAINT tokens_exchanged
        CHECK (role NOT IN ('enrol', 'signin')
               OR (expires_at IS NOT NULL AND uses_left IS NOT NULL));
