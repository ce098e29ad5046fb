-- +goose Up
-- Attempts that must not become guessing. key is the SHA-256 of what is counted, so that no address is readable here.
CREATE TABLE attempts (
    key bytea PRIMARY KEY,
    failures int NOT NULL,
    locked_until timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX attempts_updated_at_idx ON attempts (updated_at);
