-- name: insertConsultation :exec
INSERT INTO consultations (id, patient_id, doctor_id, slot_id, status, reason, payment_status, fee, currency,
    scheduled_start, scheduled_end, payment_due_at, created_at, updated_at)
VALUES (@id, @patient_id, @doctor_id, @slot_id, @status, @reason, @payment_status, @fee, @currency,
    @scheduled_start, @scheduled_end, sqlc.narg('payment_due_at'), @now, @now);

-- name: lockConsultation :one
SELECT * FROM consultations WHERE id = @id FOR UPDATE;

-- name: readConsultation :one
SELECT sqlc.embed(c), k.wrapped, pp.full_name AS patient_name, dp.full_name AS doctor_name
FROM consultations c
JOIN data_keys k ON k.user_id = c.patient_id
JOIN profiles pp ON pp.user_id = c.patient_id
JOIN profiles dp ON dp.user_id = c.doctor_id
WHERE c.id = @id;

-- name: updateConsultation :exec
UPDATE consultations SET status = @status, payment_status = @payment_status, notes = @notes, payment_due_at = @payment_due_at,
    cancelled_by = @cancelled_by, cancellation_reason = @cancellation_reason, cancelled_at = @cancelled_at,
    started_at = @started_at, ended_at = @ended_at, updated_at = @now
WHERE id = @id;

-- name: partyNames :one
SELECT pp.full_name AS patient_name, dp.full_name AS doctor_name FROM profiles pp, profiles dp
WHERE pp.user_id = @patient_id AND dp.user_id = @doctor_id;

-- name: overdueConsultations :many
SELECT id FROM consultations WHERE status = 'REQUESTED' AND payment_due_at <= @now ORDER BY payment_due_at LIMIT 200;

-- name: missedConsultations :many
SELECT id FROM consultations WHERE status = 'CONFIRMED' AND scheduled_end <= @now ORDER BY scheduled_end LIMIT 200;

-- In one order, so that two who leave at once don't deadlock over what they share.
-- name: consultationsToCome :many
SELECT id FROM consultations WHERE (patient_id = @user_id OR doctor_id = @user_id)
    AND (status IN ('REQUESTED', 'IN_PROGRESS') OR (status = 'CONFIRMED' AND scheduled_start > @now)) ORDER BY id;

-- name: readPatient :one
SELECT k.wrapped, n.version AS notice_version,
    (SELECT count(*) FILTER (WHERE c.status = 'REQUESTED') FROM consultations c
        WHERE c.patient_id = k.user_id AND c.scheduled_start > @now AND c.id >= uuid7_floor(@made_since)) AS unpaid,
    EXISTS (SELECT FROM consents x WHERE x.user_id = k.user_id AND x.purpose = n.purpose AND x.notice_version = n.version
        AND x.withdrawn_at IS NULL) AS consented
FROM data_keys k, (SELECT purpose, version FROM consent_notices WHERE purpose = 'TREATMENT' ORDER BY version DESC LIMIT 1) n
WHERE k.user_id = @patient_id;

-- name: recordOf :one
SELECT count(*) FILTER (WHERE started_at IS NOT NULL) AS held,
    coalesce(max(coalesce(ended_at, scheduled_end)) FILTER (WHERE started_at IS NOT NULL), 'epoch')::timestamptz AS last_end,
    count(*) FILTER (WHERE status IN ('REQUESTED', 'CONFIRMED', 'IN_PROGRESS')) AS live,
    coalesce(max(scheduled_end) FILTER (WHERE status IN ('REQUESTED', 'CONFIRMED', 'IN_PROGRESS')), 'epoch')::timestamptz AS live_until
FROM consultations WHERE patient_id = @person OR doctor_id = @person;

-- name: unheldConsultations :many
SELECT id FROM consultations WHERE patient_id = @patient_id AND started_at IS NULL AND status IN ('CANCELLED', 'NO_SHOW') ORDER BY id;

-- name: forgetReasons :exec
UPDATE consultations c SET reason = n.reason, notes = NULL, cancellation_reason = NULL, updated_at = @now
FROM (SELECT unnest(@ids::uuid[]) AS id, unnest(@reasons::bytea[]) AS reason) n WHERE c.id = n.id;
