-- Sessions of browsers, which end by themselves and are not replaced by tokens that do not. Those that
-- were begun before are known by their life.
ALTER TABLE monitoring.tokens
    ADD COLUMN is_session boolean NOT NULL DEFAULT false;
UPDATE monitoring.tokens SET is_session = true
WHERE role = 'admin' AND expires_at = created_at + interval '12 hours';
