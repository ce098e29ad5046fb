-- A doctor's slots that overlap a period, blocked ones too; since is the earliest start that such a slot can have. It has
-- no range and no status in its conditions, so that the index of the times answers it, not the one of the exclusion
-- constraint.
-- name: listSlotsDuring :many
SELECT id, start_time, end_time, status FROM availability_slots
WHERE doctor_id = @doctor_id AND start_time >= @since AND start_time < @before AND end_time > @after
ORDER BY start_time, id;

-- A doctor's slots that overlap a period, with their seats; as above.
-- name: listSlotsOfDay :many
SELECT id, start_time, end_time, status, max_patients, seats_taken FROM availability_slots
WHERE doctor_id = @doctor_id AND start_time >= @since AND start_time < @before AND end_time > @after
ORDER BY start_time, id;

-- name: insertSlot :one
INSERT INTO availability_slots (id, doctor_id, start_time, end_time, status, max_patients, created_at, updated_at)
VALUES (@id, @doctor_id, @start_time, @end_time, @status, @max_patients, @now, @now)
RETURNING *;

-- name: lockSlot :one
SELECT * FROM availability_slots WHERE id = @id FOR UPDATE;

-- name: updateSlot :exec
UPDATE availability_slots SET start_time = @start_time, end_time = @end_time, status = @status, max_patients = @max_patients,
    rule_id = sqlc.narg('rule_id'), local_start = sqlc.narg('local_start'), extra_id = sqlc.narg('extra_id'),
    blocked_by = sqlc.narg('blocked_by'), updated_at = @now
WHERE id = @id;

-- When the data of a doctor who has asked for erasure are due to be erased.
-- name: findErasureTime :one
SELECT due_at FROM erasures WHERE user_id = @doctor_id AND status = 'PENDING';

-- name: isSlotOfArchive :one
SELECT EXISTS (SELECT FROM archived_consultations WHERE slot_id = @id);

-- name: deleteSlot :exec
DELETE FROM availability_slots WHERE id = @id;

-- What decides which slots a reader can book with a doctor, and how long a visit takes; no row for a doctor whom patients
-- can't find. seen: the doctor has completed a consultation with the reader. It is not looked up if nothing depends on it.
-- name: readVisit :one
SELECT (r.first_visit_minutes IS DISTINCT FROM r.follow_up_minutes AND @is_patient::boolean AND had_visit(@reader_id, d.id))::boolean AS seen,
    r.first_visit_minutes, r.follow_up_minutes
FROM doctors d JOIN users u ON u.id = d.id LEFT JOIN booking_rules r ON r.doctor_id = d.id
WHERE d.id = @doctor_id AND d.is_approved AND u.deleted_at IS NULL AND u.disabled_at IS NULL;

-- A doctor's free slots never share a start, so the start alone is the position in the list.
-- name: listFreeSlots :many
SELECT s.* FROM availability_slots s LEFT JOIN booking_rules r ON r.doctor_id = s.doctor_id
WHERE s.doctor_id = @doctor_id AND s.status = 'AVAILABLE' AND s.start_time > @after AND s.start_time >= @from_time
    AND s.start_time < @to_time AND is_bookable(s, r, @seen, @now::timestamptz)
ORDER BY s.start_time LIMIT @max_rows;

-- name: listFreeSeats :many
SELECT s.start_time, (s.max_patients - s.seats_taken)::int AS seats
FROM availability_slots s LEFT JOIN booking_rules r ON r.doctor_id = s.doctor_id
WHERE s.doctor_id = @doctor_id AND s.status = 'AVAILABLE' AND s.start_time > @now::timestamptz
    AND s.start_time >= @from_time AND s.start_time < @to_time AND is_bookable(s, r, @seen, @now::timestamptz)
ORDER BY s.start_time;

-- name: readSlot :one
SELECT * FROM availability_slots WHERE id = @id;

