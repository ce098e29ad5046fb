-- Every figure of a period from one snapshot, one row each. lowest_id and highest_id are bounds of the UUIDv7 ids of
-- the period: they keep the statement out of other months' partitions.
-- name: summarize :many
WITH due AS (
    SELECT c.status, c.cancelled_by, count(*) AS n, count(c.started_at) AS started,
        sum(c.started_at - c.created_at) AS waited
    FROM consultations c
    WHERE c.scheduled_start >= @from_time AND c.scheduled_start < @to_time
    GROUP BY c.status, c.cancelled_by
), offered AS (
    SELECT count(*) AS slots, coalesce(sum(s.max_patients), 0) AS seats
    FROM availability_slots s
    WHERE s.start_time >= @from_time AND s.start_time < @to_time AND s.status <> 'BLOCKED'
)
SELECT 'booked' AS figure, c.status::text AS label, count(*) AS n, 0::numeric AS amount
FROM consultations c
WHERE c.id >= @lowest_id AND c.id < @highest_id AND c.created_at >= @from_time AND c.created_at < @to_time
GROUP BY c.status
UNION ALL
SELECT 'due', d.status::text, d.n, 0 FROM due d WHERE d.status <> 'CANCELLED'
UNION ALL
SELECT 'cancelled', coalesce(d.cancelled_by::text, 'SYSTEM'), d.n, 0 FROM due d WHERE d.status = 'CANCELLED'
UNION ALL
SELECT 'started', '', coalesce(sum(d.started), 0)::bigint, 0 FROM due d
UNION ALL
SELECT 'waited seconds', '', coalesce(extract(epoch FROM sum(d.waited)), 0)::bigint, 0 FROM due d
UNION ALL
SELECT 'slots', '', o.slots, 0 FROM offered o
UNION ALL
SELECT 'seats', '', o.seats, 0 FROM offered o
UNION ALL
SELECT CASE u.role WHEN 'PATIENT' THEN 'new patients' ELSE 'new doctors' END, '', count(*), 0 FROM users u
WHERE u.role IN ('PATIENT', 'DOCTOR') AND u.created_at >= @from_time AND u.created_at < @to_time
GROUP BY u.role
UNION ALL
SELECT 'approved doctors', '', count(*), 0 FROM doctors d
WHERE d.is_approved AND d.approval_decided_at >= @from_time AND d.approval_decided_at < @to_time
UNION ALL
SELECT 'captured', a.currency, 0, sum(a.captured) FROM payment_attempts a
WHERE a.captured > 0 AND a.updated_at >= @from_time AND a.updated_at < @to_time
GROUP BY a.currency
UNION ALL
SELECT 'refunded', r.currency, 0, sum(r.amount) FROM refunds r
WHERE r.status = 'SUCCEEDED' AND r.unmatched_id IS NULL AND r.updated_at >= @from_time AND r.updated_at < @to_time
GROUP BY r.currency;
