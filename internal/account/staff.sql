-- name: setInviter :exec
UPDATE users SET invited_by = @invited_by WHERE id = @id;

-- name: isInviterAdmin :one
-- A change of the inviter that comes at once waits for this transaction. A user made by the command line has none.
SELECT (i.role = 'ADMIN' AND i.disabled_at IS NULL AND i.deleted_at IS NULL)::boolean AS stands
FROM users i WHERE i.id = (SELECT invited_by FROM users WHERE users.id = @id) FOR SHARE;

-- name: readUser :one
SELECT u.id, u.email, u.role, u.is_email_verified, u.mfa_enabled, u.disabled_at, u.created_at,
    greatest(u.updated_at, p.updated_at)::timestamptz AS updated_at, u.deleted_at, p.full_name
FROM users u JOIN profiles p ON p.user_id = u.id WHERE u.id = @id AND u.role <> 'DEPENDANT';

-- name: lockUserInAnyState :one
-- Deleted and disabled users too.
SELECT id, role, email, deleted_at FROM users WHERE id = @id FOR UPDATE;

-- name: inviteAgain :one
UPDATE users SET role = @role, updated_at = @now
WHERE lower(email) = lower(@email) AND deleted_at IS NULL AND disabled_at IS NULL AND NOT is_email_verified
    AND password_hash = @no_password AND role IN ('SUPPORT', 'ADMIN')
RETURNING id;

-- name: renameProfile :exec
UPDATE profiles SET full_name = @full_name, updated_at = @now WHERE user_id = @user_id;

-- name: findInvited :one
SELECT role FROM users WHERE id = @id AND deleted_at IS NULL AND disabled_at IS NULL AND NOT is_email_verified
    AND password_hash = @no_password AND role IN ('SUPPORT', 'ADMIN');

-- name: lockAdmins :many
-- All of them, in one order: of two administrators who change each other's role at once, the second sees the first's
-- change. One who hasn't accepted the invitation yet doesn't count.
SELECT id FROM users WHERE role = 'ADMIN' AND is_email_verified AND deleted_at IS NULL AND disabled_at IS NULL
ORDER BY id FOR UPDATE;

-- name: lockUndeletedUser :one
SELECT u.id, u.role, u.disabled_at, greatest(u.updated_at, p.updated_at)::timestamptz AS updated_at
FROM users u JOIN profiles p ON p.user_id = u.id
WHERE u.id = @id AND u.deleted_at IS NULL AND u.role <> 'DEPENDANT' FOR UPDATE OF u;

-- name: setRole :exec
UPDATE users SET role = @role, updated_at = @now WHERE id = @id;

-- name: setDisabled :exec
UPDATE users SET disabled_at = @disabled_at, updated_at = @now WHERE id = @id;
