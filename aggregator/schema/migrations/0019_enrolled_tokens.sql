-- By which enrolment token a host's token was made; NULL: by an administrator.
ALTER TABLE monitoring.tokens
    ADD COLUMN enrolled_by bigint REFERENCES monitoring.tokens ON DELETE SET NULL;
