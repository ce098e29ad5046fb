-- name: insertUser :execrows
-- Waits for a concurrent sign-up of the same address; no row means that it is taken.
INSERT INTO users (id, email, password_hash, role, is_email_verified, created_at, updated_at)
VALUES (@id, @email, @password_hash, @role, @is_email_verified, @now, @now)
ON CONFLICT (lower(email)) WHERE deleted_at IS NULL DO NOTHING;

-- name: insertDataKey :exec
INSERT INTO data_keys (user_id, wrapped, created_at) VALUES (@user_id, @wrapped, @now);

-- name: insertProfile :exec
INSERT INTO profiles (id, user_id, full_name, gender, date_of_birth, phone, phone_index, address, timezone, created_at, updated_at)
VALUES (@id, @user_id, @full_name, nullif(@gender::text, '')::gender, @date_of_birth, @phone, @phone_index, @address, @timezone, @now, @now);

-- name: findAddress :one
SELECT id FROM users WHERE lower(email) = lower(@email) AND deleted_at IS NULL;

-- name: setVerificationToken :one
UPDATE users SET email_verification_token = @token, email_verification_expiry = @expiry
WHERE id = @id AND NOT is_email_verified AND password_hash <> 'none' AND deleted_at IS NULL AND disabled_at IS NULL
RETURNING role;

-- name: verifyEmail :one
UPDATE users SET is_email_verified = true, email_verification_token = NULL, email_verification_expiry = NULL, updated_at = @now
WHERE email_verification_token = @token AND email_verification_expiry > @now AND deleted_at IS NULL
RETURNING id, password_hash;

-- name: setResetToken :execrows
UPDATE users SET password_reset_token = @token, password_reset_expiry = @expiry
WHERE id = @id AND deleted_at IS NULL AND disabled_at IS NULL;

-- name: findReset :one
SELECT u.id, u.email, p.full_name FROM users u JOIN profiles p ON p.user_id = u.id
WHERE u.password_reset_token = @token AND u.password_reset_expiry > @now AND u.deleted_at IS NULL AND u.disabled_at IS NULL;

-- name: setInviter :exec
UPDATE users SET invited_by = @invited_by WHERE id = @id;

-- name: inviterStands :one
-- A change of the inviter that comes at once waits for this transaction. Who was made by the command line has none.
SELECT (i.role = 'ADMIN' AND i.disabled_at IS NULL AND i.deleted_at IS NULL)::boolean AS stands
FROM users i WHERE i.id = (SELECT invited_by FROM users WHERE users.id = @id) FOR SHARE;

-- name: resetPassword :one
-- Whoever holds the token reads the address's mail: that verifies it too.
UPDATE users u SET password_hash = @password_hash, password_reset_token = NULL, password_reset_expiry = NULL, is_email_verified = true,
    email_verification_token = NULL, email_verification_expiry = NULL, updated_at = @now
FROM (SELECT f.id, f.password_hash, f.is_email_verified FROM users f
    WHERE f.password_reset_token = @token AND f.password_reset_expiry > @now AND f.deleted_at IS NULL AND f.disabled_at IS NULL FOR UPDATE) before
WHERE u.id = before.id
RETURNING u.id, before.password_hash AS old_hash, before.is_email_verified AS was_verified;

-- name: findPassword :one
SELECT u.email, u.password_hash, p.full_name FROM users u JOIN profiles p ON p.user_id = u.id
WHERE u.id = @id AND u.deleted_at IS NULL AND u.disabled_at IS NULL;

-- name: changePassword :execrows
-- A reset link that is still out would undo the change, so it dies.
UPDATE users SET password_hash = @password_hash, password_reset_token = NULL, password_reset_expiry = NULL, updated_at = @now
WHERE id = @id AND password_hash = @old_hash AND deleted_at IS NULL AND disabled_at IS NULL;

-- name: renewHash :exec
UPDATE users SET password_hash = @password_hash WHERE id = @id AND password_hash = @old_hash;

-- name: findLogin :one
-- known: the user signed in from this address in the last thirty days.
SELECT u.id, u.email, u.password_hash, u.role, u.is_email_verified, u.mfa_enabled, u.disabled_at, u.created_at, p.full_name,
    (u.totp_confirmed_at IS NOT NULL)::boolean AS has_totp, EXISTS (SELECT FROM passkeys k WHERE k.user_id = u.id) AS has_passkey,
    ARRAY(SELECT t.data FROM tickets t WHERE t.user_id = u.id AND t.kind IN ('SIGNUP', 'DECOY') AND t.expires_at > @now
        ORDER BY t.created_at DESC LIMIT 50)::bytea[] AS pending,
    EXISTS (SELECT FROM sessions s WHERE s.user_id = u.id AND s.ip_address = @ip_address AND s.created_at > @since) AS known
FROM users u JOIN profiles p ON p.user_id = u.id
WHERE lower(u.email) = lower(@email) AND u.deleted_at IS NULL;

