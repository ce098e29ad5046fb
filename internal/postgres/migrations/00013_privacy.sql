-- +goose Up

-- A copy of everything held about a person, made by a job when they ask for it. archive is a ZIP, sealed with their own data
-- key, and emptied when its time is over.
CREATE TABLE exports (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id),
    status text NOT NULL CHECK (status IN ('PENDING', 'READY', 'EXPIRED')),
    requested_at timestamptz NOT NULL,
    ready_at timestamptz,
    expires_at timestamptz,
    size bigint,
    sha256 bytea,
    archive bytea,
    CHECK ((status = 'READY') = (archive IS NOT NULL)),
    CHECK (num_nulls(ready_at, expires_at, size, sha256) IN (0, 4)),
    CHECK (status <> 'READY' OR ready_at IS NOT NULL)
);
ALTER TABLE exports ALTER archive SET STORAGE EXTERNAL; -- noise can't be compressed
CREATE UNIQUE INDEX exports_pending_key ON exports (user_id) WHERE status = 'PENDING';
CREATE INDEX exports_user_id_idx ON exports (user_id, requested_at);
CREATE INDEX exports_expires_at_idx ON exports (expires_at) WHERE status = 'READY';
CREATE INDEX exports_requested_at_idx ON exports (requested_at);
GRANT SELECT (id, user_id, status, requested_at, ready_at, expires_at, size) ON exports TO amrutam_reader;
