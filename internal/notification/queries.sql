-- A deleted user gets no mail except to an address that the caller gives, and no new row points at them: a refund may
-- come after an erasure. What is for a dependant goes to the account that acts for them.
-- name: queueInsertMail :exec
INSERT INTO mails (id, user_id, kind, message_id, content, created_at)
SELECT @id, r.id, @kind, @message_id, @content::bytea, @created_at::timestamptz
FROM (SELECT coalesce((SELECT d.user_id FROM dependants d WHERE d.id = sqlc.narg('user_id')), sqlc.narg('user_id')::uuid) AS id) r
WHERE @has_address::bool OR EXISTS (SELECT FROM users u WHERE u.id = r.id AND u.deleted_at IS NULL);

-- A mail without a failure was sent.
-- name: queueMarkMails :exec
UPDATE mails SET content = NULL, failure = nullif(@failure::text, ''),
    sent_at = CASE WHEN @failure::text = '' THEN @now::timestamptz END,
    failed_at = CASE WHEN @failure::text <> '' THEN @now::timestamptz END
WHERE id = ANY(@ids::uuid[]) AND content IS NOT NULL;

-- name: skipMails :exec
UPDATE mails SET content = NULL, sent_at = created_at WHERE content IS NOT NULL AND created_at < sqlc.arg(instant)::timestamptz;

-- name: lockUnsentMails :many
SELECT id, kind FROM mails WHERE content IS NOT NULL AND created_at < @before ORDER BY created_at LIMIT @most
FOR UPDATE SKIP LOCKED;

-- name: queueDeferMail :exec
UPDATE mails SET budget = @budget WHERE id = @id AND content IS NOT NULL;

-- name: queueInsertMailboxMessage :exec
INSERT INTO mailbox_messages (id, message_id, recipient_index, content, created_at)
VALUES (@id, @message_id, @recipient_index, @content, @created_at) ON CONFLICT DO NOTHING;

-- name: deleteMails :execrows
DELETE FROM mails WHERE user_id = @user_id::uuid;

-- Deletes also those that the transaction has queued.
-- name: queueDeleteMails :exec
DELETE FROM mails WHERE user_id = @user_id::uuid;

-- The address of a deleted user may belong to another user.
-- name: deleteMailboxMessages :execrows
DELETE FROM mailbox_messages WHERE recipient_index = @recipient_index
    AND NOT EXISTS (SELECT FROM users u WHERE lower(u.email) = lower(@email::text)
        AND u.id <> @user_id AND u.deleted_at IS NULL);

-- name: readReader :one
SELECT language, timezone FROM profiles WHERE user_id = @user_id;

-- The mails that wait, at most so many, and since when the oldest does: 1970 if none waits.
-- name: countWaitingMails :one
SELECT count(*) AS waiting, coalesce(min(created_at), 'epoch')::timestamptz AS oldest
FROM (SELECT created_at FROM mails WHERE content IS NOT NULL ORDER BY created_at LIMIT @most) m;

-- The mails that were given up, at most so many, by why. Their audit entries are indexed by time.
-- name: countGivenUpMails :many
SELECT coalesce(m.reason, '')::text AS reason, count(*) AS n
FROM (SELECT metadata->>'reason' AS reason FROM audit_logs
    WHERE action = 'mail.give-up' AND created_at >= @since LIMIT @most) m
GROUP BY 1 ORDER BY 1;