-- Whether somebody can book a slot now, on a first visit or on a later one. The doctor is named, so that every table is
-- looked up by its key.
-- name: isSlotBookable :one
SELECT EXISTS (SELECT FROM availability_slots s JOIN doctors d ON d.id = @doctor_id AND d.is_approved
    JOIN users u ON u.id = @doctor_id AND u.deleted_at IS NULL AND u.disabled_at IS NULL
    LEFT JOIN booking_rules r ON r.doctor_id = @doctor_id
    WHERE s.id = @id AND (is_bookable(s, r, false, @now::timestamptz) OR is_bookable(s, r, true, @now::timestamptz)));

-- name: listSlots :many
SELECT * FROM availability_slots
WHERE doctor_id = @doctor_id AND start_time >= @from_time AND start_time < @to_time
    AND (start_time, id) > (@after_start::timestamptz, @after_id::uuid)
    AND (@status::text = '' OR status = (nullif(@status::text, ''))::slot_status)
ORDER BY start_time, id LIMIT @max_rows;

-- One conditional UPDATE counts the seat. The lock on the patient makes the patient's bookings and cancellations run one
-- after the other: two overlapping bookings at once would deadlock in the exclusion constraint. The lock on the rules of a
-- doctor with a daily maximum does the same with the doctor's bookings, which isDayOverfull counts afterwards.
--
-- Sub-selects instead of joins: the slot is found by its key and the doctor by the slot, where a plan of a join may begin
-- with all doctors while the database is small.
-- name: batchTakeSeat :one
WITH patient AS (
    SELECT u.id FROM users u WHERE u.id = @patient_id AND u.deleted_at IS NULL AND u.disabled_at IS NULL FOR NO KEY UPDATE
), counted AS (
    SELECT r.doctor_id FROM booking_rules r
    WHERE r.doctor_id = (SELECT o.doctor_id FROM availability_slots o WHERE o.id = @slot_id) AND r.daily_maximum IS NOT NULL
        AND (SELECT id FROM patient) IS NOT NULL FOR NO KEY UPDATE
), taken AS (
    UPDATE availability_slots s
    SET seats_taken = s.seats_taken + 1, updated_at = @now::timestamptz,
        status = CASE WHEN s.seats_taken + 1 = s.max_patients THEN 'BOOKED'::slot_status ELSE 'AVAILABLE'::slot_status END
    FROM (VALUES (1)) one LEFT JOIN booking_rules r
        ON r.doctor_id = (SELECT o.doctor_id FROM availability_slots o WHERE o.id = @slot_id)
    WHERE s.id = @slot_id AND (SELECT id FROM patient) IS NOT NULL AND (SELECT count(*) FROM counted) >= 0
      AND s.status = 'AVAILABLE' AND is_bookable(s, r, had_visit(@patient_id, s.doctor_id), @now::timestamptz)
      AND (SELECT d.is_approved AND u.deleted_at IS NULL AND u.disabled_at IS NULL FROM doctors d JOIN users u ON u.id = d.id
          WHERE d.id = s.doctor_id)
    RETURNING s.id, s.doctor_id, s.start_time,
        coalesce(s.start_time + visit_length(r, had_visit(@patient_id, s.doctor_id)), s.end_time) AS end_time,
        r.daily_maximum IS NOT NULL AS is_counted
), seated AS (
    INSERT INTO seats (slot_id, patient_id, doctor_id, consultation_id, during)
    SELECT t.id, @patient_id, t.doctor_id, @consultation_id, tstzrange(t.start_time, t.end_time) FROM taken t
)
SELECT t.id, t.doctor_id, t.start_time, t.end_time::timestamptz AS end_time, t.is_counted::boolean AS is_counted,
    f.consultation_fee, f.currency
FROM taken t, LATERAL (SELECT consultation_fee, currency FROM doctors WHERE id = t.doctor_id OFFSET 0) f;

-- Whether a doctor has more consultations on a day than the daily maximum. In a statement of its own: the one that waited
-- for the lock doesn't see what was booked meanwhile.
-- name: isDayOverfull :one
SELECT count_visits(r.doctor_id, @start_time::timestamptz, @now::timestamptz) > r.daily_maximum
FROM booking_rules r WHERE r.doctor_id = @doctor_id;