-- name: lockForSignIn :execrows
-- Keeps a change of the password, or a first second factor, from committing between this look and the session's insertion: that
-- session would outlive it.
SELECT id FROM users WHERE id = @id AND password_hash = @password_hash AND mfa_enabled = @mfa_enabled AND deleted_at IS NULL AND disabled_at IS NULL FOR SHARE;

-- name: insertSession :exec
INSERT INTO sessions (id, user_id, user_agent, ip_address, created_at, last_used_at, expires_at, second_factor_at)
VALUES (@id, @user_id, @user_agent, @ip_address, @now, @now, @expires_at, @second_factor_at);

-- name: insertTokens :exec
INSERT INTO session_tokens (hash, session_id, kind, created_at, expires_at)
VALUES (@access_hash, @session_id, 'ACCESS', @now, @access_expiry), (@refresh_hash, @session_id, 'REFRESH', @now, @refresh_expiry);

-- name: insertCookie :exec
INSERT INTO session_tokens (hash, session_id, kind, created_at, expires_at) VALUES (@hash, @session_id, 'COOKIE', @now, @expires_at);

-- name: useRefreshToken :execrows
UPDATE session_tokens SET used_at = @now WHERE hash = @hash AND kind = 'REFRESH' AND used_at IS NULL AND expires_at > @now;

-- name: findRefreshToken :one
-- The user before the session, as everybody locks them; the audit row's foreign key would lock the user after it.
SELECT t.used_at, t.created_at, t.expires_at, t.session_id, s.user_id FROM session_tokens t JOIN sessions s ON s.id = t.session_id JOIN users u ON u.id = s.user_id
WHERE t.hash = @hash AND t.kind = 'REFRESH' FOR KEY SHARE OF u;

-- name: extendSession :one
UPDATE sessions s SET last_used_at = @now, expires_at = least(@expires_at::timestamptz, s.created_at + make_interval(secs => @most_seconds::float8))
FROM users u JOIN profiles p ON p.user_id = u.id
WHERE s.id = @id AND s.ended_at IS NULL AND s.created_at + make_interval(secs => @most_seconds) > @now AND u.id = s.user_id AND u.deleted_at IS NULL AND u.disabled_at IS NULL
RETURNING u.id, u.email, u.role, u.is_email_verified, u.mfa_enabled, u.created_at, p.full_name;

-- name: endSession :execrows
UPDATE sessions SET ended_at = @now WHERE id = @id AND ended_at IS NULL;

-- name: queueLastEndSession :exec
UPDATE sessions SET ended_at = @now::timestamptz WHERE id = @id AND ended_at IS NULL;

-- name: queueLastEndSessions :exec
UPDATE sessions SET ended_at = @now::timestamptz WHERE user_id = @user_id AND ended_at IS NULL;

-- name: deleteUser :one
UPDATE users SET deleted_at = @now, updated_at = @now WHERE id = @id AND deleted_at IS NULL RETURNING email;

-- name: readProfile :one
SELECT u.id, u.email, u.role, u.is_email_verified, u.mfa_enabled, u.created_at,
    greatest(u.updated_at, p.updated_at)::timestamptz AS updated_at,
    p.id AS profile_id, p.full_name, coalesce(p.gender::text, '')::text AS gender, p.date_of_birth, p.phone, p.address, p.timezone
FROM users u JOIN profiles p ON p.user_id = u.id WHERE u.id = @id;

-- name: lockProfile :exec
SELECT id FROM profiles WHERE user_id = @user_id FOR UPDATE;

-- name: updateProfile :exec
UPDATE profiles SET full_name = @full_name, gender = nullif(@gender::text, '')::gender, date_of_birth = @date_of_birth, phone = @phone,
    phone_index = @phone_index, address = @address, timezone = @timezone, updated_at = @updated_at
WHERE user_id = @user_id;

-- name: readUser :one
SELECT u.id, u.email, u.role, u.is_email_verified, u.mfa_enabled, u.disabled_at, u.created_at,
    greatest(u.updated_at, p.updated_at)::timestamptz AS updated_at, u.deleted_at, p.full_name
FROM users u JOIN profiles p ON p.user_id = u.id WHERE u.id = @id;

-- name: lockUserEvenDeleted :one
-- Whoever it is, deleted and disabled users too.
SELECT id, role, email, deleted_at FROM users WHERE id = @id FOR UPDATE;

-- name: forgetUser :exec
UPDATE users SET email = 'erased-' || id || '@erased.invalid', is_email_verified = false, password_hash = @password_hash,
    email_verification_token = NULL, email_verification_expiry = NULL, password_reset_token = NULL, password_reset_expiry = NULL,
    mfa_enabled = false, mfa_secret = NULL, mfa_step = 0, totp_confirmed_at = NULL, updated_at = @now
WHERE id = @id;

-- name: forgetContact :exec
UPDATE profiles SET phone = NULL, phone_index = NULL, address = NULL, timezone = @timezone, updated_at = @now WHERE user_id = @user_id;

-- name: forgetName :exec
UPDATE profiles SET full_name = @full_name, gender = NULL, date_of_birth = NULL, updated_at = @now WHERE user_id = @user_id;

