-- name: insertTransfer :exec
INSERT INTO dependant_transfers (id, dependant_id, user_id, status, email, created_at)
VALUES (@id, @dependant_id, @user_id, 'OPEN', @email::text, @now);

-- is_addressee: the reader is a patient who has verified the address. is_receiver_active: who accepted it still has an
-- account.
-- name: readTransfer :one
SELECT sqlc.embed(t), p.full_name, EXISTS (SELECT FROM users u WHERE u.id = @reader AND u.role = 'PATIENT'
    AND u.is_email_verified AND u.deleted_at IS NULL AND lower(u.email) = lower(t.email)) AS is_addressee,
    (t.accepted_by IS NULL OR EXISTS (SELECT FROM users a WHERE a.id = t.accepted_by AND a.deleted_at IS NULL
        AND a.disabled_at IS NULL))::boolean AS is_receiver_active
FROM dependant_transfers t JOIN profiles p ON p.user_id = t.dependant_id
WHERE t.id = @id;

-- name: lockTransferRow :exec
SELECT id FROM dependant_transfers WHERE id = @id FOR UPDATE;

-- name: updateTransfer :exec
UPDATE dependant_transfers SET status = @status, email = @email, accepted_by = @accepted_by, accepted_at = @accepted_at,
    approved_by = @approved_by, approved_at = @approved_at, ended_at = @ended_at
WHERE id = @id;

-- name: moveDependant :exec
UPDATE dependants SET user_id = @user_id, relation = 'SELF', updated_at = @now WHERE id = @id;

-- name: endTransfersOfAccount :exec
UPDATE dependant_transfers SET status = CASE WHEN user_id = @user_id::uuid THEN 'CANCELLED' ELSE 'REFUSED' END::dependant_transfer_status,
    email = NULL, ended_at = @now::timestamptz
WHERE status = 'OPEN' AND (user_id = @user_id OR accepted_by = @user_id);

-- name: endTransferOfDependant :exec
UPDATE dependant_transfers SET status = 'CANCELLED', email = NULL, ended_at = @now::timestamptz
WHERE status = 'OPEN' AND dependant_id = @dependant_id;

-- name: listTransfersOfPatient :many
SELECT sqlc.embed(t), p.full_name, (m.id IS NOT NULL)::boolean AS is_addressee, true AS is_receiver_active
FROM dependant_transfers t JOIN profiles p ON p.user_id = t.dependant_id
    LEFT JOIN users m ON m.id = @reader AND m.is_email_verified AND lower(m.email) = lower(t.email)
WHERE t.id IN (SELECT o.id FROM dependant_transfers o WHERE o.user_id = @reader
        UNION SELECT a.id FROM dependant_transfers a WHERE a.accepted_by = @reader
        UNION SELECT e.id FROM users u JOIN dependant_transfers e ON e.status = 'OPEN' AND lower(e.email) = lower(u.email)
            WHERE u.id = @reader AND u.is_email_verified)
    AND t.id < @before
ORDER BY t.id DESC LIMIT @most;

-- name: listOpenTransfers :many
SELECT sqlc.embed(t), p.full_name, false AS is_addressee, true AS is_receiver_active
FROM dependant_transfers t JOIN profiles p ON p.user_id = t.dependant_id
WHERE t.status = 'OPEN' AND t.id < @before ORDER BY t.id DESC LIMIT @most;

-- name: listMovedAway :many
SELECT DISTINCT dependant_id FROM dependant_transfers WHERE user_id = @user_id AND status = 'DONE';

-- What was moved to an account is a record of the account's own person.
-- name: listMovedTo :many
SELECT id FROM dependants WHERE user_id = @user_id AND relation = 'SELF' ORDER BY id;

-- name: eachTransfer :many
SELECT sqlc.embed(t), p.full_name, false AS is_addressee, true AS is_receiver_active
FROM dependant_transfers t JOIN profiles p ON p.user_id = t.dependant_id
WHERE t.user_id = @user_id OR t.accepted_by = @user_id ORDER BY t.id;

-- name: endOldTransfer :exec
UPDATE dependant_transfers SET status = 'CANCELLED', email = NULL, ended_at = @now::timestamptz
WHERE status = 'OPEN' AND dependant_id = @dependant_id AND created_at <= @created_until;

-- name: hasOpenTransfer :one
SELECT EXISTS (SELECT FROM dependant_transfers WHERE status = 'OPEN' AND dependant_id = @dependant_id);

-- Deleted accounts have no name any more.
-- name: listAccountNames :many
SELECT p.user_id, p.full_name FROM profiles p JOIN users u ON u.id = p.user_id
WHERE p.user_id = ANY(@ids::uuid[]) AND u.deleted_at IS NULL;
