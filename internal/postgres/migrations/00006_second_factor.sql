-- +goose Up
-- A code of an authenticator works once: mfa_step is the time step (RFC 6238) of the last code that was used.
ALTER TABLE users ADD COLUMN mfa_step bigint NOT NULL DEFAULT 0;

-- When this session last proved a second factor; null: never.
ALTER TABLE sessions ADD COLUMN second_factor_at timestamptz;

-- SHA-256 of random codes; each works once.
CREATE TABLE recovery_codes (
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    hash bytea NOT NULL,
    created_at timestamptz NOT NULL,
    used_at timestamptz,
    PRIMARY KEY (user_id, hash)
);

-- A ticket continues what an earlier request or mail began. hash is the SHA-256 of a 256-bit random token, kind says
-- what the ticket continues, and data is what that needs, sealed where it identifies a person.
CREATE TABLE tickets (
    hash bytea PRIMARY KEY,
    kind text NOT NULL,
    user_id uuid REFERENCES users (id) ON DELETE CASCADE,
    data bytea,
    attempts int NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX tickets_user_id_idx ON tickets (user_id);
CREATE INDEX tickets_expires_at_idx ON tickets (expires_at);
