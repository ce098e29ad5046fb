-- What a stream has not seen yet, in the order in which it happened, and whether its session still stands: only then are
-- there events. seen and until are snapshots: what was committed before seen was taken is left out, and so is what was
-- committed after until, unless that is empty; if seen is empty, there are no events. A transaction that commits late
-- may have a low id and a low xid, but no snapshot misses it. There is one row without an event if there is none.
-- name: readStream :many
SELECT pg_current_snapshot()::text AS snapshot, s.live::boolean AS live, coalesce(e.id, 0)::bigint AS id,
    coalesce(e.type, '')::text AS type, e.payload, coalesce(e.created_at, 'epoch')::timestamptz AS created_at
FROM (SELECT EXISTS (SELECT FROM sessions o JOIN users u ON u.id = o.user_id
        WHERE o.id = @session_id AND o.ended_at IS NULL AND o.expires_at > @now AND u.deleted_at IS NULL
            AND u.disabled_at IS NULL AND u.role = @role AND (o.second_factor_at IS NOT NULL OR NOT @proven::boolean)
            AND (@had_factor::boolean OR NOT u.mfa_enabled OR o.second_factor_at IS NOT NULL)) AS live) s
LEFT JOIN LATERAL (SELECT x.id, x.type, x.payload, x.created_at FROM events x
    WHERE s.live AND x.user_id = @user_id AND x.id > @after AND x.xid >= pg_snapshot_xmin(nullif(@seen::text, '')::pg_snapshot)
        AND NOT pg_visible_in_snapshot(x.xid, nullif(@seen::text, '')::pg_snapshot)
        AND (@until::text = '' OR pg_visible_in_snapshot(x.xid, nullif(@until::text, '')::pg_snapshot))
    ORDER BY x.id LIMIT @most) e ON true
ORDER BY e.id;

-- Returns a snapshot, and the users who have events that the snapshot seen doesn't see: none if seen is empty. What
-- seen doesn't see are the transactions that were under way then and those that began later.
-- name: findNewEvents :one
SELECT pg_current_snapshot()::text AS snapshot, ARRAY(
    SELECT e.user_id FROM events e WHERE e.xid >= pg_snapshot_xmax(nullif(@seen::text, '')::pg_snapshot)
    UNION
    SELECT e.user_id FROM events e WHERE e.xid = ANY (ARRAY(SELECT pg_snapshot_xip(nullif(@seen, '')::pg_snapshot)))
)::uuid[] AS users;
