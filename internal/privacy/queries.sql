-- name: lockPerson :one
-- Requests of one person about their data run one after the other: each locks this row first.
SELECT id FROM users WHERE id = @id AND deleted_at IS NULL FOR NO KEY UPDATE;

-- name: findNewestExport :one
SELECT id, user_id, status, requested_at, ready_at, expires_at, size, sha256 FROM exports
WHERE user_id = @user_id AND status <> 'EXPIRED' ORDER BY requested_at DESC, id DESC LIMIT 1;

-- name: countExports :one
SELECT count(*), coalesce(min(requested_at), @since)::timestamptz AS first FROM exports
WHERE user_id = @user_id AND requested_at > @since::timestamptz;

-- name: expirePendingExports :exec
UPDATE exports SET status = 'EXPIRED' WHERE user_id = @user_id AND status = 'PENDING';

-- name: insertExport :exec
INSERT INTO exports (id, user_id, status, requested_at) VALUES (@id, @user_id, 'PENDING', @now);

-- name: findPendingExport :one
SELECT e.id, e.user_id, u.role, p.full_name FROM exports e JOIN users u ON u.id = e.user_id
    JOIN profiles p ON p.user_id = u.id
WHERE e.id = @id AND e.status = 'PENDING' AND u.deleted_at IS NULL;

-- name: storeExport :execrows
UPDATE exports SET status = 'READY', ready_at = @now, expires_at = @expires_at, size = @size, sha256 = @sha256,
    archive = @archive
WHERE id = @id AND status = 'PENDING';

-- name: readExport :one
SELECT user_id, status, ready_at, expires_at, archive FROM exports WHERE id = @id;

-- The statements eachX are read row by row into the files of an export: their columns have the API's names.
-- name: eachSession :many
SELECT id, user_agent, ip_address, created_at, last_used_at, expires_at, ended_at, second_factor_at FROM sessions
WHERE user_id = @user_id ORDER BY created_at, id;

-- name: eachPasskey :many
SELECT id, name, backup_state AS synced, created_at, last_used_at FROM passkeys WHERE user_id = @user_id ORDER BY id;

-- name: eachMail :many
SELECT id, kind, created_at, sent_at, failed_at, failure FROM mails WHERE user_id = @user_id::uuid
    ORDER BY created_at, id;

-- name: eachConsent :many
SELECT id, purpose, notice_version, language, channel, given_at, withdrawn_at FROM consents
WHERE user_id = @user_id ORDER BY given_at, id;

-- name: eachConsultationConsent :many
SELECT cc.consultation_id, cc.basis, cc.notice_version, cc.given_at, cc.withdrawn_at
FROM all_consultation_consents cc JOIN all_consultations c ON c.id = cc.consultation_id
WHERE c.patient_id = @user_id AND c.id >= ids_since(@user_id) ORDER BY cc.given_at, cc.consultation_id;

-- name: eachDoctor :many
SELECT d.id, d.specialization, d.years_of_experience, d.registration_number, d.clinic_name, d.consultation_fee,
    d.currency, d.languages_spoken, d.bio, d.is_approved, d.approval_reason, d.approval_decided_at,
    rated.rating, d.rating_count, d.created_at, d.updated_at
FROM doctors d LEFT JOIN doctors rated ON rated.id = d.id AND rated.rating_count > 0
WHERE d.id = @user_id;

-- name: eachBookingRules :many
SELECT minimum_notice_minutes, horizon_days, daily_maximum, first_visit_minutes, follow_up_minutes, updated_at
FROM booking_rules WHERE doctor_id = @user_id;

-- name: eachWaitlistEntry :many
SELECT e.id, e.doctor_id, p.full_name AS doctor_name, e.from_date::text AS from_date, e.to_date::text AS to_date, e.timezone,
    e.part_of_day, e.status, e.consultation_id, e.created_at, e.updated_at
FROM waitlist_entries e JOIN profiles p ON p.user_id = e.doctor_id WHERE e.patient_id = @user_id ORDER BY e.id;

-- name: eachWaitlistOffer :many
SELECT o.entry_id, o.slot_id, s.start_time, o.created_at, o.expires_at, o.ended_at
FROM waitlist_offers o JOIN waitlist_entries e ON e.id = o.entry_id JOIN availability_slots s ON s.id = o.slot_id
WHERE e.patient_id = @user_id ORDER BY o.entry_id, o.created_at;

