-- The counts of each source. Their spans are whole quarters of an hour.

-- The ids of a span are UUIDv7 of nearly the same time: the bounds keep the statement out of other months' partitions.
-- name: countBooked :many
SELECT date_bin('15 minutes', c.created_at, 'epoch')::timestamptz AS quarter, c.status::text AS label, count(*) AS n
FROM (SELECT unnest(@begins::timestamptz[]) AS begins, unnest(@ends::timestamptz[]) AS ends) r
JOIN rollup_consultations c ON c.created_at >= r.begins AND c.created_at < r.ends
    AND c.id >= uuid7_floor(greatest(r.begins - interval '1 hour', 'epoch')) AND c.id < uuid7_floor(greatest(r.ends + interval '1 hour', 'epoch'))
GROUP BY 1, 2;

-- name: countDue :many
SELECT date_bin('15 minutes', c.scheduled_start, 'epoch')::timestamptz AS quarter, c.status::text AS status,
    (CASE c.status WHEN 'CANCELLED' THEN coalesce(c.cancelled_by::text, 'SYSTEM') WHEN 'NO_SHOW' THEN coalesce(c.absent::text, '') ELSE '' END)::text AS cause,
    (c.payment_status = 'PAID')::boolean AS paid, count(*) AS n, count(c.started_at) AS started,
    coalesce(extract(epoch FROM sum(c.started_at - c.created_at)) * 1000000, 0)::bigint AS waited
FROM (SELECT unnest(@begins::timestamptz[]) AS begins, unnest(@ends::timestamptz[]) AS ends) r
JOIN rollup_consultations c ON c.scheduled_start >= r.begins AND c.scheduled_start < r.ends
GROUP BY 1, 2, 3, 4;

-- name: countSlots :many
SELECT date_bin('15 minutes', s.start_time, 'epoch')::timestamptz AS quarter, count(*) AS slots,
    sum(s.max_patients)::bigint AS seats
FROM (SELECT unnest(@begins::timestamptz[]) AS begins, unnest(@ends::timestamptz[]) AS ends) r
JOIN availability_slots s ON s.start_time >= r.begins AND s.start_time < r.ends AND s.status <> 'BLOCKED'
GROUP BY 1;

-- name: countUsers :many
SELECT date_bin('15 minutes', u.created_at, 'epoch')::timestamptz AS quarter,
    (u.role::text || CASE WHEN u.deleted_at IS NULL THEN '' ELSE ' deleted' END)::text AS label, count(*) AS n
FROM (SELECT unnest(@begins::timestamptz[]) AS begins, unnest(@ends::timestamptz[]) AS ends) r
JOIN users u ON u.role IN ('PATIENT', 'DOCTOR', 'SUPPORT', 'ADMIN') AND u.created_at >= r.begins AND u.created_at < r.ends
GROUP BY 1, 2;

-- name: countApprovals :many
SELECT date_bin('15 minutes', d.approval_decided_at, 'epoch')::timestamptz AS quarter, count(*) AS n
FROM (SELECT unnest(@begins::timestamptz[]) AS begins, unnest(@ends::timestamptz[]) AS ends) r
JOIN doctors d ON d.approval_decided_at >= r.begins AND d.approval_decided_at < r.ends AND d.is_approved
GROUP BY 1;

-- In the hundredth part of a currency's unit.
-- name: countCaptured :many
SELECT date_bin('15 minutes', a.updated_at, 'epoch')::timestamptz AS quarter, a.currency AS label,
    (sum(a.captured) * 100)::bigint AS n
FROM (SELECT unnest(@begins::timestamptz[]) AS begins, unnest(@ends::timestamptz[]) AS ends) r
JOIN payment_attempts a ON a.captured > 0 AND a.updated_at >= r.begins AND a.updated_at < r.ends
GROUP BY 1, 2;

-- name: countRefunded :many
SELECT date_bin('15 minutes', f.updated_at, 'epoch')::timestamptz AS quarter, f.currency AS label,
    (sum(f.amount) * 100)::bigint AS n
