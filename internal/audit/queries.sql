-- name: queueInsertAuditLog :exec
INSERT INTO audit_logs (id, actor_id, actor_role, action, entity_type, entity_id, metadata, ip_address, created_at)
VALUES (@id, @actor_id, @actor_role, @action, @entity_type, @entity_id, @metadata, @ip_address, @created_at);

-- Transactions with the same key wait for each other.
-- name: lockDenial :exec
SELECT pg_advisory_xact_lock(hashtextextended(sqlc.arg(key)::text, 0));

-- name: hasRecentDenial :one
SELECT EXISTS (SELECT FROM audit_logs WHERE entity_type = sqlc.arg(entity_type) AND entity_id = sqlc.arg(entity_id)
    AND actor_id = sqlc.arg(actor_id) AND action = 'access.deny'
    AND created_at > sqlc.arg(now)::timestamptz - interval '1 minute');

-- Returns no row while another server seals.
-- name: lockTree :one
SELECT size, xid::text::bigint AS xid, imported_at, imported_id, import_size FROM audit_tree FOR UPDATE SKIP LOCKED;

-- Called after lockTree, whose snapshot may be older than the row that it has locked.
-- name: readHorizon :one
SELECT audit_horizon();

-- name: queueUpdateTree :exec
UPDATE audit_tree SET size = @size, xid = sqlc.arg(xid)::bigint::text::xid8, imported_at = @imported_at,
    imported_id = @imported_id, import_size = @import_size;

-- Returns the transaction of the entry after a number of entries.
-- name: findXIDAfter :one
SELECT xid::text::bigint AS xid FROM audit_logs
WHERE xid >= sqlc.arg(since)::bigint::text::xid8 AND xid < sqlc.arg(until)::bigint::text::xid8
ORDER BY audit_logs.xid OFFSET sqlc.arg(entries)::int LIMIT 1;

-- name: readTile :one
SELECT hashes, entries FROM audit_tiles WHERE level = @level AND index = @index;

-- name: queueUpsertTile :exec
INSERT INTO audit_tiles (level, index, hashes, entries) VALUES (@level, @index, @hashes, @entries)
ON CONFLICT (level, index) DO UPDATE SET hashes = excluded.hashes, entries = excluded.entries;

-- name: queueInsertCheckpoint :exec
INSERT INTO audit_checkpoints (size, xid, note, created_at)
VALUES (@size, sqlc.arg(xid)::bigint::text::xid8, @note, @created_at);

-- name: listUnpublished :many
SELECT c.size, c.note FROM audit_checkpoints c, audit_tree t WHERE c.size > t.published ORDER BY c.size LIMIT 1000;

-- name: setPublished :exec
UPDATE audit_tree SET published = greatest(published, @size);

-- Returns the age of the oldest entry that isn't in the tree, in seconds, and how many checkpoints wait.
-- name: readTreeBacklog :one
SELECT coalesce((SELECT extract(epoch FROM sqlc.arg(now)::timestamptz - min(l.created_at))
        FROM audit_logs l WHERE l.xid >= t.xid), 0)::float8 AS unsealed,
    (SELECT count(*) FROM audit_checkpoints c WHERE c.size > t.published) AS unpublished
FROM audit_tree t;

-- name: findLastCheckpoint :one
SELECT size, note FROM audit_checkpoints ORDER BY size DESC LIMIT 1;

-- Returns how many entries come before this one, and whether it is in the tree.
-- name: countEntriesBefore :one
SELECT coalesce(e.xid < t.xid, t.import_size IS NOT NULL)::boolean AS is_sealed,
    CASE WHEN e.xid IS NULL THEN
        (SELECT count(*) FROM audit_logs l WHERE l.xid IS NULL AND (l.created_at, l.id) < (e.created_at, e.id))
    ELSE coalesce(c.size, t.import_size, 0)
        + (SELECT count(*) FROM audit_logs l WHERE l.xid >= coalesce(c.xid, '0'::xid8) AND l.xid < e.xid)
        + (SELECT count(*) FROM audit_logs l WHERE l.xid = e.xid AND l.id < e.id)
    END::bigint AS before
FROM audit_logs e CROSS JOIN audit_tree t
LEFT JOIN LATERAL (SELECT k.size, k.xid FROM audit_checkpoints k WHERE k.xid <= e.xid
    ORDER BY k.xid DESC, k.size DESC LIMIT 1) c ON true
WHERE e.id = @id AND e.created_at = @created_at;

-- name: readTree :one
SELECT size, xid::text::bigint AS xid, import_size FROM audit_tree;

-- name: eachCheckpoint :many
SELECT size, xid::text::bigint AS xid, note FROM audit_checkpoints WHERE size <= @size ORDER BY size;

-- name: listLeafTiles :many
SELECT index, hashes, entries FROM audit_tiles
WHERE level = 0 AND index >= sqlc.arg(first)::bigint AND index < sqlc.arg(until)::bigint ORDER BY index;

-- name: queueInsertRestore :exec
INSERT INTO audit_restores (created_at, note) VALUES (@created_at, @note);

-- name: listRestores :many
SELECT note FROM audit_restores ORDER BY created_at;

-- name: listUnpublishedRestores :many
SELECT created_at, note FROM audit_restores WHERE NOT published ORDER BY created_at LIMIT 1000;

-- name: setRestoresPublished :exec
UPDATE audit_restores SET published = true WHERE created_at <= @until;