-- Locks what a move of a seat changes, in the order in which bookings lock: the patient, the rules, the slots.
-- name: lockMove :exec
WITH patient AS (
    SELECT u.id FROM users u WHERE u.id = @patient_id FOR NO KEY UPDATE
), counted AS (
    SELECT r.doctor_id FROM booking_rules r
    WHERE r.doctor_id = (SELECT o.doctor_id FROM availability_slots o WHERE o.id = @to_slot) AND r.daily_maximum IS NOT NULL
        AND (SELECT id FROM patient) IS NOT NULL FOR NO KEY UPDATE
)
SELECT s.id FROM availability_slots s
WHERE s.id IN (@from_slot, @to_slot) AND (SELECT id FROM patient) IS NOT NULL AND (SELECT count(*) FROM counted) >= 0
ORDER BY s.id FOR UPDATE;

-- name: lockSlots :exec
SELECT id FROM availability_slots WHERE doctor_id = @doctor_id AND start_time > @now ORDER BY id FOR UPDATE;

-- A slot with seats taken keeps them and has no free ones.
-- name: closeSlots :exec
UPDATE availability_slots SET status = CASE WHEN seats_taken = 0 THEN 'BLOCKED'::slot_status ELSE 'BOOKED' END,
    max_patients = CASE WHEN seats_taken = 0 THEN max_patients ELSE seats_taken END,
    blocked_by = coalesce(blocked_by, doctor_id), updated_at = @now
WHERE doctor_id = @doctor_id AND start_time > @start_time AND status <> 'BLOCKED';

-- name: startSeat :exec
UPDATE seats SET started = true WHERE consultation_id = @consultation_id;

-- name: readBookability :one
SELECT coalesce(slot_refusal(s, r, had_visit(@patient_id, s.doctor_id), @now::timestamptz), 'taken')::text AS refusal,
    had_visit(@patient_id, s.doctor_id)::boolean AS seen,
    EXISTS (SELECT FROM users p WHERE p.id = @patient_id AND p.deleted_at IS NULL AND p.disabled_at IS NULL) AS patient_active,
    (d.is_approved AND u.deleted_at IS NULL AND u.disabled_at IS NULL)::boolean AS doctor_bookable,
    d.id AS doctor_id
FROM availability_slots s JOIN doctors d ON d.id = s.doctor_id JOIN users u ON u.id = d.id
    LEFT JOIN booking_rules r ON r.doctor_id = d.id
WHERE s.id = @id;

-- The patient is locked first, as in batchTakeSeat. Only the call that deletes the seat lowers the count, so that two calls
-- free one seat. A slot that is closed to bookings, by a leave for one, isn't opened by that.
-- name: releaseSeat :one
WITH patient AS (
    SELECT u.id FROM seats x JOIN users u ON u.id = x.patient_id WHERE x.consultation_id = @consultation_id FOR NO KEY UPDATE OF u
), freed AS (
    DELETE FROM seats x USING patient p WHERE x.consultation_id = @consultation_id AND x.patient_id = p.id RETURNING x.slot_id, x.patient_id
)
UPDATE availability_slots s SET seats_taken = s.seats_taken - 1, updated_at = @now,
    status = CASE WHEN s.blocked_by IS NULL THEN 'AVAILABLE'::slot_status WHEN s.seats_taken = 1 THEN 'BLOCKED' ELSE 'BOOKED' END,
    max_patients = CASE WHEN s.blocked_by IS NULL OR s.seats_taken = 1 THEN s.max_patients ELSE s.seats_taken - 1 END
FROM freed WHERE s.id = freed.slot_id RETURNING s.id, freed.patient_id;

-- Frees the seat that an offer held, as releaseSeat does.
-- name: releaseHold :exec
UPDATE availability_slots s SET seats_taken = s.seats_taken - 1, updated_at = @now,
    status = CASE WHEN s.blocked_by IS NULL THEN 'AVAILABLE'::slot_status WHEN s.seats_taken = 1 THEN 'BLOCKED' ELSE 'BOOKED' END,
    max_patients = CASE WHEN s.blocked_by IS NULL OR s.seats_taken = 1 THEN s.max_patients ELSE s.seats_taken - 1 END
WHERE s.id = @slot_id;