FROM (SELECT unnest(@begins::timestamptz[]) AS begins, unnest(@ends::timestamptz[]) AS ends) r
JOIN refunds f ON f.status = 'SUCCEEDED' AND f.unmatched_id IS NULL AND f.updated_at >= r.begins AND f.updated_at < r.ends
GROUP BY 1, 2;

-- Keeping the rollups.

-- Returns no row while another server or command keeps them.
-- name: tryLockState :one
SELECT one FROM rollup_state FOR UPDATE SKIP LOCKED;

-- name: lockState :one
SELECT one FROM rollup_state FOR UPDATE;

-- name: setCompleteUntil :exec
UPDATE rollup_state SET complete_until = @complete_until;

-- name: takeChanges :many
DELETE FROM rollup_changes WHERE ctid = ANY (ARRAY(SELECT ctid FROM rollup_changes
    WHERE source NOT IN ('day', 'slots-day', 'completed') LIMIT @most))
RETURNING source, at, subject;

-- Returns the first day that waits, at or after since; no row if there is none.
-- name: findChangedDay :one
SELECT date_trunc('day', min(at), 'UTC')::timestamptz AS day FROM rollup_changes
WHERE source IN ('day', 'slots-day', 'completed') AND at >= @since HAVING min(at) IS NOT NULL;

-- name: takeDay :many
DELETE FROM rollup_changes WHERE source IN ('day', 'slots-day', 'completed') AND at >= @begins AND at < @ends
RETURNING source, subject;

-- The day of the next consultation that each of these patients completed: it may be the patient's first now, or no more.
-- name: noteNextVisits :exec
INSERT INTO rollup_changes (source, at)
SELECT DISTINCT 'completed', date_trunc('day', n.at, 'UTC')
FROM (SELECT (SELECT l.scheduled_start FROM rollup_consultations l
        WHERE l.patient_id = c.patient_id AND l.status = 'COMPLETED'
            AND (l.scheduled_start, l.id) > (c.scheduled_start, c.id)
        ORDER BY l.scheduled_start, l.id LIMIT 1)::timestamptz AS at
    FROM rollup_consultations c WHERE c.id = ANY (@consultations::uuid[])) n
WHERE n.at >= @since::timestamptz;

-- name: listCompletedOfDay :many
SELECT id FROM rollup_consultations WHERE status = 'COMPLETED' AND scheduled_start >= @begins AND scheduled_start < @ends;

-- name: noteDaysOfDoctors :exec
INSERT INTO rollup_changes (source, at)
SELECT DISTINCT 'completed', date_trunc('day', c.scheduled_start, 'UTC') FROM rollup_consultations c
WHERE c.doctor_id = ANY (@doctors::uuid[]) AND c.status = 'COMPLETED';

-- name: noteSlotsDays :exec
INSERT INTO rollup_changes (source, at) SELECT 'slots-day', unnest(@days::timestamptz[]);

-- name: listRollups :many
SELECT day, label, sums FROM rollups WHERE source = @source AND day = ANY (@days::date[]);

-- name: queueUpsertRollup :exec
INSERT INTO rollups (source, day, label, sums) VALUES (@source, @day, @label, @sums)
ON CONFLICT (source, day, label) DO UPDATE SET sums = excluded.sums;

-- name: queueDeleteRollup :exec
DELETE FROM rollups WHERE source = @source AND day = @day AND label = @label;

-- name: listDoctorsOfDay :many
SELECT s.doctor_id FROM availability_slots s WHERE s.start_time >= @begins AND s.start_time < @ends
UNION SELECT c.doctor_id FROM rollup_consultations c WHERE c.scheduled_start >= @begins AND c.scheduled_start < @ends
UNION SELECT d.doctor_id FROM rollup_doctor_days d WHERE d.day = @day;