-- name: eachSlot :many
SELECT id, start_time, end_time, status::text AS status, max_patients, seats_taken, created_at, updated_at
FROM availability_slots
WHERE doctor_id = @user_id ORDER BY start_time, id;

-- name: eachAvailabilityRule :many
SELECT id, rrule, to_char(make_interval(mins => start_minute), 'HH24:MI')::text AS start_time,
    to_char(make_interval(mins => end_minute), 'HH24:MI')::text AS end_time, timezone, slot_minutes, buffer_minutes, max_patients,
    valid_from::text AS valid_from, coalesce(valid_to::text, '')::text AS valid_to, created_at, updated_at
FROM availability_rules WHERE doctor_id = @user_id ORDER BY id;

-- name: eachAvailabilityException :many
SELECT id, kind::text AS kind, from_time, to_time, slot_minutes, buffer_minutes, max_patients, created_at
FROM availability_exceptions WHERE doctor_id = @user_id ORDER BY from_time, id;

-- name: eachPrescription :many
SELECT id, consultation_id, patient_id, supersedes, created_at, archived FROM all_prescriptions
WHERE doctor_id = @user_id ORDER BY id;

-- name: eachAddendum :many
SELECT id, consultation_id, patient_id, released_at, created_at FROM addenda WHERE author_id = @user_id ORDER BY id;

-- name: eachReview :many
SELECT r.id, r.consultation_id, r.doctor_id, r.rating, r.text, r.hidden, r.decision_reason, r.created_at, r.updated_at,
    shown.reply
FROM reviews r LEFT JOIN reviews shown ON shown.id = r.id AND NOT shown.reply_hidden
WHERE r.patient_id = @user_id ORDER BY r.created_at, r.id;

-- name: eachReviewReply :many
SELECT id AS review_id, reply, reply_hidden, replied_at FROM reviews
WHERE doctor_id = @user_id AND replied_at IS NOT NULL ORDER BY replied_at, id;

-- name: eachReviewReport :many
SELECT review_id, reason, created_at FROM review_reports WHERE reporter_id = @user_id ORDER BY created_at, review_id;

-- name: eachExport :many
SELECT id, status, requested_at, ready_at, expires_at, size FROM exports WHERE user_id = @user_id
    ORDER BY requested_at, id;

-- name: eachErasure :many
SELECT id, status, requested_at, due_at, stopped_at FROM erasures WHERE user_id = @user_id ORDER BY requested_at, id;

-- name: eraseExports :execrows
DELETE FROM exports WHERE user_id = @user_id;

-- name: findErasure :one
SELECT * FROM erasures WHERE user_id = @user_id AND status <> 'STOPPED';

-- name: insertErasure :exec
INSERT INTO erasures (id, user_id, requested_by, status, requested_at, due_at, next_at)
VALUES (@id, @user_id, @requested_by, 'PENDING', @now, @due_at, @due_at);

-- name: stopErasure :one
UPDATE erasures SET status = 'STOPPED', stopped_at = @now, next_at = NULL WHERE user_id = @user_id
    AND status = 'PENDING' RETURNING id;

-- name: listDueErasures :many
SELECT id, user_id FROM erasures WHERE status IN ('PENDING', 'PARTIAL') AND next_at <= @now ORDER BY next_at LIMIT 200;

-- name: lockErasure :one
SELECT * FROM erasures WHERE id = @id FOR UPDATE;

-- name: postponeErasure :exec
UPDATE erasures SET next_at = @next_at WHERE id = @id AND status = 'PENDING';

-- name: retainCareRecord :exec
UPDATE erasures SET status = 'PARTIAL', erased_at = coalesce(erased_at, @now), clinical_until = @until,
    next_at = @until WHERE id = @id;

-- name: endErasure :exec
UPDATE erasures SET status = 'DONE', erased_at = coalesce(erased_at, @now), destroyed_at = @now,
    next_at = NULL WHERE id = @id;

-- name: countPrescriptions :one
SELECT count(*) FROM all_prescriptions WHERE patient_id = @patient_id;

-- name: countConsultations :one
SELECT count(*) FROM all_consultations WHERE patient_id = @patient_id AND id >= ids_since(@patient_id);
