-- name: batchLockKey :one
SELECT pg_try_advisory_xact_lock(@lock_id);

-- name: batchFindKey :one
SELECT id, method, path, request_hash, status_code, location, etag, response_body FROM idempotency_keys
WHERE user_id = @user_id AND key = @key AND expires_at > @now;

-- name: queueInsertKey :exec
INSERT INTO idempotency_keys (id, key, user_id, method, path, request_hash, response_body, status_code, location, etag,
    entity_type, entity_id, created_at, expires_at)
VALUES (@id, @key, @user_id, @method, @path, @request_hash, @response_body, @status_code, @location, @etag,
    @entity_type, @entity_id, @created_at, @expires_at);

-- name: deleteKeys :execrows
DELETE FROM idempotency_keys WHERE user_id = @user_id;

-- Its function has the rights to drop partitions, which the server has not.
-- name: removeExpiredKeys :one
SELECT remove_expired_keys(@now::timestamptz)::bigint;
