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
SELECT size, note, created_at FROM audit_checkpoints ORDER BY size DESC LIMIT 1;

-- Returns how many entries come before this one, whether it is in the tree, and whether it is in a file. If it is in a
-- file, the ones before it may not be in the database any more.
-- name: countEntriesBefore :one
SELECT coalesce(e.xid < t.xid, t.import_size IS NOT NULL)::boolean AS is_sealed,
    coalesce(e.xid < t.compressed_xid, t.compressed_size > 0)::boolean AS is_compressed,
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
SELECT size, xid::text::bigint AS xid, import_size, imported_at, compressed_size,
    compressed_xid::text::bigint AS compressed_xid, kept_since, expired_size
FROM audit_tree;

-- name: eachCheckpoint :many
SELECT size, xid::text::bigint AS xid, note FROM audit_checkpoints WHERE size <= @size ORDER BY size;

-- name: listLeafTiles :many
SELECT index, hashes, entries FROM audit_tiles
WHERE level = 0 AND index >= sqlc.arg(first)::bigint AND index < sqlc.arg(until)::bigint ORDER BY index;

-- Returns the first transaction among the entries of an hour from the first entry at or after an instant.
-- name: findFirstXID :one
SELECT min(l.xid)::text::bigint AS xid
FROM (SELECT min(created_at) AS created_at FROM audit_logs WHERE created_at >= sqlc.arg(since)::timestamptz) first
JOIN audit_logs l ON l.created_at >= first.created_at AND l.created_at < first.created_at + interval '1 hour'
HAVING min(l.xid) IS NOT NULL;

-- name: listCheckpointSizes :many
SELECT size, xid::text::bigint AS xid FROM audit_checkpoints
WHERE size > sqlc.arg(after) AND xid <= sqlc.arg(xid)::bigint::text::xid8 ORDER BY size;

-- Returns no row if another server was faster.
-- name: setCompressed :one
UPDATE audit_tree SET compressed_size = sqlc.arg(first)::bigint + sqlc.arg(count)::bigint,
    compressed_xid = sqlc.arg(xid)::bigint::text::xid8
WHERE compressed_size = sqlc.arg(first)::bigint RETURNING compressed_size;

-- name: insertFile :exec
INSERT INTO audit_files (first, count, name, size, sha256, index_sha256, earliest, latest, imported, xid_from, xid_until,
    last_created, last_id, created_at)
VALUES (@first, @count, @name, @size, @sha256, @index_sha256, @earliest, @latest, @imported,
    sqlc.arg(xid_from)::bigint::text::xid8, sqlc.arg(xid_until)::bigint::text::xid8, @last_created, @last_id,
    @created_at);

-- Those that are expired are left out.
-- name: listFiles :many
SELECT first, count, name, size, sha256, index_sha256, earliest, latest, imported, xid_from::text::bigint AS xid_from,
    xid_until::text::bigint AS xid_until, last_created, last_id
FROM audit_files WHERE expired_at IS NULL ORDER BY first;

-- name: dropCompressedMonths :many
SELECT drop_compressed_months(@before)::text;

-- name: listExpiredFiles :many
SELECT name FROM audit_files WHERE expired_at < @before ORDER BY first;

-- Those with entries of a period, the latest entries first.
-- name: listFilesOf :many
SELECT first, count, name, size, sha256, index_sha256, earliest, latest, imported, xid_from::text::bigint AS xid_from,
    xid_until::text::bigint AS xid_until, last_created, last_id
FROM audit_files WHERE expired_at IS NULL AND latest >= sqlc.arg(since) AND earliest <= sqlc.arg(until)
ORDER BY latest DESC, first DESC;

-- name: readKeptSince :one
SELECT kept_since FROM audit_tree;

-- name: expireFiles :exec
UPDATE audit_files SET expired_at = sqlc.arg(now)::timestamptz
WHERE expired_at IS NULL AND first < sqlc.arg(size);

-- name: setExpired :one
UPDATE audit_tree SET expired_size = @size WHERE expired_size < @size RETURNING expired_size;

-- name: dropExpiredTiles :exec
SELECT drop_expired_tiles();

-- name: findCheckpointOf :one
SELECT note, created_at FROM audit_checkpoints WHERE size = @size;

-- Returns false while months are being dropped. Else none is dropped before the transaction ends.
-- name: holdMonths :one
SELECT pg_try_advisory_xact_lock_shared(sqlc.arg(lock)::bigint);

-- Returns false while somebody holds them.
-- name: lockMonths :one
SELECT pg_try_advisory_xact_lock(sqlc.arg(lock)::bigint);

-- The names of people who aren't erased.
-- name: listNames :many
SELECT p.user_id, p.full_name FROM profiles p LEFT JOIN data_keys k ON k.user_id = p.user_id
WHERE p.user_id = ANY (sqlc.arg(ids)::uuid[]) AND k.destroyed_at IS NULL;

-- name: listVisits :many
SELECT id, scheduled_start, patient_id, doctor_id FROM all_consultations WHERE id = ANY (sqlc.arg(ids)::uuid[]);

-- An export locks the user, so that one user's requests are counted one after the other.
-- name: lockRequester :one
SELECT id FROM users WHERE id = @id AND deleted_at IS NULL FOR NO KEY UPDATE;

-- name: countLiveExports :one
SELECT count(*) FROM audit_exports WHERE requested_by = @requested_by AND expires_at > sqlc.arg(now)::timestamptz;

-- name: insertExport :exec
INSERT INTO audit_exports (id, requested_by, format, filter, created_at, expires_at)
VALUES (@id, @requested_by, @format, @filter, @created_at, @expires_at);

-- name: readExport :one
SELECT * FROM audit_exports WHERE id = @id AND expires_at > sqlc.arg(now)::timestamptz;

-- name: listExports :many
SELECT * FROM audit_exports WHERE expires_at > sqlc.arg(now)::timestamptz
    AND (created_at, id) < (sqlc.arg(before)::timestamptz, sqlc.arg(before_id)::uuid)
ORDER BY created_at DESC, id DESC LIMIT @row_limit;

-- name: listExportParts :many
SELECT export_id, number, entries, sha256, length(data) AS size FROM audit_export_parts
WHERE export_id = ANY (sqlc.arg(ids)::uuid[]) ORDER BY export_id, number;

-- name: readExportPart :one
SELECT p.data, e.format, e.created_at FROM audit_export_parts p JOIN audit_exports e ON e.id = p.export_id
WHERE p.export_id = @id AND p.number = @number AND e.expires_at > sqlc.arg(now)::timestamptz;

-- name: insertExportPart :exec
INSERT INTO audit_export_parts (export_id, number, entries, sha256, data)
VALUES (@export_id, @number, @entries, @sha256, @data);

-- Returns no row if somebody else has made the part.
-- name: advanceExport :one
UPDATE audit_exports SET entries = entries + sqlc.arg(added)::bigint, status = @status,
    after_created = @after_created, after_id = @after_id
WHERE id = @id AND status = 'PENDING' AND after_id IS NOT DISTINCT FROM sqlc.narg(before_id)::uuid RETURNING entries;

-- name: queueInsertRestore :exec
INSERT INTO audit_restores (created_at, note) VALUES (@created_at, @note);

-- name: listRestores :many
SELECT note FROM audit_restores ORDER BY created_at;

-- name: listUnpublishedRestores :many
SELECT created_at, note FROM audit_restores WHERE NOT published ORDER BY created_at LIMIT 1000;

-- name: setRestoresPublished :exec
UPDATE audit_restores SET published = true WHERE created_at <= @until;
