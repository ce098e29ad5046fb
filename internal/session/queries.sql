-- name: findSession :one
SELECT u.id, u.role, s.id AS session_id, s.second_factor_at,
    coalesce(s.authenticated_at, s.created_at)::timestamptz AS authenticated_at, u.mfa_enabled, t.expires_at,
    ARRAY(SELECT d.id FROM dependants d WHERE d.user_id = u.id ORDER BY d.id)::uuid[] AS dependants
FROM session_tokens t JOIN sessions s ON s.id = t.session_id JOIN users u ON u.id = s.user_id
WHERE t.hash = @hash AND t.kind = @kind AND t.used_at IS NULL AND t.expires_at > @now AND s.ended_at IS NULL
    AND s.expires_at > @now AND u.deleted_at IS NULL AND u.disabled_at IS NULL;

-- name: queueExtendCookie :exec
UPDATE session_tokens t SET expires_at = least(@expires_at::timestamptz, s.expires_at) FROM sessions s
WHERE t.hash = @hash AND s.id = t.session_id;

-- name: queueUseSession :exec
UPDATE sessions SET last_used_at = @now WHERE id = @id;

-- name: insertSession :exec
INSERT INTO sessions (id, user_id, user_agent, ip_address, created_at, last_used_at, expires_at, second_factor_at)
VALUES (@id, @user_id, @user_agent, @ip_address, @now, @now, @expires_at, @second_factor_at);

-- name: insertTokens :exec
INSERT INTO session_tokens (hash, session_id, kind, created_at, expires_at)
VALUES (@access_hash, @session_id, 'ACCESS', @now, @access_expiry),
    (@refresh_hash, @session_id, 'REFRESH', @now, @refresh_expiry);

-- name: insertCookie :exec
INSERT INTO session_tokens (hash, session_id, kind, created_at, expires_at)
VALUES (@hash, @session_id, 'COOKIE', @now, @expires_at);

-- name: useRefreshToken :execrows
UPDATE session_tokens SET used_at = @now
WHERE hash = @hash AND kind = 'REFRESH' AND used_at IS NULL AND expires_at > @now;

-- name: findRefreshToken :one
-- The user before the session, as everybody locks them; the audit row's foreign key would lock the user after it.
SELECT t.used_at, t.created_at, t.expires_at, t.session_id, s.user_id
FROM session_tokens t JOIN sessions s ON s.id = t.session_id JOIN users u ON u.id = s.user_id
WHERE t.hash = @hash AND t.kind = 'REFRESH' FOR KEY SHARE OF u;

-- name: extendSession :one
UPDATE sessions s SET last_used_at = @now,
    expires_at = least(@expires_at::timestamptz, s.created_at + make_interval(secs => @most_seconds::float8))
FROM users u JOIN profiles p ON p.user_id = u.id
WHERE s.id = @id AND s.ended_at IS NULL AND s.created_at + make_interval(secs => @most_seconds) > @now
    AND u.id = s.user_id AND u.deleted_at IS NULL AND u.disabled_at IS NULL
RETURNING u.id, u.email, u.role, u.is_email_verified, u.mfa_enabled, u.created_at, p.full_name;

-- name: lockUser :exec
-- A sign-in that began before waits or is waited for, and two sessions that end each other come one after the other.
SELECT id FROM users WHERE id = @id FOR NO KEY UPDATE;

-- name: lockSession :one
-- An end of it that comes at once waits for this transaction.
SELECT (ended_at IS NULL)::boolean AS active FROM sessions WHERE id = @id FOR SHARE;

-- name: listSessions :many
-- In an order that no use changes, or one that is used between two pages would be on neither.
SELECT id, user_agent, ip_address, created_at, last_used_at, expires_at, second_factor_at FROM sessions
WHERE user_id = @user_id AND ended_at IS NULL AND expires_at > @now AND id < @before ORDER BY id DESC LIMIT @most;

-- name: isNewDevice :one
-- Whether the user has signed in before, but never with this client from this address.
SELECT (count(*) > 0 AND count(*) FILTER (WHERE s.user_agent = @user_agent
    AND s.ip_address = @ip_address) = 0)::boolean
    AS new_device
FROM sessions s WHERE s.user_id = @user_id;

-- name: endSession :execrows
UPDATE sessions SET ended_at = @now WHERE id = @id AND ended_at IS NULL;

-- name: queueLastEndSession :exec
UPDATE sessions SET ended_at = @now::timestamptz WHERE id = @id AND ended_at IS NULL;

-- name: endOwnSession :execrows
UPDATE sessions SET ended_at = @now WHERE id = @id AND user_id = @user_id AND ended_at IS NULL AND expires_at > @now;

-- name: endOtherSessions :execrows
UPDATE sessions SET ended_at = @now WHERE user_id = @user_id AND id <> @id AND ended_at IS NULL;

-- name: queueLastEndAllSessions :exec
UPDATE sessions SET ended_at = @now::timestamptz WHERE user_id = @user_id AND ended_at IS NULL;

-- name: setSecondFactorProven :exec
UPDATE sessions SET second_factor_at = @now WHERE id = @id AND ended_at IS NULL;

-- name: queueLastSetPasswordProven :exec
UPDATE sessions SET authenticated_at = @now::timestamptz WHERE id = @id AND ended_at IS NULL;

-- name: clearSecondFactor :exec
UPDATE sessions SET second_factor_at = NULL WHERE user_id = @user_id AND ended_at IS NULL;

-- name: deleteTokensOfUser :execrows
DELETE FROM session_tokens t USING sessions s WHERE s.id = t.session_id AND s.user_id = @user_id;

-- name: deleteSessionsOfUser :execrows
DELETE FROM sessions WHERE user_id = @user_id;