-- The statements on units look each unit up: OFFSET 0 keeps the planner from a join that reads all rows.
-- name: deleteDoctorDays :exec
DELETE FROM rollup_doctor_days WHERE ctid = ANY (ARRAY(
    SELECT d.ctid
    FROM (SELECT unnest(@doctors::uuid[]) AS doctor_id, unnest(@days::date[]) AS day) u
    CROSS JOIN LATERAL (SELECT r.ctid FROM rollup_doctor_days r
        WHERE r.doctor_id = u.doctor_id AND r.day = u.day OFFSET 0) d));

-- name: insertDoctorDays :exec
WITH unit AS (
    SELECT u.doctor_id, u.day, u.day::timestamp AT TIME ZONE 'UTC' AS begins, (u.day + 1)::timestamp AT TIME ZONE 'UTC' AS ends
    FROM (SELECT unnest(@doctors::uuid[]) AS doctor_id, unnest(@days::date[]) AS day) u
), seats AS (
    SELECT u.doctor_id, u.day, floor(extract(epoch FROM s.start_time - u.begins) / 900)::smallint AS quarter,
        extract(epoch FROM s.end_time - s.start_time) * s.max_patients AS offered, 0 AS booked
    FROM unit u
    CROSS JOIN LATERAL (SELECT a.start_time, a.end_time, a.max_patients FROM availability_slots a
        WHERE a.doctor_id = u.doctor_id AND a.start_time >= u.begins AND a.start_time < u.ends
            AND a.status <> 'BLOCKED' OFFSET 0) s
    UNION ALL
    SELECT u.doctor_id, u.day, floor(extract(epoch FROM c.scheduled_start - u.begins) / 900)::smallint,
        0, extract(epoch FROM c.scheduled_end - c.scheduled_start)
    FROM unit u
    CROSS JOIN LATERAL (SELECT b.scheduled_start, b.scheduled_end FROM rollup_consultations b
        WHERE b.doctor_id = u.doctor_id AND b.scheduled_start >= u.begins AND b.scheduled_start < u.ends
            AND b.status <> 'CANCELLED' OFFSET 0) c
), quarters AS (
    SELECT doctor_id, day, quarter, sum(offered)::bigint AS offered, sum(booked)::bigint AS booked FROM seats GROUP BY 1, 2, 3
)
INSERT INTO rollup_doctor_days (doctor_id, day, offered, booked, quarters, offered_by_quarter, booked_by_quarter)
SELECT doctor_id, day, sum(offered), sum(booked), array_agg(quarter ORDER BY quarter), array_agg(offered ORDER BY quarter),
    array_agg(booked ORDER BY quarter)
FROM quarters GROUP BY 1, 2;

-- name: deleteDoctorMonths :exec
DELETE FROM rollup_doctor_months WHERE ctid = ANY (ARRAY(
    SELECT m.ctid
    FROM (SELECT DISTINCT doctor_id, date_trunc('month', day)::date AS month
        FROM (SELECT unnest(@doctors::uuid[]) AS doctor_id, unnest(@days::date[]) AS day) p) u
    CROSS JOIN LATERAL (SELECT r.ctid FROM rollup_doctor_months r
        WHERE r.doctor_id = u.doctor_id AND r.month = u.month OFFSET 0) m));

-- name: insertDoctorMonths :exec
INSERT INTO rollup_doctor_months (month, doctor_id, offered, booked)
SELECT u.month, u.doctor_id, sum(d.offered), sum(d.booked)
FROM (SELECT DISTINCT doctor_id, date_trunc('month', day)::date AS month
    FROM (SELECT unnest(@doctors::uuid[]) AS doctor_id, unnest(@days::date[]) AS day) p) u
CROSS JOIN LATERAL (SELECT r.offered, r.booked FROM rollup_doctor_days r
    WHERE r.doctor_id = u.doctor_id AND r.day >= u.month AND r.day < (u.month + interval '1 month')::date OFFSET 0) d
GROUP BY 1, 2;

-- name: deleteGroups :exec
DELETE FROM rollup_groups WHERE day = @day;

