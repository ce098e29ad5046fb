-- A doctor's slots that overlap a period, blocked ones too; since is the earliest start that such a slot can have. It has
-- no range and no status in its conditions, so that the index of the times answers it, not the one of the exclusion
-- constraint.
-- name: listSlotsDuring :many
SELECT id, start_time, end_time, status FROM availability_slots
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
    updated_at = @now
WHERE id = @id;

-- When the data of a doctor who has asked for erasure are due to be erased.
-- name: findErasureTime :one
SELECT due_at FROM erasures WHERE user_id = @doctor_id AND status = 'PENDING';

-- name: isSlotOfArchive :one
SELECT EXISTS (SELECT FROM archived_consultations WHERE slot_id = @id);

-- name: deleteSlot :exec
DELETE FROM availability_slots WHERE id = @id;

-- name: isDoctorFindable :one
SELECT EXISTS (SELECT FROM doctors d JOIN users u ON u.id = d.id
    WHERE d.id = @id AND d.is_approved AND u.deleted_at IS NULL AND u.disabled_at IS NULL);

-- A doctor's free slots never share a start, so the start alone is the position in the list.
-- name: listFreeSlots :many
SELECT * FROM availability_slots
WHERE doctor_id = @doctor_id AND status = 'AVAILABLE' AND start_time > @after AND start_time >= @from_time AND start_time < @to_time
ORDER BY start_time LIMIT @max_rows;

-- name: readSlot :one
SELECT * FROM availability_slots WHERE id = @id;

-- name: listSlots :many
SELECT * FROM availability_slots
WHERE doctor_id = @doctor_id AND start_time >= @from_time AND start_time < @to_time
    AND (start_time, id) > (@after_start::timestamptz, @after_id::uuid)
    AND (@status::text = '' OR status = (nullif(@status::text, ''))::slot_status)
ORDER BY start_time, id LIMIT @max_rows;

-- One conditional UPDATE counts the seat. The lock on the patient makes the patient's bookings and cancellations run one
-- after the other: two overlapping bookings at once would deadlock in the exclusion constraint.
--
-- Sub-selects instead of joins: the slot is found by its key and the doctor by the slot, where a plan of a join may begin
-- with all doctors while the database is small.
-- name: batchTakeSeat :one
WITH patient AS (
    SELECT u.id FROM users u WHERE u.id = @patient_id AND u.deleted_at IS NULL AND u.disabled_at IS NULL FOR NO KEY UPDATE
), taken AS (
    UPDATE availability_slots s
    SET seats_taken = s.seats_taken + 1, updated_at = @now::timestamptz,
        status = CASE WHEN s.seats_taken + 1 = s.max_patients THEN 'BOOKED'::slot_status ELSE 'AVAILABLE'::slot_status END
    WHERE s.id = @slot_id AND (SELECT id FROM patient) IS NOT NULL AND s.status = 'AVAILABLE' AND s.start_time > @now::timestamptz
      AND (SELECT d.is_approved AND u.deleted_at IS NULL AND u.disabled_at IS NULL FROM doctors d JOIN users u ON u.id = d.id
          WHERE d.id = s.doctor_id)
    RETURNING s.id, s.doctor_id, s.start_time, s.end_time
), seated AS (
    INSERT INTO seats (slot_id, patient_id, doctor_id, consultation_id, during)
    SELECT t.id, @patient_id, t.doctor_id, @consultation_id, tstzrange(t.start_time, t.end_time) FROM taken t
)
SELECT t.id, t.doctor_id, t.start_time, t.end_time, f.consultation_fee, f.currency
FROM taken t, LATERAL (SELECT consultation_fee, currency FROM doctors WHERE id = t.doctor_id OFFSET 0) f;

-- name: lockSlots :exec
SELECT id FROM availability_slots WHERE doctor_id = @doctor_id AND start_time > @now ORDER BY id FOR UPDATE;

-- A slot with seats taken keeps them and has no free ones.
-- name: closeSlots :exec
UPDATE availability_slots SET status = CASE WHEN seats_taken = 0 THEN 'BLOCKED'::slot_status ELSE 'BOOKED' END,
    max_patients = CASE WHEN seats_taken = 0 THEN max_patients ELSE seats_taken END, updated_at = @now
WHERE doctor_id = @doctor_id AND start_time > @start_time AND status <> 'BLOCKED';

-- name: startSeat :exec
UPDATE seats SET started = true WHERE consultation_id = @consultation_id;

-- name: readBookability :one
SELECT s.status, s.start_time,
    EXISTS (SELECT FROM users p WHERE p.id = @patient_id AND p.deleted_at IS NULL AND p.disabled_at IS NULL) AS patient_active,
    (d.is_approved AND u.deleted_at IS NULL AND u.disabled_at IS NULL)::boolean AS doctor_bookable
FROM availability_slots s JOIN doctors d ON d.id = s.doctor_id JOIN users u ON u.id = d.id
WHERE s.id = @id;

-- The patient is locked first, as in batchTakeSeat. Only the call that deletes the seat lowers the count, so that two calls
-- free one seat.
-- name: releaseSeat :exec
WITH patient AS (
    SELECT u.id FROM seats x JOIN users u ON u.id = x.patient_id WHERE x.consultation_id = @consultation_id FOR NO KEY UPDATE OF u
), freed AS (
    DELETE FROM seats x USING patient p WHERE x.consultation_id = @consultation_id AND x.patient_id = p.id RETURNING x.slot_id
)
UPDATE availability_slots s SET seats_taken = s.seats_taken - 1, status = 'AVAILABLE', updated_at = @now
FROM freed WHERE s.id = freed.slot_id;
