-- name: insertPasskey :exec
INSERT INTO passkeys (id, user_id, name, credential_id, public_key, sign_count, transports, backup_eligible,
    backup_state, created_at)
VALUES (@id, @user_id, @name, @credential_id, @public_key, @sign_count, @transports, @backup_eligible, @backup_state,
    @now);

-- name: listPasskeys :many
SELECT id, name, credential_id, transports, backup_state, created_at, last_used_at FROM passkeys
WHERE user_id = @user_id ORDER BY id;

-- name: findPasskeyOwner :one
SELECT user_id FROM passkeys WHERE credential_id = @credential_id;

-- name: lockPasskey :one
SELECT id, public_key, sign_count, transports, backup_eligible, backup_state FROM passkeys
WHERE credential_id = @credential_id AND user_id = @user_id FOR UPDATE;

-- name: usePasskey :exec
UPDATE passkeys SET sign_count = @sign_count, backup_state = @backup_state, last_used_at = @now WHERE id = @id;

-- name: deletePasskey :execrows
DELETE FROM passkeys WHERE id = @id AND user_id = @user_id;

-- name: findPasskeyUser :one
SELECT u.email, u.mfa_enabled, p.full_name FROM users u JOIN profiles p ON p.user_id = u.id
WHERE u.id = @id AND u.deleted_at IS NULL AND u.disabled_at IS NULL;

-- name: deletePasskeys :execrows
DELETE FROM passkeys WHERE user_id = @user_id;