-- Offers a free seat of a slot, which the caller has locked, to the first in line who could book it, didn't just give it up
-- (given_up_by) and wasn't offered it before. The seat is held until held_until, but not longer than it can be booked; it
-- isn't offered if that is before shortest. An entry that somebody changes just now is left out.
--
-- The rules of the slot are asked once, for a first visit and for a later one, and not for each entry; and the sub-select of
-- the doctor lets the index of the line give the entries in order, so that the first that fits ends the search.
-- name: offerSeat :one
WITH slot AS MATERIALIZED (
    SELECT s.id, s.doctor_id, s.start_time, s.end_time,
        s.start_time - coalesce(r.minimum_notice_minutes, 0) * interval '1 minute' AS bookable_until,
        is_bookable(s, r, true, @now::timestamptz) AS for_seen, is_bookable(s, r, false, @now::timestamptz) AS for_new
    FROM availability_slots s
        LEFT JOIN booking_rules r ON r.doctor_id = (SELECT o.doctor_id FROM availability_slots o WHERE o.id = @slot_id)
    WHERE s.id = @slot_id AND s.status = 'AVAILABLE'
        AND (SELECT d.is_approved AND u.deleted_at IS NULL AND u.disabled_at IS NULL FROM doctors d JOIN users u ON u.id = d.id
            WHERE d.id = s.doctor_id)
        AND EXISTS (SELECT FROM waitlist_entries w WHERE w.doctor_id = s.doctor_id AND w.status = 'WAITING')
), first AS (
    SELECT e.id, s.id AS slot_id, least(@held_until::timestamptz, s.bookable_until)::timestamptz AS expires_at
    FROM waitlist_entries e JOIN slot s ON s.bookable_until >= @shortest::timestamptz AND (s.for_seen OR s.for_new)
    WHERE e.doctor_id = (SELECT doctor_id FROM slot) AND e.status = 'WAITING' AND e.patient_id <> @given_up_by::uuid
        AND e.from_time <= s.start_time AND e.to_time > s.start_time
        AND (e.part_of_day IS NULL OR e.part_of_day = part_of_day(s.start_time, e.timezone))
        AND (SELECT p.deleted_at IS NULL AND p.disabled_at IS NULL FROM users p WHERE p.id = e.patient_id)
        AND NOT EXISTS (SELECT FROM waitlist_offers w WHERE w.entry_id = e.id AND w.slot_id = s.id)
        AND NOT EXISTS (SELECT FROM seats x WHERE x.patient_id = e.patient_id AND x.during && tstzrange(s.start_time, s.end_time))
        AND CASE WHEN s.for_seen = s.for_new THEN true ELSE had_visit(e.patient_id, s.doctor_id) = s.for_seen END
    ORDER BY e.queued_at, e.id LIMIT 1 FOR UPDATE OF e SKIP LOCKED
), held AS (
    UPDATE availability_slots s SET seats_taken = s.seats_taken + 1, updated_at = @now::timestamptz,
        status = CASE WHEN s.seats_taken + 1 = s.max_patients THEN 'BOOKED'::slot_status ELSE 'AVAILABLE'::slot_status END
    FROM first f WHERE s.id = f.slot_id
), offered AS (
    UPDATE waitlist_entries e SET status = 'OFFERED', updated_at = @now::timestamptz FROM first f WHERE e.id = f.id
)
INSERT INTO waitlist_offers (entry_id, slot_id, created_at, expires_at)
SELECT f.id, f.slot_id, @now::timestamptz, f.expires_at FROM first f RETURNING entry_id;

-- name: readZone :one
SELECT timezone FROM profiles WHERE user_id = @user_id;

-- name: readDoctorName :one
SELECT full_name FROM profiles WHERE user_id = @user_id;

-- name: lockPatient :exec
SELECT id FROM users WHERE id = @id FOR NO KEY UPDATE;

-- name: countWaiting :one
SELECT count(*) FROM waitlist_entries WHERE patient_id = ANY(@people::uuid[]) AND status IN ('WAITING', 'OFFERED');

