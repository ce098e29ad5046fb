-- name: endEmailTickets :exec
DELETE FROM tickets WHERE user_id = @user_id AND kind = 'EMAIL';

-- name: findEmailTicket :one
SELECT user_id, data, session_id FROM tickets WHERE hash = @hash AND kind = 'EMAIL' AND used_at IS NULL AND expires_at > @now;

-- name: sessionGoesOn :one
-- An end of it that comes at once waits for this transaction.
SELECT (ended_at IS NULL)::boolean AS goes_on FROM sessions WHERE id = @id FOR SHARE;

-- name: lockEmail :one
SELECT email FROM users WHERE id = @id AND deleted_at IS NULL AND disabled_at IS NULL FOR UPDATE;

-- name: setEmail :exec
-- What was mailed to the old address opens nothing more.
UPDATE users SET email = @email, is_email_verified = true, email_verification_token = NULL, email_verification_expiry = NULL,
    password_reset_token = NULL, password_reset_expiry = NULL, updated_at = @now
WHERE id = @id;
