-- name: lockEmail :one
SELECT email FROM users WHERE id = @id AND deleted_at IS NULL AND disabled_at IS NULL FOR UPDATE;

-- name: updateEmail :exec
-- What was mailed to the old address opens nothing more.
UPDATE users SET email = @email, is_email_verified = true, email_verification_token = NULL,
    email_verification_expiry = NULL,
    password_reset_token = NULL, password_reset_expiry = NULL, updated_at = @now
WHERE id = @id;