-- name: insertWaitlistEntry :one
INSERT INTO waitlist_entries (id, patient_id, doctor_id, from_date, to_date, timezone, from_time, to_time, part_of_day,
    queued_at, created_at, updated_at)
VALUES (@id, @patient_id, @doctor_id, @from_date, @to_date, @timezone, @from_time, @to_time, sqlc.narg('part_of_day'), @now,
    @now, @now)
RETURNING *;

-- name: lockWaitlistEntry :one
SELECT * FROM waitlist_entries WHERE id = @id FOR UPDATE;

-- name: listWaitlist :many
SELECT sqlc.embed(e), p.full_name AS doctor_name, o.slot_id, s.start_time, s.end_time, o.expires_at
FROM waitlist_entries e JOIN profiles p ON p.user_id = e.doctor_id
    LEFT JOIN waitlist_offers o ON o.entry_id = e.id AND o.ended_at IS NULL
    LEFT JOIN availability_slots s ON s.id = o.slot_id
WHERE e.patient_id = ANY(@people::uuid[]) AND e.id < @before_id::uuid ORDER BY e.id DESC LIMIT @max_rows;

-- name: updateWaitlistEntry :exec
UPDATE waitlist_entries SET status = @status, queued_at = @queued_at, consultation_id = sqlc.narg('consultation_id'),
    updated_at = @now WHERE id = @id;

-- name: endOffer :one
UPDATE waitlist_offers SET ended_at = @now WHERE entry_id = @entry_id AND ended_at IS NULL
RETURNING slot_id, created_at, expires_at;

-- What waits now, for the metrics. late_since is when the oldest offer ended whose seat isn't passed on yet.
-- name: readWaitlistBacklog :one
SELECT (SELECT count(*) FROM waitlist_entries WHERE status = 'WAITING') AS waiting,
    (SELECT count(*) FROM waitlist_offers WHERE ended_at IS NULL) AS offered,
    least((SELECT min(expires_at) FROM waitlist_offers WHERE ended_at IS NULL), @now::timestamptz)::timestamptz AS late_since;

-- name: hasExpiredHold :one
SELECT EXISTS (SELECT FROM waitlist_offers WHERE entry_id = @entry_id AND ended_at IS NULL AND expires_at <= @now);

-- Ends the latest offers of slots that the caller has locked, at most so many, or all. Their entries keep their place in
-- line.
-- name: revokeOffers :many
WITH ended AS (
    UPDATE waitlist_offers SET ended_at = @now::timestamptz WHERE ended_at IS NULL AND (entry_id, slot_id) IN (
        SELECT o.entry_id, o.slot_id FROM waitlist_offers o WHERE o.slot_id = ANY(@ids::uuid[]) AND o.ended_at IS NULL
        ORDER BY o.created_at DESC, o.entry_id DESC LIMIT sqlc.narg('max_rows')::int)
    RETURNING entry_id, slot_id
)
UPDATE waitlist_entries e SET status = 'WAITING', updated_at = @now::timestamptz FROM ended o WHERE e.id = o.entry_id
RETURNING e.id, o.slot_id;

-- name: listExpiredHolds :many
SELECT entry_id FROM waitlist_offers WHERE ended_at IS NULL AND expires_at <= @now ORDER BY expires_at LIMIT 200;

-- name: listPassedEntries :many
SELECT id FROM waitlist_entries WHERE status = 'WAITING' AND to_time <= @now ORDER BY to_time LIMIT 200;

-- Another server that mails the same offers is left alone.
-- name: takeUnmailedOffers :many
UPDATE waitlist_offers o SET mailed_at = @now
FROM waitlist_entries e, profiles p, availability_slots s
WHERE e.id = o.entry_id AND p.user_id = e.doctor_id AND s.id = o.slot_id
    AND (o.entry_id, o.slot_id) IN (SELECT n.entry_id, n.slot_id FROM waitlist_offers n
        WHERE n.ended_at IS NULL AND n.mailed_at IS NULL ORDER BY n.created_at LIMIT 200 FOR UPDATE SKIP LOCKED)
RETURNING e.patient_id, p.full_name AS doctor_name, s.start_time, s.end_time, o.expires_at;