-- A sub-select in a CASE is run for each row: a join would read all consultations.
-- name: insertGroups :exec
WITH completed AS (
    SELECT c.patient_id, d.specialization,
        row_number() OVER (PARTITION BY c.patient_id ORDER BY c.scheduled_start, c.id) = 1 AS is_first_of_day,
        CASE WHEN EXISTS (SELECT FROM rollup_consultations e WHERE e.patient_id = c.patient_id AND e.status = 'COMPLETED'
            AND (e.scheduled_start, e.id) < (c.scheduled_start, c.id)) THEN 'RETURNING' ELSE 'NEW' END AS visit
    FROM rollup_consultations c JOIN doctors d ON d.id = c.doctor_id
    WHERE c.scheduled_start >= @begins AND c.scheduled_start < @ends AND c.status = 'COMPLETED'
)
INSERT INTO rollup_groups (day, kind, label, name, consultations, patients)
SELECT @day::date, 'specialization', search_fold(specialization), mode() WITHIN GROUP (ORDER BY specialization),
    count(*), count(*) FILTER (WHERE is_first_of_day)
FROM completed GROUP BY 3
UNION ALL
SELECT @day::date, 'visit', visit, visit, count(*), count(*) FILTER (WHERE is_first_of_day) FROM completed GROUP BY 3;

-- Reading them.

-- name: readState :one
SELECT complete_until FROM rollup_state;

-- name: listChanges :many
SELECT source, at FROM rollup_changes
WHERE source = ANY (@sources::text[]) OR source = 'day'
    OR (source IN ('doctor-day', 'slots-day') AND 'slots' = ANY (@sources)) LIMIT @most;

-- Without the figures that are zero: a currency that moved only in another part of the day isn't one of the period.
-- name: sumRollups :many
SELECT t.part::int AS part, r.source, r.label, sum(r.sums[t.ends + 1] - r.sums[t.begins + 1])::bigint AS n
FROM (SELECT unnest(@sources::text[]) AS source, unnest(@days::date[]) AS day, unnest(@begins::int[]) AS begins,
    unnest(@ends::int[]) AS ends, unnest(@parts::int[]) AS part) t
JOIN rollups r ON r.source = t.source AND r.day = t.day
GROUP BY 1, 2, 3 HAVING sum(r.sums[t.ends + 1] - r.sums[t.begins + 1]) <> 0;

-- Without some quarters, which are counted from the table.
-- name: sumAllDays :many
SELECT r.label, sum(r.sums[97] - coalesce((SELECT sum(r.sums[c.quarter + 2] - r.sums[c.quarter + 1])
    FROM (SELECT unnest(@days::date[]) AS day, unnest(@quarters::int[]) AS quarter) c WHERE c.day = r.day), 0))::bigint AS n
FROM rollups r WHERE r.source = @source GROUP BY r.label;

-- Months, whole days and parts of days, each added or, with the sign -1, subtracted.
-- name: sumDoctors :many
SELECT s.part::int AS part, s.doctor_id, sum(s.offered)::bigint AS offered, sum(s.booked)::bigint AS booked
FROM (
    SELECT m.part, r.doctor_id, r.offered, r.booked
    FROM (SELECT unnest(@months::date[]) AS month, unnest(@month_parts::int[]) AS part) m
    JOIN rollup_doctor_months r ON r.month = m.month
    UNION ALL
    SELECT d.part, r.doctor_id, d.sign * r.offered, d.sign * r.booked
    FROM (SELECT unnest(@days::date[]) AS day, unnest(@day_parts::int[]) AS part, unnest(@day_signs::int[]) AS sign) d
    JOIN rollup_doctor_days r ON r.day = d.day
    UNION ALL
    SELECT e.part, r.doctor_id, e.sign * r.offered_by_quarter[i], e.sign * r.booked_by_quarter[i]
    FROM (SELECT unnest(@edges::date[]) AS day, unnest(@begins::int[]) AS begins, unnest(@ends::int[]) AS ends,
        unnest(@edge_parts::int[]) AS part, unnest(@edge_signs::int[]) AS sign) e
    JOIN rollup_doctor_days r ON r.day = e.day
    CROSS JOIN generate_subscripts(r.quarters, 1) AS i
    WHERE r.quarters[i] >= e.begins AND r.quarters[i] < e.ends
) s GROUP BY 1, 2 HAVING (sum(s.offered), sum(s.booked)) <> (0, 0);

