-- name: isNewDevice :one
-- One that has signed in before, but never as this client from this address.
SELECT (count(*) > 0 AND count(*) FILTER (WHERE s.user_agent = @user_agent AND s.ip_address = @ip_address) = 0)::boolean AS new_device
FROM sessions s WHERE s.user_id = @user_id;

-- name: listSessions :many
-- In an order that no use changes, or one that is used between two pages would be on neither.
SELECT id, user_agent, ip_address, created_at, last_used_at, expires_at, second_factor_at FROM sessions
WHERE user_id = @user_id AND ended_at IS NULL AND expires_at > @now AND id < @before ORDER BY id DESC LIMIT @most;

-- name: endOtherSessions :execrows
UPDATE sessions SET ended_at = @now WHERE user_id = @user_id AND id <> @id AND ended_at IS NULL;

-- name: lockUser :exec
SELECT id FROM users WHERE id = @id FOR NO KEY UPDATE;

-- name: endOwnSession :execrows
UPDATE sessions SET ended_at = @now WHERE id = @id AND user_id = @user_id AND ended_at IS NULL AND expires_at > @now;

-- name: lockAdmins :many
-- All of them, in one order: of two administrators who take each other's role away at once, the second sees the first's change.
-- One who was invited and hasn't come yet administers nothing.
SELECT id FROM users WHERE role = 'ADMIN' AND is_email_verified AND deleted_at IS NULL AND disabled_at IS NULL ORDER BY id FOR UPDATE;

-- name: lockAnyUser :one
SELECT u.id, u.role, u.disabled_at, greatest(u.updated_at, p.updated_at)::timestamptz AS updated_at FROM users u JOIN profiles p ON p.user_id = u.id
WHERE u.id = @id AND u.deleted_at IS NULL FOR UPDATE OF u;

-- name: setRole :exec
UPDATE users SET role = @role, updated_at = @now WHERE id = @id;

-- name: setDisabled :exec
UPDATE users SET disabled_at = @disabled_at, updated_at = @now WHERE id = @id;