-- name: listOpenEntries :many
SELECT id FROM waitlist_entries WHERE patient_id = ANY(@people::uuid[]) AND status IN ('WAITING', 'OFFERED') ORDER BY id;

-- name: listEntriesFor :many
SELECT id FROM waitlist_entries WHERE doctor_id = @doctor_id AND status IN ('WAITING', 'OFFERED') ORDER BY id;

-- name: deleteWaitlist :execrows
DELETE FROM waitlist_entries WHERE patient_id = @patient_id;

-- name: readRules :one
SELECT * FROM booking_rules WHERE doctor_id = @doctor_id;

-- name: lockRules :one
SELECT * FROM booking_rules WHERE doctor_id = @doctor_id FOR NO KEY UPDATE;

-- name: storeRules :exec
INSERT INTO booking_rules (doctor_id, minimum_notice_minutes, horizon_days, daily_maximum, first_visit_minutes,
    follow_up_minutes, updated_at)
VALUES (@doctor_id, @minimum_notice_minutes, sqlc.narg('horizon_days'), sqlc.narg('daily_maximum'),
    sqlc.narg('first_visit_minutes'), sqlc.narg('follow_up_minutes'), @now)
ON CONFLICT (doctor_id) DO UPDATE SET minimum_notice_minutes = excluded.minimum_notice_minutes,
    horizon_days = excluded.horizon_days, daily_maximum = excluded.daily_maximum,
    first_visit_minutes = excluded.first_visit_minutes, follow_up_minutes = excluded.follow_up_minutes,
    updated_at = excluded.updated_at;

-- name: insertRule :one
INSERT INTO availability_rules (id, doctor_id, rrule, start_minute, end_minute, timezone, slot_minutes, buffer_minutes, max_patients,
    valid_from, valid_to, fill_at, created_at, updated_at)
VALUES (@id, @doctor_id, @rrule, @start_minute, @end_minute, @timezone, @slot_minutes, @buffer_minutes, @max_patients,
    @valid_from, sqlc.narg('valid_to'), @now, @now, @now)
RETURNING *;

-- name: updateRule :exec
UPDATE availability_rules SET rrule = @rrule, start_minute = @start_minute, end_minute = @end_minute, timezone = @timezone,
    slot_minutes = @slot_minutes, buffer_minutes = @buffer_minutes, max_patients = @max_patients, valid_from = @valid_from,
    valid_to = sqlc.narg('valid_to'), updated_at = @now
WHERE id = @id;

-- name: deleteRule :exec
DELETE FROM availability_rules WHERE id = @id;

-- name: readRule :one
SELECT * FROM availability_rules WHERE id = @id;

-- name: listRules :many
SELECT * FROM availability_rules WHERE doctor_id = @doctor_id AND id > @after_id ORDER BY id LIMIT @max_rows;

-- The doctors with rules that are due. Rules of doctors who aren't approved wait.
-- name: listDoctorsToFill :many
SELECT DISTINCT r.doctor_id FROM availability_rules r JOIN doctors d ON d.id = r.doctor_id JOIN users u ON u.id = d.id
WHERE r.fill_at <= @now AND r.doctor_id > @after AND d.is_approved AND u.deleted_at IS NULL AND u.disabled_at IS NULL
ORDER BY r.doctor_id LIMIT 100;

-- name: setFillTime :exec
UPDATE availability_rules SET fill_at = @fill_at WHERE id = @id;

-- name: setDoctorFillTime :exec
UPDATE availability_rules SET fill_at = @fill_at WHERE doctor_id = @doctor_id;

-- name: listSlotsToFill :many
SELECT id, start_time, end_time, status, seats_taken, rule_id, local_start, blocked_by FROM availability_slots
WHERE doctor_id = @doctor_id AND start_time > @after AND start_time < @before ORDER BY start_time, id;

-- name: listRemovals :many
SELECT start_time, end_time FROM availability_removals WHERE rule_id = @rule_id AND end_time > @after ORDER BY start_time;

