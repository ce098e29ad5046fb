-- +goose Up

-- A copy of all data about a person, made by a job when the person asks for it. archive is a ZIP, sealed with the
-- person's own data key, and emptied when it expires.
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
ALTER TABLE exports ALTER archive SET STORAGE EXTERNAL; -- sealed data can't be compressed
CREATE UNIQUE INDEX exports_pending_key ON exports (user_id) WHERE status = 'PENDING';
CREATE INDEX exports_user_id_idx ON exports (user_id, requested_at);
CREATE INDEX exports_expires_at_idx ON exports (expires_at) WHERE status = 'READY';
CREATE INDEX exports_requested_at_idx ON exports (requested_at);
GRANT SELECT (id, user_id, status, requested_at, ready_at, expires_at, size) ON exports TO amrutam_reader;

-- Whose data is to be erased, and how far this is. PENDING waits for due_at and can be stopped. PARTIAL: everything is
-- erased but the record of care, which the law requires to be kept until clinical_until. DONE: the data key is
-- destroyed. next_at is when the erasure is processed again.
CREATE TABLE erasures (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id),
    requested_by uuid NOT NULL REFERENCES users (id),
    status text NOT NULL CHECK (status IN ('PENDING', 'STOPPED', 'PARTIAL', 'DONE')),
    requested_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    next_at timestamptz,
    stopped_at timestamptz,
    erased_at timestamptz,
    clinical_until timestamptz,
    destroyed_at timestamptz,
    CHECK ((status IN ('PENDING', 'PARTIAL')) = (next_at IS NOT NULL)),
    CHECK ((status = 'STOPPED') = (stopped_at IS NOT NULL)),
    CHECK ((status IN ('PARTIAL', 'DONE')) = (erased_at IS NOT NULL)),
    CHECK ((status = 'DONE') = (destroyed_at IS NOT NULL))
);
CREATE UNIQUE INDEX erasures_standing_key ON erasures (user_id) WHERE status <> 'STOPPED';
CREATE INDEX erasures_user_id_idx ON erasures (user_id, requested_at);
CREATE INDEX erasures_next_at_idx ON erasures (next_at) WHERE status IN ('PENDING', 'PARTIAL');
GRANT SELECT (id, user_id, status, requested_at, due_at, stopped_at, erased_at, clinical_until, destroyed_at) ON erasures TO amrutam_reader;
