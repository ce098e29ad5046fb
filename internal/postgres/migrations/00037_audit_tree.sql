-- +goose Up

-- Numbers of transactions grow within one cluster. A database that was restored from a dump into another cluster gets an
-- offset, so that they go on growing (docs/operations/backup.md). Not IMMUTABLE: prepared statements would keep the old
-- offset.
CREATE FUNCTION audit_xid_offset() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE RETURN 0::bigint;

-- The transaction that wrote the entry. Entries of before have none.
ALTER TABLE audit_logs ADD COLUMN xid xid8;
ALTER TABLE audit_logs ALTER COLUMN xid SET DEFAULT ((pg_current_xact_id()::text::bigint + audit_xid_offset())::text::xid8);
CREATE INDEX audit_logs_xid_idx ON audit_logs (xid);
-- So the server can't choose it.
REVOKE INSERT ON audit_logs FROM amrutam_app;
GRANT INSERT (id, actor_id, actor_role, action, entity_type, entity_id, metadata, ip_address, created_at) ON audit_logs TO amrutam_app;

-- Returns a bound: all transactions of this database with lower numbers have ended. A snapshot's own bound would wait
-- for those of all databases. The order matters: whoever gets a number after the first statement gets at least that one.
-- In pg_stat_activity numbers have 32 bits, and differ from each other by less than 31 bits.
-- +goose StatementBegin
CREATE FUNCTION audit_horizon() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    next bigint := pg_snapshot_xmax(pg_current_snapshot())::text::bigint;
    oldest bigint;
BEGIN
    SELECT min(CASE WHEN number > next + (1::bigint << 31) THEN number - (1::bigint << 32) ELSE number END) INTO oldest
    FROM (SELECT (next >> 32 << 32) + xid::text::bigint AS number FROM (
        SELECT backend_xid AS xid FROM pg_stat_activity
        WHERE datname = current_database() AND backend_xid IS NOT NULL AND pid <> pg_backend_pid()
        UNION ALL SELECT transaction FROM pg_prepared_xacts WHERE database = current_database()) t) n;
    RETURN least(next, oldest) + audit_xid_offset();
END $$;
-- +goose StatementEnd

-- The Merkle tree over the audit log (RFC 6962), in tiles of 256 hashes of 32 bytes. index counts the tiles of a level.
-- Level 0 has the hashes of the entries, and in entries their ids, 16 bytes each.
CREATE TABLE audit_tiles (
    level int NOT NULL CHECK (level BETWEEN 0 AND 7),
    index bigint NOT NULL CHECK (index >= 0),
    hashes bytea NOT NULL CHECK (length(hashes) BETWEEN 32 AND 8192 AND length(hashes) % 32 = 0),
    entries bytea CHECK (length(entries) * 2 = length(hashes)),
    PRIMARY KEY (level, index),
    CHECK ((level = 0) = (entries IS NOT NULL))
);
-- Hashes don't compress.
ALTER TABLE audit_tiles ALTER hashes SET STORAGE EXTERNAL, ALTER entries SET STORAGE EXTERNAL;

-- Signed notes that say what the tree was. The entries of a checkpoint are those of transactions from the xid of the one
-- before to its own; the first ones have the entries without a transaction.
CREATE TABLE audit_checkpoints (
    size bigint PRIMARY KEY CHECK (size > 0),
    xid xid8 NOT NULL,
    note text NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX audit_checkpoints_xid_idx ON audit_checkpoints (xid, size);
CREATE TRIGGER audit_checkpoints_no_change BEFORE UPDATE OR DELETE ON audit_checkpoints
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_checkpoints_no_truncate BEFORE TRUNCATE ON audit_checkpoints EXECUTE FUNCTION refuse_change();

-- One row: how far the tree has come. Entries without a transaction come first, in the order of their time; imported_at
-- and imported_id are the last of them, import_size is their number once there are no more. published is the size of
-- the last checkpoint that was written outside of the database.
CREATE TABLE audit_tree (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    size bigint NOT NULL DEFAULT 0,
    xid xid8 NOT NULL DEFAULT '0',
    imported_at timestamptz NOT NULL DEFAULT '0001-01-01T00:00:00Z',
    imported_id uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
    import_size bigint,
    published bigint NOT NULL DEFAULT 0
);
INSERT INTO audit_tree DEFAULT VALUES;
REVOKE UPDATE, DELETE ON audit_checkpoints FROM amrutam_app;
REVOKE INSERT, DELETE ON audit_tree FROM amrutam_app;
REVOKE DELETE ON audit_tiles FROM amrutam_app;
