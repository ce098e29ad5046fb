-- name: insertUser :execrows
-- Waits for a concurrent sign-up of the same address; no row means that it is taken.
INSERT INTO users (id, email, password_hash, role, is_email_verified, created_at, updated_at)
VALUES (@id, @email, @password_hash, @role, @is_email_verified, @now, @now)
ON CONFLICT (lower(email)) WHERE deleted_at IS NULL DO NOTHING;

-- name: insertDataKey :exec
INSERT INTO data_keys (user_id, wrapped, created_at) VALUES (@user_id, @wrapped, @now);

-- name: insertProfile :exec
INSERT INTO profiles (id, user_id, full_name, gender, date_of_birth, phone, phone_index, address, timezone,
    language, created_at, updated_at)
VALUES (@id, @user_id, @full_name, nullif(@gender::text, '')::gender, @date_of_birth, @phone, @phone_index, @address,
    @timezone, @language, @now, @now);

-- name: findAddress :one
SELECT id FROM users WHERE lower(email) = lower(@email) AND deleted_at IS NULL;

-- name: setResetToken :execrows
UPDATE users SET password_reset_token = @token, password_reset_expiry = @expiry
WHERE id = @id AND deleted_at IS NULL AND disabled_at IS NULL;

-- name: findPasswordReset :one
SELECT u.id, u.email, p.full_name FROM users u JOIN profiles p ON p.user_id = u.id
WHERE u.password_reset_token = @token AND u.password_reset_expiry > @now AND u.deleted_at IS NULL
    AND u.disabled_at IS NULL;

-- name: resetPassword :one
-- The token was mailed to the address: that verifies it too.
UPDATE users u SET password_hash = @password_hash, password_reset_token = NULL, password_reset_expiry = NULL,
    is_email_verified = true, email_verification_token = NULL, email_verification_expiry = NULL, updated_at = @now
FROM (SELECT f.id, f.password_hash, f.is_email_verified FROM users f
    WHERE f.password_reset_token = @token AND f.password_reset_expiry > @now AND f.deleted_at IS NULL
        AND f.disabled_at IS NULL FOR UPDATE) before
WHERE u.id = before.id
RETURNING u.id, before.password_hash AS old_hash, before.is_email_verified AS was_verified;

-- name: findPasswordOfUser :one
SELECT u.email, u.password_hash, p.full_name FROM users u JOIN profiles p ON p.user_id = u.id
WHERE u.id = @id AND u.deleted_at IS NULL AND u.disabled_at IS NULL;

-- name: changePassword :execrows
-- An open reset link would undo the change, so it ends.
UPDATE users SET password_hash = @password_hash, password_reset_token = NULL, password_reset_expiry = NULL,
    updated_at = @now
WHERE id = @id AND password_hash = @old_hash AND deleted_at IS NULL AND disabled_at IS NULL;

-- name: replaceHash :exec
UPDATE users SET password_hash = @password_hash WHERE id = @id AND password_hash = @old_hash;

-- name: findLogin :one
-- known: the user signed in from this address in the last thirty days.
SELECT u.id, u.email, u.password_hash, u.role, u.is_email_verified, u.mfa_enabled, u.disabled_at, u.created_at,
    p.full_name, (u.totp_confirmed_at IS NOT NULL)::boolean AS has_totp,
    EXISTS (SELECT FROM passkeys k WHERE k.user_id = u.id) AS has_passkey,
    ARRAY(SELECT t.data FROM tickets t WHERE t.user_id = u.id AND t.kind IN ('SIGNUP', 'DECOY') AND t.expires_at > @now
        ORDER BY t.created_at DESC LIMIT 50)::bytea[] AS pending,
    EXISTS (SELECT FROM sessions s
        WHERE s.user_id = u.id AND s.ip_address = @ip_address AND s.created_at > @since) AS known
FROM users u JOIN profiles p ON p.user_id = u.id
WHERE lower(u.email) = lower(@email) AND u.deleted_at IS NULL;

-- name: lockForSignIn :execrows
-- Keeps a change of the password, or a first second factor, from committing between this statement and the session's
-- insertion: that session would outlive it.
SELECT id FROM users WHERE id = @id AND password_hash = @password_hash AND mfa_enabled = @mfa_enabled
    AND deleted_at IS NULL AND disabled_at IS NULL FOR SHARE;

-- name: softDeleteUser :one
UPDATE users SET deleted_at = @now, updated_at = @now WHERE id = @id AND deleted_at IS NULL RETURNING email;

-- name: readProfile :one
SELECT u.id, u.email, u.role, u.is_email_verified, u.mfa_enabled, u.created_at,
    greatest(u.updated_at, p.updated_at)::timestamptz AS updated_at,
    p.id AS profile_id, p.full_name, coalesce(p.gender::text, '')::text AS gender, p.date_of_birth, p.phone,
    p.address, p.timezone, p.language, e.due_at AS erasure_due_at
FROM users u JOIN profiles p ON p.user_id = u.id LEFT JOIN erasures e ON e.user_id = u.id AND e.status <> 'STOPPED'
WHERE u.id = @id;

-- name: lockProfile :exec
SELECT id FROM profiles WHERE user_id = @user_id FOR UPDATE;

-- name: updateProfile :exec
UPDATE profiles SET full_name = @full_name, gender = nullif(@gender::text, '')::gender,
    date_of_birth = @date_of_birth, phone = @phone, phone_index = @phone_index, address = @address,
    timezone = @timezone, language = @language, updated_at = @updated_at
WHERE user_id = @user_id;

-- name: eraseUser :exec
UPDATE users SET email = 'erased-' || id || '@erased.invalid', is_email_verified = false,
    password_hash = @password_hash, email_verification_token = NULL, email_verification_expiry = NULL,
    password_reset_token = NULL, password_reset_expiry = NULL,
    mfa_enabled = false, mfa_secret = NULL, mfa_step = 0, totp_confirmed_at = NULL, updated_at = @now
WHERE id = @id;

-- name: eraseContact :exec
UPDATE profiles SET phone = NULL, phone_index = NULL, address = NULL, timezone = @timezone, language = DEFAULT,
    updated_at = @now
WHERE user_id = @user_id;

-- name: eraseName :exec
UPDATE profiles SET full_name = @full_name, gender = NULL, date_of_birth = NULL, updated_at = @now
WHERE user_id = @user_id;

-- name: listKnownAddresses :many
SELECT DISTINCT ip_address FROM sessions WHERE user_id = @user_id AND created_at > @since LIMIT 100;

-- name: setPassword :exec
UPDATE users SET password_hash = @password_hash, updated_at = @now WHERE id = @id;
