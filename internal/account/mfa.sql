-- name: lockMFA :one
-- The lock makes two uses of one code wait for each other.
SELECT u.email, u.role, u.mfa_enabled, u.mfa_secret, u.mfa_step, u.totp_confirmed_at, p.full_name,
    (SELECT count(*) FROM passkeys k WHERE k.user_id = u.id) AS passkeys
FROM users u JOIN profiles p ON p.user_id = u.id
WHERE u.id = @id AND u.deleted_at IS NULL AND u.disabled_at IS NULL FOR UPDATE OF u;

-- name: setMFASecret :exec
UPDATE users SET mfa_secret = @secret, mfa_step = 0, updated_at = @now WHERE id = @id;

-- name: confirmTOTP :exec
UPDATE users SET totp_confirmed_at = @now, mfa_enabled = true, updated_at = @now WHERE id = @id;

-- name: removeTOTP :exec
UPDATE users SET totp_confirmed_at = NULL, mfa_secret = NULL WHERE id = @id;

-- name: settleFactors :one
-- After a factor came or went.
UPDATE users SET mfa_enabled = totp_confirmed_at IS NOT NULL OR EXISTS (SELECT FROM passkeys k WHERE k.user_id = users.id), updated_at = @now
WHERE users.id = @id RETURNING mfa_enabled;

-- name: useMFAStep :exec
UPDATE users SET mfa_step = @step WHERE id = @id;

-- name: proveSession :exec
UPDATE sessions SET second_factor_at = @now WHERE id = @id AND ended_at IS NULL;

-- name: queueLastAuthenticateSession :exec
UPDATE sessions SET authenticated_at = @now::timestamptz WHERE id = @id AND ended_at IS NULL;

-- name: forgetSecondFactor :exec
UPDATE sessions SET second_factor_at = NULL WHERE user_id = @user_id AND ended_at IS NULL;

-- name: deleteRecoveryCodes :exec
DELETE FROM recovery_codes WHERE user_id = @user_id;

-- name: insertRecoveryCodes :exec
INSERT INTO recovery_codes (user_id, hash, created_at) SELECT @user_id, unnest(@hashes::bytea[]), @now::timestamptz;

-- name: useRecoveryCode :execrows
UPDATE recovery_codes SET used_at = @now WHERE user_id = @user_id AND hash = @hash AND used_at IS NULL;

-- name: countRecoveryCodes :one
SELECT count(*) FROM recovery_codes WHERE user_id = @user_id AND used_at IS NULL;

-- name: insertTicket :exec
INSERT INTO tickets (hash, kind, user_id, session_id, data, created_at, expires_at)
VALUES (@hash, @kind, @user_id, sqlc.narg('session_id'), @data, @now, @expires_at);

-- name: findTicket :one
SELECT user_id FROM tickets WHERE hash = @hash AND kind = @kind AND used_at IS NULL AND expires_at > @now;

-- name: tryTicket :execrows
UPDATE tickets SET attempts = attempts + 1
WHERE hash = @hash AND kind = @kind AND used_at IS NULL AND expires_at > @now AND attempts < @most;

-- name: useTicket :execrows
UPDATE tickets SET used_at = @now WHERE hash = @hash AND used_at IS NULL;

-- name: endTickets :exec
-- What a password opened, closes with it.
-- Sign-ups that wait beside the user stay: when they go must not tell that the password was changed.
DELETE FROM tickets WHERE user_id = @user_id AND kind NOT IN ('SIGNUP', 'DECOY');

-- name: findSignedIn :one
SELECT u.id, u.email, u.password_hash, u.role, u.is_email_verified, u.mfa_enabled, u.disabled_at, u.created_at, p.full_name,
    (u.totp_confirmed_at IS NOT NULL)::boolean AS has_totp, EXISTS (SELECT FROM passkeys k WHERE k.user_id = u.id) AS has_passkey, ARRAY[]::bytea[] AS pending, false AS known
FROM users u JOIN profiles p ON p.user_id = u.id
WHERE u.id = @id AND u.deleted_at IS NULL AND u.disabled_at IS NULL;