-- name: knownAddresses :many
SELECT DISTINCT ip_address FROM sessions WHERE user_id = @user_id AND created_at > @since LIMIT 100;

-- name: findOwner :one
-- Who was invited has the address: the invitation proves it.
SELECT u.id, u.password_hash, (u.is_email_verified OR u.password_hash = 'none')::boolean AS taken,
    coalesce((SELECT t.data FROM tickets t WHERE t.user_id = u.id AND t.kind IN ('SIGNUP', 'DECOY') AND t.expires_at > @now
        ORDER BY t.created_at DESC LIMIT 1), ''::bytea)::bytea AS pending
FROM users u WHERE lower(u.email) = lower(@email) AND u.deleted_at IS NULL;

-- name: endDecoys :exec
-- All but the newest.
DELETE FROM tickets WHERE hash IN (SELECT d.hash FROM tickets d WHERE d.user_id = @user_id AND d.kind = 'DECOY' ORDER BY d.created_at DESC OFFSET @keep);

-- name: signUpsBeside :many
SELECT data FROM tickets WHERE user_id = @user_id AND kind IN ('SIGNUP', 'DECOY') AND expires_at > @now;

-- name: setPassword :exec
UPDATE users SET password_hash = @password_hash, updated_at = @now WHERE id = @id;

-- name: findSignUp :one
SELECT user_id, data FROM tickets WHERE hash = @hash AND kind = 'SIGNUP' AND created_at > @since;

-- name: takeSignUp :one
-- Gives the password of who signed up first.
UPDATE users u SET password_hash = @password_hash, role = @role, is_email_verified = true, email_verification_token = NULL, email_verification_expiry = NULL,
    password_reset_token = NULL, password_reset_expiry = NULL, updated_at = @now
FROM (SELECT f.id, f.password_hash FROM users f WHERE f.id = @id FOR UPDATE) first
WHERE u.id = first.id AND NOT u.is_email_verified AND u.role IN ('PATIENT', 'DOCTOR') AND u.deleted_at IS NULL AND u.disabled_at IS NULL
RETURNING first.password_hash;

-- name: unprovenSignUps :many
-- Deleted ones too: whoever had a better right to the address ended them. Who was invited has no password yet, and is asked again by
-- an administrator; an erasure takes its own way.
SELECT u.id, u.email, u.deleted_at FROM users u WHERE NOT u.is_email_verified AND u.password_hash <> 'none' AND u.created_at < @before AND u.role IN ('PATIENT', 'DOCTOR')
    AND NOT EXISTS (SELECT FROM tickets t WHERE t.user_id = u.id AND t.kind IN ('SIGNUP', 'DECOY') AND t.expires_at > @now)
    AND NOT EXISTS (SELECT FROM erasures e WHERE e.user_id = u.id)
ORDER BY u.created_at LIMIT @most FOR UPDATE OF u SKIP LOCKED;

-- name: deleteDataKey :exec
DELETE FROM data_keys WHERE user_id = @user_id;

-- name: deleteSignUp :exec
-- Its profile, and what signing in would need, go with it.
DELETE FROM users WHERE id = @id;

-- name: endSquatter :one
-- Nobody has proven that the address is theirs.
UPDATE users SET deleted_at = @now WHERE lower(email) = lower(@email) AND NOT is_email_verified AND password_hash <> 'none' AND deleted_at IS NULL
RETURNING id, password_hash;

-- name: newestSignUp :one
SELECT hash, data FROM tickets WHERE user_id = @user_id AND kind IN ('SIGNUP', 'DECOY') AND expires_at > @now ORDER BY created_at DESC LIMIT 1;

-- name: renewSignUp :exec
UPDATE tickets SET hash = @new_hash, kind = 'SIGNUP', created_at = @now WHERE hash = @hash;

-- name: endSignUps :exec
DELETE FROM tickets WHERE user_id = @user_id AND kind IN ('SIGNUP', 'DECOY');

-- name: inviteAgain :one
UPDATE users SET role = @role, updated_at = @now
WHERE lower(email) = lower(@email) AND deleted_at IS NULL AND disabled_at IS NULL AND NOT is_email_verified AND password_hash = @no_password AND role IN ('SUPPORT', 'ADMIN')
RETURNING id;

-- name: renameProfile :exec
UPDATE profiles SET full_name = @full_name, updated_at = @now WHERE user_id = @user_id;

-- name: findInvited :one
SELECT role FROM users WHERE id = @id AND deleted_at IS NULL AND disabled_at IS NULL AND NOT is_email_verified AND password_hash = @no_password AND role IN ('SUPPORT', 'ADMIN');

-- name: lockUnverified :one
SELECT id FROM users WHERE id = @id AND NOT is_email_verified AND password_hash <> 'none' AND deleted_at IS NULL AND disabled_at IS NULL FOR UPDATE;

-- name: verificationRefused :one
SELECT coalesce(failure = 'recipient-refused', false)::boolean AS refused FROM mails WHERE user_id = @user_id AND kind = 'verify-email' AND content IS NULL
ORDER BY created_at DESC LIMIT 1;
