-- +goose Up

-- The files of compressed entries, in the order of the tree: each follows the one before without a gap. first and count
-- are places among the leaves, from 0. Entries without a transaction have files of their own, up to the entry
-- (last_created, last_id); the others are of the transactions from xid_from until before xid_until. A file is expired
-- when its entries were kept as long as they must be.
CREATE TABLE audit_files (
    first bigint PRIMARY KEY CHECK (first >= 0),
    count bigint NOT NULL CHECK (count > 0),
    name text NOT NULL UNIQUE,
    size bigint NOT NULL CHECK (size > 0),
    sha256 text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    index_sha256 text NOT NULL CHECK (index_sha256 ~ '^[0-9a-f]{64}$'),
    earliest timestamptz NOT NULL, -- created_at of its entries
    latest timestamptz NOT NULL,
    imported boolean NOT NULL,
    xid_from xid8 NOT NULL,
    xid_until xid8 NOT NULL,
    last_created timestamptz NOT NULL,
    last_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    expired_at timestamptz
);
CREATE INDEX audit_files_latest_idx ON audit_files (latest) WHERE expired_at IS NULL;
REVOKE UPDATE, DELETE ON audit_files FROM amrutam_app;
GRANT UPDATE (expired_at) ON audit_files TO amrutam_app;

-- compressed_size and compressed_xid: the leaves and transactions before them are in files. kept_since: entries that
-- were written before it are only in files, apart from those in the default partition. expired_size: the leaves before
-- it are gone.
ALTER TABLE audit_tree
    ADD COLUMN compressed_size bigint NOT NULL DEFAULT 0,
    ADD COLUMN compressed_xid xid8 NOT NULL DEFAULT '0',
    ADD COLUMN kept_since timestamptz NOT NULL DEFAULT '0001-01-01T00:00:00Z',
    ADD COLUMN expired_size bigint NOT NULL DEFAULT 0;

-- Drops the oldest partitions of the audit log that ended before a time and whose entries are all in files, and returns
-- their names. The caller acts with the owner's rights, so this clock bounds what it drops: never the last 90 days.
-- Writers wait for the lock no longer than the timeout.
-- +goose StatementBegin
CREATE FUNCTION drop_compressed_months(before timestamptz) RETURNS SETOF text LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '100ms' AS $$
DECLARE
    until timestamptz := CASE WHEN owns_schema() THEN before ELSE least(before, now() - interval '90 days') END;
    tree audit_tree;
    name text;
    month_end timestamptz;
    has_more boolean;
BEGIN
    SELECT * INTO STRICT tree FROM audit_tree FOR UPDATE;
    IF tree.compressed_size < coalesce(tree.import_size, 'infinity'::float8) THEN
        RETURN;
    END IF;
    FOR name IN SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'audit_logs'::regclass AND c.relname <> 'audit_logs_default' ORDER BY c.relname
    LOOP
        month_end := (to_date(right(name, 7), 'YYYY_MM') + interval '1 month') AT TIME ZONE 'UTC';
        EXIT WHEN month_end > until;
        EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE xid >= $1)', name) INTO has_more USING tree.compressed_xid;
        EXIT WHEN has_more;
        EXECUTE format('DROP TABLE %I', name);
        UPDATE audit_tree SET kept_since = month_end;
        RETURN NEXT name;
    END LOOP;
END $$;
-- +goose StatementEnd
REVOKE EXECUTE ON FUNCTION drop_compressed_months(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION drop_compressed_months(timestamptz) TO amrutam_app;

-- Deletes the tiles of leaves that are gone, apart from those above them, which later proofs need.
-- +goose StatementBegin
CREATE FUNCTION drop_expired_tiles() RETURNS void LANGUAGE sql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
    DELETE FROM audit_tiles WHERE level = 0
        AND index < (SELECT expired_size / 256 FROM audit_tree)
        AND (owns_schema() OR now() - interval '90 days' > (SELECT max(latest) FROM audit_files WHERE expired_at IS NOT NULL))
$$;
-- +goose StatementEnd
REVOKE EXECUTE ON FUNCTION drop_expired_tiles() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION drop_expired_tiles() TO amrutam_app;

-- Ids are also searched by their beginning.
DROP INDEX audit_logs_entity_id_idx;
CREATE INDEX audit_logs_entity_id_idx ON audit_logs (entity_id text_pattern_ops, created_at, id, entity_type);
CREATE INDEX audit_logs_request_id_idx ON audit_logs ((metadata->>'requestId') text_pattern_ops);

-- Exports of the log, which a job makes in parts. after_created and after_id are the last entry that is in a part.
CREATE TABLE audit_exports (
    id uuid PRIMARY KEY,
    requested_by uuid NOT NULL REFERENCES users (id),
    format text NOT NULL CHECK (format IN ('CSV', 'NDJSON')),
    filter jsonb NOT NULL,
    status text NOT NULL DEFAULT 'PENDING' CHECK (status IN ('PENDING', 'READY', 'TOO_LARGE')),
    entries bigint NOT NULL DEFAULT 0,
    after_created timestamptz,
    after_id uuid,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX audit_exports_requested_by_idx ON audit_exports (requested_by, expires_at);
CREATE INDEX audit_exports_expires_at_idx ON audit_exports (expires_at);
CREATE TABLE audit_export_parts (
    export_id uuid NOT NULL REFERENCES audit_exports (id) ON DELETE CASCADE,
    number int NOT NULL CHECK (number > 0),
    entries int NOT NULL CHECK (entries > 0),
    sha256 text NOT NULL,
    data bytea NOT NULL, -- gzip
    PRIMARY KEY (export_id, number)
);
ALTER TABLE audit_export_parts ALTER data SET STORAGE EXTERNAL;
