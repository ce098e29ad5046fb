-- name: insertTicket :exec
INSERT INTO tickets (hash, kind, user_id, session_id, data, created_at, expires_at)
VALUES (@hash, @kind, @user_id, sqlc.narg('session_id'), @data, @now, @expires_at);

-- name: findTicket :one
SELECT user_id FROM tickets WHERE hash = @hash AND kind = @kind AND used_at IS NULL AND expires_at > @now;

-- name: countTicketAttempt :execrows
UPDATE tickets SET attempts = attempts + 1
WHERE hash = @hash AND kind = @kind AND used_at IS NULL AND expires_at > @now AND attempts < @most;

-- name: markTicketUsed :execrows
UPDATE tickets SET used_at = @now WHERE hash = @hash AND used_at IS NULL;

-- name: deleteAccessTickets :exec
-- Those that continue what a password began. Pending sign-ups stay: their end must not show that the password was
-- changed.
DELETE FROM tickets WHERE user_id = @user_id AND kind NOT IN ('SIGNUP', 'DECOY');

-- name: deleteEmailTickets :exec
DELETE FROM tickets WHERE user_id = @user_id AND kind = 'EMAIL';

-- name: findEmailTicket :one
SELECT user_id, data, session_id FROM tickets WHERE hash = @hash AND kind = 'EMAIL' AND used_at IS NULL
    AND expires_at > @now;

-- name: consumeChallenge :execrows
-- Without a user: a change of the password deletes a user's tickets, and must not make a used challenge good again.
INSERT INTO tickets (hash, kind, created_at, expires_at, used_at)
VALUES (@hash, 'PASSKEY', @now, @expires_at, @now) ON CONFLICT DO NOTHING;

-- name: deleteTickets :execrows
DELETE FROM tickets WHERE user_id = @user_id;
