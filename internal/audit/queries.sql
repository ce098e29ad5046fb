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
