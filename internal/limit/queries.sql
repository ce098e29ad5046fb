-- Counts a failure. Returns no row while the key must wait after earlier failures.
-- name: countFailure :one
INSERT INTO attempts AS a (key, failures, locked_until, updated_at)
VALUES (sqlc.arg(key), 1, sqlc.arg(now), sqlc.arg(now))
ON CONFLICT (key) DO UPDATE SET updated_at = sqlc.arg(now),
    failures = CASE WHEN a.updated_at < sqlc.arg(oldest)::timestamptz THEN 1 ELSE a.failures + 1 END,
    locked_until = CASE WHEN a.updated_at < sqlc.arg(oldest)::timestamptz
            OR a.failures + 1 < sqlc.arg(free_attempts)::bigint THEN sqlc.arg(now)
        ELSE sqlc.arg(now) + make_interval(secs => least(sqlc.arg(max_wait_seconds)::float8,
            sqlc.arg(first_wait_seconds)::float8
                * power(2, least(a.failures + 1 - sqlc.arg(free_attempts)::bigint, 30)))) END
WHERE a.locked_until <= sqlc.arg(now)
RETURNING failures;

-- Counts one use in the key's window, or begins a new window. Returns no row if the window is full.
-- name: countInWindow :one
INSERT INTO attempts AS a (key, failures, locked_until, updated_at)
VALUES (sqlc.arg(key), 1, sqlc.arg(until), sqlc.arg(now))
ON CONFLICT (key) DO UPDATE SET updated_at = sqlc.arg(now),
    failures = CASE WHEN a.locked_until <= sqlc.arg(now) THEN 1 ELSE a.failures + 1 END,
    locked_until = CASE WHEN a.locked_until <= sqlc.arg(now) THEN sqlc.arg(until) ELSE a.locked_until END
WHERE a.locked_until <= sqlc.arg(now) OR a.failures < sqlc.arg(max)::bigint
RETURNING locked_until;

-- name: restartWindow :exec
INSERT INTO attempts AS a (key, failures, locked_until, updated_at)
VALUES (sqlc.arg(key), 1, sqlc.arg(until), sqlc.arg(now))
ON CONFLICT (key) DO UPDATE SET failures = 1, locked_until = sqlc.arg(until), updated_at = sqlc.arg(now);

-- name: lockedUntil :one
SELECT locked_until FROM attempts WHERE key = sqlc.arg(key);

-- name: queueDeleteAttempts :exec
DELETE FROM attempts WHERE key = sqlc.arg(key);

-- name: queueUndoAttempt :exec
UPDATE attempts SET failures = greatest(failures - 1, 0) WHERE key = sqlc.arg(key);