-- name: insertRemoval :exec
INSERT INTO availability_removals (rule_id, start_time, end_time)
SELECT @rule_id, @start_time, @end_time WHERE EXISTS (SELECT FROM availability_rules WHERE id = @rule_id)
ON CONFLICT (rule_id, start_time) DO UPDATE SET end_time = greatest(availability_removals.end_time, EXCLUDED.end_time);

-- A leave's times, which no open slot overlaps unless somebody has booked it.
-- name: listLeaves :many
SELECT from_time, to_time FROM availability_exceptions
WHERE doctor_id = @doctor_id AND kind = 'LEAVE' AND to_time > @after AND from_time < @before ORDER BY from_time;

-- The doctor is locked, so no other slot comes between. local_starts is empty for extra hours: then the column is NULL.
-- name: insertSlots :exec
INSERT INTO availability_slots (id, doctor_id, start_time, end_time, max_patients, rule_id, local_start, extra_id, created_at, updated_at)
SELECT s.id, @doctor_id, s.start_time, s.start_time + make_interval(mins => @slot_minutes::int), @max_patients,
    sqlc.narg('rule_id')::uuid, s.local_start, sqlc.narg('extra_id')::uuid, @now, @now
FROM (SELECT unnest(@ids::uuid[]) AS id, unnest(@starts::timestamptz[]) AS start_time, unnest(@local_starts::timestamp[]) AS local_start) s;

-- name: lockSlotsOf :many
SELECT id, seats_taken, status FROM availability_slots WHERE id = ANY(@ids::uuid[]) ORDER BY id FOR UPDATE;

-- Those that never had a consultation, and that the doctor didn't block by hand. The caller has locked them. The LIMIT
-- keeps the planner from a join, which could read all consultations.
-- name: deleteUnusedSlots :exec
DELETE FROM availability_slots s WHERE s.id = ANY(@ids::uuid[]) AND s.seats_taken = 0
    AND (s.status <> 'BLOCKED' OR s.blocked_by IS NOT NULL)
    AND (SELECT c.id FROM consultations c WHERE c.slot_id = s.id LIMIT 1) IS NULL
    AND (SELECT a.id FROM archived_consultations a WHERE a.slot_id = s.id LIMIT 1) IS NULL;

-- A slot that no longer fits its rule or extra hours belongs to neither. It keeps the seats that are taken and has no
-- free ones; a slot that its doctor blocked by hand stays like that.
-- name: detachSlots :exec
UPDATE availability_slots SET rule_id = NULL, local_start = NULL, extra_id = NULL, updated_at = @now,
    status = CASE WHEN seats_taken = 0 THEN 'BLOCKED'::slot_status ELSE 'BOOKED' END,
    max_patients = CASE WHEN seats_taken = 0 THEN max_patients ELSE seats_taken END,
    blocked_by = CASE WHEN status = 'BLOCKED' THEN blocked_by ELSE coalesce(blocked_by, @blocked_by::uuid) END
WHERE id = ANY(@ids::uuid[]);

-- Two slots of a rule must not have the same local start for a moment, when its time zone changes: so local_start is
-- moved away first.
-- name: clearLocalStarts :exec
UPDATE availability_slots SET local_start = local_start - interval '1000 years' WHERE id = ANY(@ids::uuid[]) AND rule_id IS NOT NULL;

-- Slots that fit a rule again, or still do on clocks of another zone.
-- name: attachSlots :exec
UPDATE availability_slots s SET rule_id = @rule_id::uuid, local_start = n.local_start, blocked_by = NULL, updated_at = @now,
    max_patients = CASE WHEN blocked_by IS NULL THEN max_patients ELSE greatest(@max_patients::int, seats_taken) END,
    status = CASE WHEN blocked_by IS NULL THEN status
        WHEN seats_taken >= @max_patients::int THEN 'BOOKED' ELSE 'AVAILABLE'::slot_status END
FROM (SELECT unnest(@ids::uuid[]) AS id, unnest(@local_starts::timestamp[]) AS local_start) n
WHERE s.id = n.id AND s.id = ANY(@ids::uuid[]);

