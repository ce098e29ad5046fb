-- Runs of the same rule on several servers take turns, batch by batch, so that their totals add up.
-- name: lockRule :exec
SELECT pg_advisory_xact_lock(hashtextextended('retention ' || sqlc.arg(rule)::text, 0));

-- name: beginRuns :exec
INSERT INTO retention_runs (rule, ran_at, removed, total)
SELECT n.name, sqlc.arg(ran_at)::timestamptz, 0,
    coalesce((SELECT max(r.total) FROM retention_runs r WHERE r.rule = n.name), 0)::bigint
FROM unnest(sqlc.arg(rules)::text[]) AS n (name)
ON CONFLICT DO NOTHING;

-- name: recordRun :exec
INSERT INTO retention_runs AS run (rule, ran_at, removed, total)
VALUES (sqlc.arg(rule), sqlc.arg(ran_at), sqlc.arg(removed)::bigint,
    sqlc.arg(removed)::bigint + coalesce((SELECT max(r.total) FROM retention_runs r WHERE r.rule = sqlc.arg(rule)), 0)::bigint)
ON CONFLICT (rule, ran_at) DO UPDATE SET removed = run.removed + excluded.removed, total = excluded.total;

-- The newest run of each rule, and the total of all.
-- name: listRuns :many
SELECT n.name::text AS rule, last.ran_at, last.removed,
    (SELECT max(r.total) FROM retention_runs r WHERE r.rule = n.name)::bigint AS total
FROM unnest(sqlc.arg(rules)::text[]) AS n (name),
    LATERAL (SELECT r.ran_at, r.removed FROM retention_runs r WHERE r.rule = n.name ORDER BY r.ran_at DESC LIMIT 1) last;
