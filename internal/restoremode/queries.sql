-- name: readMode :one
SELECT is_on, reason, changed_at FROM restore_mode;

-- Locks the row, so that the mode is changed by one at a time.
-- name: lockMode :one
SELECT is_on, reason, changed_at FROM restore_mode FOR UPDATE;

-- name: setMode :exec
UPDATE restore_mode SET is_on = @is_on, reason = @reason, changed_at = @changed_at;

-- Returns the mails that are stored and neither sent nor given up, by kind.
-- name: countMails :many
SELECT kind, count(*) FROM mails WHERE content IS NOT NULL GROUP BY kind ORDER BY kind;

-- Returns the refunds that wait for the provider, by currency.
-- name: countRefunds :many
SELECT currency, count(*), sum(amount)::numeric AS amount FROM refunds WHERE status = 'PENDING'
GROUP BY currency ORDER BY currency;