-- Deleted accounts have no name any more.
-- name: listDoctors :many
SELECT d.id, d.specialization, p.full_name FROM doctors d LEFT JOIN users u ON u.id = d.id AND u.deleted_at IS NULL
    LEFT JOIN profiles p ON p.user_id = u.id
WHERE d.id = ANY (@ids::uuid[]);

-- name: listGroups :many
SELECT day, label, name, consultations, patients FROM rollup_groups
WHERE kind = @kind AND day >= @from_day AND day <= @to_day ORDER BY day, label;

-- Doctors who aren't deleted. A sub-select: a join would read all users.
-- name: readDoctors :one
SELECT count(*) FILTER (WHERE d.is_approved) AS approved,
    count(*) FILTER (WHERE NOT d.is_approved AND d.approval_decided_at IS NULL) AS waiting,
    coalesce(sum(d.rating_sum), 0)::bigint AS stars, coalesce(sum(d.rating_count), 0)::bigint AS ratings
FROM doctors d WHERE (SELECT u.deleted_at IS NULL FROM users u WHERE u.id = d.id);

-- The doctors whom patients can book, and when each has the first free slot: 1970 if there is none.
-- name: listFirstFreeSlots :many
SELECT search_fold(d.specialization)::text AS label, d.specialization,
    coalesce((SELECT s.start_time FROM availability_slots s
        WHERE s.doctor_id = d.id AND s.status = 'AVAILABLE' AND s.start_time > @now
        ORDER BY s.start_time LIMIT 1), 'epoch')::timestamptz AS first
FROM doctors d
WHERE d.is_approved AND (SELECT u.deleted_at IS NULL AND u.disabled_at IS NULL FROM users u WHERE u.id = d.id);

-- The figures of one doctor, by day: begins has the first instant of each day, and the last element is the end of the
-- last day. They are counted from the tables, as a doctor has some thousand visits a year. A visit is booked before it
-- starts, and after the doctor has signed up: its id bounds the months.
-- name: countVisitsOfDoctor :many
SELECT width_bucket(c.scheduled_start, @begins::timestamptz[])::int AS nth, c.status::text AS status,
    (CASE c.status WHEN 'CANCELLED' THEN coalesce(c.cancelled_by::text, 'SYSTEM') WHEN 'NO_SHOW' THEN coalesce(c.absent::text, '') ELSE '' END)::text AS cause,
    c.currency, count(*) AS n,
    coalesce(sum((SELECT sum(a.captured) FROM payments p JOIN payment_attempts a ON a.payment_id = p.id
        WHERE p.consultation_id = c.id AND a.status = 'SUCCESS')) FILTER (WHERE c.payment_status = 'PAID'), 0)::numeric(12, 2) AS paid,
    coalesce(sum((SELECT sum(r.amount) FROM refunded_fees r
        WHERE r.consultation_id = c.id)) FILTER (WHERE c.payment_status = 'PAID'), 0)::numeric(12, 2) AS refunded
FROM all_consultations c
WHERE c.doctor_id = @doctor AND c.scheduled_start >= @since AND c.scheduled_start < @until
    AND c.id >= ids_since(@doctor) AND c.id < uuid7_floor(greatest(sqlc.arg(until)::timestamptz + interval '1 hour', 'epoch'))
GROUP BY 1, 2, 3, 4;

-- name: countSeatsOfDoctor :many
SELECT width_bucket(s.start_time, @begins::timestamptz[])::int AS nth, sum(s.max_patients)::bigint AS seats
FROM availability_slots s
WHERE s.doctor_id = @doctor AND s.start_time >= @since AND s.start_time < @until AND s.status <> 'BLOCKED'
GROUP BY 1;

-- Returns no row for a doctor who hasn't applied.
-- name: readRatingOfDoctor :one
SELECT rating_sum, rating_count FROM doctors WHERE id = @doctor;
