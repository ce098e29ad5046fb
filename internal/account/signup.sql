-- name: setVerificationToken :one
UPDATE users SET email_verification_token = @token, email_verification_expiry = @expiry
WHERE id = @id AND NOT is_email_verified AND password_hash <> 'none' AND deleted_at IS NULL AND disabled_at IS NULL
RETURNING role;

-- name: verifyEmail :one
UPDATE users SET is_email_verified = true, email_verification_token = NULL, email_verification_expiry = NULL,
    updated_at = @now
WHERE email_verification_token = @token AND email_verification_expiry > @now AND deleted_at IS NULL
RETURNING id, password_hash;

-- name: findOwner :one
-- An invited user has the address: the invitation proves it.
SELECT u.id, u.password_hash, (u.is_email_verified OR u.password_hash = 'none')::boolean AS taken,
    coalesce((SELECT t.data FROM tickets t
        WHERE t.user_id = u.id AND t.kind IN ('SIGNUP', 'DECOY') AND t.expires_at > @now
        ORDER BY t.created_at DESC LIMIT 1), ''::bytea)::bytea AS pending
FROM users u WHERE lower(u.email) = lower(@email) AND u.deleted_at IS NULL;

-- name: deleteOldDecoys :exec
-- All but the newest.
DELETE FROM tickets WHERE hash IN (
    SELECT d.hash FROM tickets d WHERE d.user_id = @user_id AND d.kind = 'DECOY'
    ORDER BY d.created_at DESC OFFSET @keep);

-- name: listPendingSignUps :many
SELECT data FROM tickets WHERE user_id = @user_id AND kind IN ('SIGNUP', 'DECOY') AND expires_at > @now;

-- name: findSignUp :one
SELECT user_id, data FROM tickets WHERE hash = @hash AND kind = 'SIGNUP' AND created_at > @since;

-- name: adoptSignUp :one
-- Returns the hash of the sign-up that came first.
UPDATE users u SET password_hash = @password_hash, role = @role, is_email_verified = true,
    email_verification_token = NULL, email_verification_expiry = NULL,
    password_reset_token = NULL, password_reset_expiry = NULL, updated_at = @now
FROM (SELECT f.id, f.password_hash FROM users f WHERE f.id = @id FOR UPDATE) first
WHERE u.id = first.id AND NOT u.is_email_verified AND u.role IN ('PATIENT', 'DOCTOR') AND u.deleted_at IS NULL
    AND u.disabled_at IS NULL
RETURNING first.password_hash;

-- name: findExpiredSignUps :many
-- Deleted ones too: a user with a better right to the address ended them. An invited user has no password yet, and is
-- invited again by an administrator; an erasure takes its own way.
SELECT u.id, u.email, u.deleted_at FROM users u
WHERE NOT u.is_email_verified AND u.password_hash <> 'none' AND u.created_at < @before
    AND u.role IN ('PATIENT', 'DOCTOR')
    AND NOT EXISTS (SELECT FROM tickets t
        WHERE t.user_id = u.id AND t.kind IN ('SIGNUP', 'DECOY') AND t.expires_at > @now)
    AND NOT EXISTS (SELECT FROM erasures e WHERE e.user_id = u.id)
ORDER BY u.created_at LIMIT @most FOR UPDATE OF u SKIP LOCKED;

-- name: deleteDataKey :exec
DELETE FROM data_keys WHERE user_id = @user_id;

-- name: deleteUnverifiedUser :exec
-- Its profile, tickets and sessions are deleted with it.
DELETE FROM users WHERE id = @id;

-- name: softDeleteUnverified :one
-- Nobody has proven to read the mail of the address.
UPDATE users SET deleted_at = @now WHERE lower(email) = lower(@email) AND NOT is_email_verified
    AND password_hash <> 'none' AND deleted_at IS NULL
RETURNING id, password_hash;

-- name: findNewestSignUp :one
SELECT hash, data FROM tickets WHERE user_id = @user_id AND kind IN ('SIGNUP', 'DECOY') AND expires_at > @now
ORDER BY created_at DESC LIMIT 1;

-- name: replaceSignUpToken :exec
UPDATE tickets SET hash = @new_hash, kind = 'SIGNUP', created_at = @now WHERE hash = @hash;

-- name: deletePendingSignUps :exec
DELETE FROM tickets WHERE user_id = @user_id AND kind IN ('SIGNUP', 'DECOY');

-- name: lockUnverified :one
SELECT id FROM users WHERE id = @id AND NOT is_email_verified AND password_hash <> 'none'
    AND deleted_at IS NULL AND disabled_at IS NULL FOR UPDATE;

-- name: verificationRefused :one
SELECT coalesce(failure = 'recipient-refused', false)::boolean AS refused FROM mails
WHERE user_id = @user_id AND kind = 'verify-email' AND content IS NULL
ORDER BY created_at DESC LIMIT 1;
