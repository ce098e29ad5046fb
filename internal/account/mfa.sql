-- name: lockActiveUser :one
-- The lock makes two uses of one code wait for each other.
SELECT u.email, u.role, u.mfa_enabled, u.mfa_secret, u.mfa_step, u.totp_confirmed_at, p.full_name,
    (SELECT count(*) FROM passkeys k WHERE k.user_id = u.id) AS passkeys
FROM users u JOIN profiles p ON p.user_id = u.id
WHERE u.id = @id AND u.deleted_at IS NULL AND u.disabled_at IS NULL FOR UPDATE OF u;

-- name: setMFASecret :exec
UPDATE users SET mfa_secret = @secret, mfa_step = 0, updated_at = @now WHERE id = @id;

-- name: setTOTPConfirmed :exec
UPDATE users SET totp_confirmed_at = @now, mfa_enabled = true, updated_at = @now WHERE id = @id;

-- name: removeTOTP :exec
UPDATE users SET totp_confirmed_at = NULL, mfa_secret = NULL WHERE id = @id;

-- name: updateMFAEnabled :one
-- After a factor was added or removed.
UPDATE users SET updated_at = @now,
    mfa_enabled = totp_confirmed_at IS NOT NULL OR EXISTS (SELECT FROM passkeys k WHERE k.user_id = users.id)
WHERE users.id = @id RETURNING mfa_enabled;

-- name: setMFAStep :exec
UPDATE users SET mfa_step = @step WHERE id = @id;

-- name: deleteRecoveryCodes :execrows
DELETE FROM recovery_codes WHERE user_id = @user_id;

-- name: insertRecoveryCodes :exec
INSERT INTO recovery_codes (user_id, hash, created_at) SELECT @user_id, unnest(@hashes::bytea[]), @now::timestamptz;

-- name: useRecoveryCode :execrows
UPDATE recovery_codes SET used_at = @now WHERE user_id = @user_id AND hash = @hash AND used_at IS NULL;

-- name: countRecoveryCodes :one
SELECT count(*) FROM recovery_codes WHERE user_id = @user_id AND used_at IS NULL;

-- name: findSignedIn :one
SELECT u.id, u.email, u.password_hash, u.role, u.is_email_verified, u.mfa_enabled, u.disabled_at, u.created_at,
    p.full_name, (u.totp_confirmed_at IS NOT NULL)::boolean AS has_totp,
    EXISTS (SELECT FROM passkeys k WHERE k.user_id = u.id) AS has_passkey,
    ARRAY[]::bytea[] AS pending, false AS known
FROM users u JOIN profiles p ON p.user_id = u.id
WHERE u.id = @id AND u.deleted_at IS NULL AND u.disabled_at IS NULL;