-- Closed slots of no rule that extra hours open again.
-- name: reopenSlots :exec
UPDATE availability_slots SET extra_id = @extra_id::uuid, blocked_by = NULL, updated_at = @now,
    max_patients = greatest(@max_patients::int, seats_taken),
    status = CASE WHEN seats_taken >= @max_patients::int THEN 'BOOKED' ELSE 'AVAILABLE'::slot_status END
WHERE id = ANY(@ids::uuid[]);

-- Follows a change of a rule's seats, but for slots whose doctor has set others.
-- name: updateRuleSeats :exec
UPDATE availability_slots SET max_patients = @max_patients::int, updated_at = @now,
    status = CASE WHEN status = 'BLOCKED' THEN status WHEN seats_taken = @max_patients::int THEN 'BOOKED' ELSE 'AVAILABLE'::slot_status END
WHERE rule_id = @rule_id::uuid AND start_time > @now AND max_patients = @old_max_patients AND seats_taken <= @max_patients::int;

-- name: listSeatsOf :many
SELECT s.id AS slot_id, s.start_time, s.end_time, x.consultation_id
FROM seats x JOIN availability_slots s ON s.id = x.slot_id
WHERE x.slot_id = ANY(@ids::uuid[]) ORDER BY s.start_time, x.consultation_id;

-- name: insertException :one
INSERT INTO availability_exceptions (id, doctor_id, kind, from_time, to_time, slot_minutes, buffer_minutes, max_patients, created_at)
VALUES (@id, @doctor_id, @kind, @from_time, @to_time, sqlc.narg('slot_minutes'), sqlc.narg('buffer_minutes'), sqlc.narg('max_patients'), @now)
RETURNING *;

-- name: deleteException :exec
DELETE FROM availability_exceptions WHERE id = @id;

-- name: readException :one
SELECT * FROM availability_exceptions WHERE id = @id;

-- name: findExceptionDuring :one
SELECT * FROM availability_exceptions WHERE doctor_id = @doctor_id AND to_time > @from_time AND from_time < @to_time
    AND (kind = 'LEAVE' OR kind = @kind) ORDER BY from_time LIMIT 1;

-- name: countExceptions :one
SELECT count(*) FROM availability_exceptions WHERE doctor_id = @doctor_id AND to_time > @now;

-- name: listExceptions :many
SELECT * FROM availability_exceptions
WHERE doctor_id = @doctor_id AND to_time > @after_time AND from_time < @before_time AND (from_time, id) > (@after_from::timestamptz, @after_id::uuid)
ORDER BY from_time, id LIMIT @max_rows;

-- Slots that overlap a period and can still be booked or are; since is the earliest start that such a slot can have.
-- name: listOpenSlotsDuring :many
SELECT id FROM availability_slots
WHERE doctor_id = @doctor_id AND start_time > @since AND start_time < @before AND end_time > @after AND status <> 'BLOCKED'
ORDER BY id;

-- As closeSlots, for slots that keep their rule: a leave has them.
-- name: suspendSlots :exec
UPDATE availability_slots SET status = CASE WHEN seats_taken = 0 THEN 'BLOCKED'::slot_status ELSE 'BOOKED' END,
    max_patients = CASE WHEN seats_taken = 0 THEN max_patients ELSE seats_taken END,
    blocked_by = coalesce(blocked_by, @leave_id::uuid), updated_at = @now
WHERE id = ANY(@ids::uuid[]);

-- Slots of no rule that a leave had closed. Those of rules are made again by the rules.
-- name: resumeSlots :execrows
UPDATE availability_slots SET blocked_by = NULL, updated_at = @now,
    status = CASE WHEN seats_taken = max_patients THEN 'BOOKED' ELSE 'AVAILABLE'::slot_status END
WHERE doctor_id = @doctor_id AND start_time > @after AND start_time < @before AND blocked_by = @leave_id::uuid AND rule_id IS NULL;

-- name: listExtraSlots :many
SELECT id FROM availability_slots
WHERE doctor_id = @doctor_id AND start_time > @after AND start_time < @before AND extra_id = @extra_id::uuid ORDER BY id;

-- name: listRulesOf :many
SELECT * FROM availability_rules WHERE doctor_id = @doctor_id ORDER BY id;
