-- +goose Up

-- One row: whether this database is a restored copy that nothing may leave, no mail, payment, refund or job
-- (docs/operations/backup.md). cluster is the system identifier of the PostgreSQL that the database is in: in another
-- one it is a copy, and a start turns the mode on.
CREATE TABLE restore_mode (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    is_on boolean NOT NULL DEFAULT false,
    reason text NOT NULL DEFAULT '',
    changed_at timestamptz NOT NULL DEFAULT now(),
    cluster bigint
);
INSERT INTO restore_mode DEFAULT VALUES;
REVOKE INSERT, DELETE ON restore_mode FROM amrutam_app;

-- Signed statements that the audit log was taken back to an earlier size by a restore that somebody wanted. published
-- tells whether it was written outside of the database.
CREATE TABLE audit_restores (
    created_at timestamptz PRIMARY KEY,
    note text NOT NULL,
    published boolean NOT NULL DEFAULT false
);
REVOKE UPDATE, DELETE ON audit_restores FROM amrutam_app;
GRANT UPDATE (published) ON audit_restores TO amrutam_app;
