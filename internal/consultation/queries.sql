-- name: queueInsertConsultation :exec
INSERT INTO consultations (id, patient_id, doctor_id, slot_id, status, reason, payment_status, fee, currency,
    scheduled_start, scheduled_end, payment_due_at, cancellation_policy, grace_until, booked_by, relation, is_minor,
    created_at, updated_at)
VALUES (@id, @patient_id, @doctor_id, @slot_id, @status, @reason, @payment_status, @fee, @currency,
    @scheduled_start, @scheduled_end, sqlc.narg('payment_due_at'), @cancellation_policy, @grace_until,
    sqlc.narg('booked_by'), sqlc.narg('relation'), @is_minor, @now, @now);

-- name: lockConsultation :one
SELECT * FROM consultations WHERE id = @id FOR UPDATE;

-- name: lockArchivedConsultation :one
SELECT * FROM archived_consultations WHERE id = @id FOR UPDATE;

-- No EXISTS, which the planner may answer by reading a whole table.
-- name: readConsultation :one
SELECT sqlc.embed(c), k.wrapped, pp.full_name AS patient_name, dp.full_name AS doctor_name,
    (CASE WHEN c.payment_status = 'PAID'
        THEN (SELECT coalesce(sum(r.amount), 0) FROM refunded_fees r WHERE r.consultation_id = c.id)
        ELSE 0 END)::numeric(12, 2) AS refunded,
    (c.status IN ('REQUESTED', 'CONFIRMED', 'IN_PROGRESS') AND coalesce((SELECT true FROM consultation_consents x
        WHERE x.consultation_id = c.id AND x.withdrawn_at IS NULL LIMIT 1), false))::boolean AS has_consent,
    (c.status = 'COMPLETED' AND coalesce((SELECT true FROM reviews v WHERE v.consultation_id = c.id), false))::boolean AS has_review,
    (c.status = 'NO_SHOW' AND coalesce((SELECT true FROM disputes d WHERE d.consultation_id = c.id), false))::boolean AS has_dispute
FROM consultations c
JOIN data_keys k ON k.user_id = c.patient_id
JOIN profiles pp ON pp.user_id = c.patient_id
JOIN profiles dp ON dp.user_id = c.doctor_id
WHERE c.id = @id;

-- name: updateConsultation :execrows
UPDATE consultations SET status = @status, payment_status = @payment_status, notes = @notes,
    payment_due_at = @payment_due_at, cancelled_by = @cancelled_by, cancelled_at = @cancelled_at,
    cancellation_reason = @cancellation_reason, cancelled_late = @cancelled_late, refund_percent = @refund_percent,
    started_at = @started_at, ended_at = @ended_at, absent = @absent, notes_draft = @notes_draft, slot_id = @slot_id,
    scheduled_start = @scheduled_start, scheduled_end = @scheduled_end, fee = @fee,
    rescheduled_from_slot = @rescheduled_from_slot, rescheduled_from_start = @rescheduled_from_start,
    rescheduled_at = @rescheduled_at, reschedule_count = @reschedule_count, balance_due = @balance_due,
    balance_due_at = @balance_due_at, cancellation_policy = @cancellation_policy, is_minor = @is_minor, updated_at = @now
WHERE id = @id;

-- name: findOldestConsultation :one
SELECT greatest(made_at(id), 'epoch')::timestamptz AS made FROM consultations ORDER BY id LIMIT 1;

-- An archived consultation is over: only its payment may change, when money comes late.
-- name: updateArchivedPayment :exec
UPDATE archived_consultations SET payment_status = @payment_status, updated_at = @now WHERE id = @id;

-- name: readTimezone :one
SELECT timezone FROM profiles WHERE user_id = @user_id;

-- name: readPartyNames :one
SELECT pp.full_name AS patient_name, dp.full_name AS doctor_name FROM profiles pp, profiles dp
WHERE pp.user_id = @patient_id AND dp.user_id = @doctor_id;

-- A run of the sweep ends at most 200 of each list, because its time is limited; the next run takes the rest.
-- name: listOverdueConsultations :many
SELECT id FROM consultations WHERE status = 'REQUESTED' AND payment_due_at <= @now ORDER BY payment_due_at LIMIT 200;

-- Moved to a higher fee, whose difference nobody paid in time.
-- name: listUnpaidBalances :many
SELECT id FROM consultations WHERE balance_due_at <= @now ORDER BY balance_due_at LIMIT 200;

-- Missed: nobody started it.
-- name: listMissedConsultations :many
SELECT id FROM consultations WHERE status = 'CONFIRMED' AND scheduled_end <= @now ORDER BY scheduled_end LIMIT 200;

-- Overrun: nobody ended it.
-- name: listOverrunConsultations :many
SELECT id FROM consultations WHERE status = 'IN_PROGRESS' AND scheduled_end <= @ended_before
ORDER BY scheduled_end LIMIT 200;

-- Ordered by id, so that two account deletions or withdrawals of approval at the same time don't deadlock. ids_since
-- skips the partitions that are older than the oldest of these people.
-- name: lockUnfinishedConsultations :many
SELECT * FROM consultations WHERE (patient_id = ANY(@people::uuid[]) OR doctor_id = @user_id) AND id >= ids_since(@oldest)
    AND (status IN ('REQUESTED', 'IN_PROGRESS') OR (status = 'CONFIRMED' AND scheduled_end > @now))
ORDER BY id FOR UPDATE;

-- name: lockUsers :exec
SELECT id FROM users WHERE id = ANY(@ids::uuid[]) ORDER BY id FOR NO KEY UPDATE;

-- name: countNotStartedConsultations :one
SELECT count(*) FROM consultations WHERE (patient_id = ANY(@people::uuid[]) OR doctor_id = @user_id) AND id >= ids_since(@oldest)
    AND (status = 'REQUESTED' OR (status = 'CONFIRMED' AND scheduled_start > @now));

-- What Book must know about the patient, and about the bookings of the account, which are those of all its people. There
-- is no row unless takeSeat has taken the seat; live and live_with_doctor count that seat too. An unpaid booking is over when its payment is due, even if the sweep has not
-- cancelled it yet. Bookings that start before since have ended, and are not read. abandoned_at is when the
-- Nth newest booking ended without payment since abandoned_since, where N is max_abandoned, or 1970 if there are fewer. Those that the doctor or staff cancelled don't count.
-- name: batchReadPatient :one
SELECT k.wrapped, n.version AS notice_version, pp.full_name AS patient_name, dp.full_name AS doctor_name,
    d.cancellation_policy, b.unpaid, b.abandoned_at, l.live, l.live_with_doctor,
    EXISTS (SELECT FROM consents x WHERE x.user_id = @account AND x.purpose = n.purpose
        AND x.notice_version = n.version AND x.withdrawn_at IS NULL) AS consented
FROM seats t
JOIN data_keys k ON k.user_id = t.patient_id
JOIN profiles pp ON pp.user_id = t.patient_id
JOIN profiles dp ON dp.user_id = t.doctor_id
JOIN doctors d ON d.id = t.doctor_id,
(SELECT purpose, version FROM consent_notices WHERE purpose = 'TREATMENT' ORDER BY version DESC LIMIT 1) n,
LATERAL (SELECT count(*) FILTER (WHERE c.status = 'REQUESTED' AND c.payment_due_at > @now::timestamptz) AS unpaid,
    coalesce((array_agg(least(c.cancelled_at, c.payment_due_at) ORDER BY least(c.cancelled_at, c.payment_due_at) DESC)
        FILTER (WHERE c.payment_status <> 'PAID'
            AND least(c.cancelled_at, c.payment_due_at) > @abandoned_since::timestamptz
            AND ((c.status = 'CANCELLED' AND coalesce(c.cancelled_by, 'PATIENT') = 'PATIENT')
                OR (c.status = 'REQUESTED' AND c.payment_due_at <= @now::timestamptz)))
        )[@max_abandoned::int], 'epoch')::timestamptz AS abandoned_at
    FROM consultations c
    WHERE c.patient_id = ANY(@people::uuid[]) AND c.scheduled_start > @since AND c.id >= @oldest_id) b,
LATERAL (SELECT count(*) AS live, count(*) FILTER (WHERE s.doctor_id = t.doctor_id) AS live_with_doctor
    FROM seats s WHERE s.patient_id = ANY(@people::uuid[])) l
WHERE t.consultation_id = @consultation_id;

-- Whether the consultation was cancelled by this user. The row has the role only.
-- name: wasCancelledBy :one
SELECT EXISTS (SELECT FROM audit_logs WHERE entity_id = @id::text AND entity_type = 'consultation'
    AND action = 'consultation.cancel' AND actor_id = @actor_id AND created_at = @cancelled_at);

-- name: readCareRecord :one
SELECT count(*) FILTER (WHERE started_at IS NOT NULL) AS started,
    coalesce(max(coalesce(ended_at, scheduled_end)) FILTER (WHERE started_at IS NOT NULL), 'epoch')::timestamptz
        AS last_end,
    count(*) FILTER (WHERE status IN ('REQUESTED', 'CONFIRMED', 'IN_PROGRESS')) AS live,
    coalesce(max(scheduled_end) FILTER (WHERE status IN ('REQUESTED', 'CONFIRMED', 'IN_PROGRESS')),
        'epoch')::timestamptz AS live_until
FROM all_consultations WHERE (patient_id = @person OR doctor_id = @person) AND id >= ids_since(@person);

-- name: listUnstartedConsultations :many
SELECT id FROM consultations WHERE patient_id = @patient_id AND id >= ids_since(@patient_id)
    AND started_at IS NULL AND status IN ('CANCELLED', 'NO_SHOW') ORDER BY id;

-- name: listUnstartedArchivedConsultations :many
SELECT id FROM archived_consultations WHERE patient_id = @patient_id AND id >= ids_since(@patient_id)
    AND started_at IS NULL AND status IN ('CANCELLED', 'NO_SHOW') ORDER BY id;

-- name: eraseConsultationTexts :exec
UPDATE consultations c SET reason = n.reason, notes = NULL, cancellation_reason = NULL, updated_at = @now
FROM (SELECT unnest(@ids::uuid[]) AS id, unnest(@reasons::bytea[]) AS reason) n
WHERE c.id = n.id AND c.id = ANY(@ids::uuid[]);

-- name: eraseArchivedConsultationTexts :exec
UPDATE archived_consultations c SET reason = n.reason, notes = NULL, cancellation_reason = NULL, updated_at = @now
FROM (SELECT unnest(@ids::uuid[]) AS id, unnest(@reasons::bytea[]) AS reason) n
WHERE c.id = n.id AND c.id = ANY(@ids::uuid[]);

-- name: countQuietConsultations :many
SELECT status, count(*) AS n FROM quiet_consultations
WHERE id < uuid7_floor(@before) AND scheduled_end < @before AND updated_at < @before GROUP BY status ORDER BY status;

-- What is as old as the archive but not in it: nobody ended it, or something about it is under way.
-- name: listLeftovers :many
SELECT status, count(*) AS n, ((array_agg(id ORDER BY id))[1:5])::uuid[] AS examples FROM consultations c
WHERE id < uuid7_floor(@before) AND scheduled_end < @before
    AND NOT (status IN ('COMPLETED', 'CANCELLED', 'NO_SHOW') AND EXISTS (SELECT FROM quiet_consultations q
        WHERE q.id = c.id AND q.updated_at < @before))
GROUP BY status ORDER BY status;

-- The confirmed consultations that begin after and until two times, and whose parties were not reminded of that time so
-- long before it. A booking or a move made later than that needs no such reminder. It is locked so that it can't end meanwhile;
-- another server's reminder may not be seen, but then its row stands in the way of a second one.
-- name: lockConsultationsToRemind :many
SELECT sqlc.embed(c), pp.full_name AS patient_name, dp.full_name AS doctor_name
FROM consultations c
JOIN profiles pp ON pp.user_id = c.patient_id
JOIN profiles dp ON dp.user_id = c.doctor_id
WHERE c.status = 'CONFIRMED' AND c.scheduled_start > @after AND c.scheduled_start <= @until
    AND coalesce(c.rescheduled_at, c.created_at) <= c.scheduled_start - make_interval(secs => @lead::int)
    AND NOT EXISTS (SELECT FROM reminders r WHERE r.consultation_id = c.id AND r.scheduled_start = c.scheduled_start
        AND r.lead = @lead::int)
ORDER BY c.scheduled_start LIMIT @most FOR UPDATE OF c SKIP LOCKED;

-- name: insertReminder :execrows
INSERT INTO reminders (consultation_id, recipient_id, lead, scheduled_start, mail_id, created_at)
VALUES (@consultation_id, @recipient_id, @lead, @scheduled_start, @mail_id, @now) ON CONFLICT DO NOTHING;

-- name: confirmedAt :one
SELECT EXISTS (SELECT FROM consultations
    WHERE id = @id AND status = 'CONFIRMED' AND scheduled_start = @scheduled_start) AS planned;

-- A new address replaces the old one.
-- name: storeCalendarFeed :exec
INSERT INTO calendar_feeds (user_id, secret_hash, created_at) VALUES (@user_id, @secret_hash, @now)
ON CONFLICT (user_id) DO UPDATE SET secret_hash = excluded.secret_hash, created_at = excluded.created_at;

-- name: deleteCalendarFeed :execrows
DELETE FROM calendar_feeds WHERE user_id = @user_id;

-- name: findCalendarFeed :one
SELECT u.id, u.role, p.language FROM calendar_feeds f
JOIN users u ON u.id = f.user_id AND u.deleted_at IS NULL AND u.disabled_at IS NULL
JOIN profiles p ON p.user_id = u.id
WHERE f.secret_hash = @secret_hash;

-- name: readLanguage :one
SELECT language FROM profiles WHERE user_id = @user_id;

-- name: listPatientCalendar :many
SELECT sqlc.embed(c), p.full_name AS other FROM consultations c JOIN profiles p ON p.user_id = c.doctor_id
WHERE c.patient_id = @person AND c.id >= ids_since(@person) AND c.scheduled_start > @since AND c.scheduled_start < @until
    AND c.status NOT IN ('REQUESTED', 'CANCELLED')
ORDER BY c.scheduled_start, c.id LIMIT @most;

-- name: listDoctorCalendar :many
SELECT sqlc.embed(c), p.full_name AS other FROM consultations c JOIN profiles p ON p.user_id = c.patient_id
WHERE c.doctor_id = @person AND c.id >= ids_since(@person) AND c.scheduled_start > @since AND c.scheduled_start < @until
    AND c.status NOT IN ('REQUESTED', 'CANCELLED')
ORDER BY c.scheduled_start, c.id LIMIT @most;
-- A second leave over the same consultation renews the offer. Servers of the release before read slot_id.
-- name: insertOffer :exec
INSERT INTO leave_offers (consultation_id, leave_id, slot_id, expires_at, created_at)
VALUES (@consultation_id, @leave_id, @slot_id, @expires_at, @now)
ON CONFLICT (consultation_id) DO UPDATE SET leave_id = EXCLUDED.leave_id, slot_id = EXCLUDED.slot_id,
    expires_at = EXCLUDED.expires_at, created_at = EXCLUDED.created_at;

-- name: readOffer :one
SELECT * FROM leave_offers WHERE consultation_id = @consultation_id;

-- name: deleteOffersOf :many
DELETE FROM leave_offers WHERE leave_id = @leave_id RETURNING *;

-- name: listExpiredOffers :many
SELECT consultation_id FROM leave_offers WHERE expires_at <= @now ORDER BY expires_at LIMIT 200;

-- The nearest slots before and after a time.
-- Slots at the time of another consultation of the patient are left out.
-- name: listOwnAlternatives :many
SELECT s.id AS slot_id, s.doctor_id, p.full_name AS doctor_name, s.start_time, s.end_time, d.consultation_fee AS fee, d.currency
FROM doctors d JOIN profiles p ON p.user_id = d.id,
LATERAL ((SELECT b.id, b.doctor_id, b.start_time, b.end_time
        FROM availability_slots b LEFT JOIN booking_rules r ON r.doctor_id = b.doctor_id
        WHERE b.doctor_id = d.id AND b.status = 'AVAILABLE' AND b.start_time > @now::timestamptz AND b.start_time < @start_time::timestamptz
            AND is_bookable(b, r, had_visit(@patient_id, d.id), @now::timestamptz)
            AND NOT EXISTS (SELECT FROM seats x WHERE x.patient_id = @patient_id AND x.consultation_id <> @consultation_id
                AND x.during && tstzrange(b.start_time, b.end_time))
        ORDER BY b.start_time DESC LIMIT 5)
    UNION ALL
    (SELECT a.id, a.doctor_id, a.start_time, a.end_time
        FROM availability_slots a LEFT JOIN booking_rules r ON r.doctor_id = a.doctor_id
        WHERE a.doctor_id = d.id AND a.status = 'AVAILABLE' AND a.start_time > @now::timestamptz AND a.start_time >= @start_time::timestamptz
            AND is_bookable(a, r, had_visit(@patient_id, d.id), @now::timestamptz)
            AND NOT EXISTS (SELECT FROM seats x WHERE x.patient_id = @patient_id AND x.consultation_id <> @consultation_id
                AND x.during && tstzrange(a.start_time, a.end_time))
        ORDER BY a.start_time LIMIT 5)) s
WHERE d.id = @doctor_id AND d.is_approved;

-- One slot of each doctor, the nearest.
-- name: listOtherAlternatives :many
SELECT n.slot_id, n.doctor_id, n.doctor_name, n.start_time, n.end_time, n.fee, n.currency
FROM (SELECT DISTINCT ON (s.doctor_id) s.id AS slot_id, s.doctor_id, p.full_name AS doctor_name, s.start_time, s.end_time,
        d.consultation_fee AS fee, d.currency
    FROM availability_slots s
    JOIN doctors d ON d.id = s.doctor_id AND d.is_approved AND d.currency = @currency
        AND d.specialization = (SELECT o.specialization FROM doctors o WHERE o.id = @doctor_id)
    JOIN users u ON u.id = d.id AND u.deleted_at IS NULL AND u.disabled_at IS NULL
    JOIN profiles p ON p.user_id = d.id
    LEFT JOIN booking_rules r ON r.doctor_id = d.id
    WHERE s.status = 'AVAILABLE' AND s.start_time > @now::timestamptz AND s.start_time >= @since::timestamptz
        AND s.start_time < @before::timestamptz AND s.doctor_id <> @doctor_id
        AND is_bookable(s, r, had_visit(@patient_id, d.id), @now::timestamptz)
        AND NOT EXISTS (SELECT FROM seats x WHERE x.patient_id = @patient_id AND x.consultation_id <> @consultation_id
            AND x.during && tstzrange(s.start_time, s.end_time))
    ORDER BY s.doctor_id, abs(extract(epoch FROM s.start_time - @start_time::timestamptz))) n
ORDER BY abs(extract(epoch FROM n.start_time - @start_time::timestamptz)), n.slot_id LIMIT 5;

-- Of a draft, which isn't over, and of notes that are released after the end.
-- name: updateNotes :exec
UPDATE consultations SET notes = @notes, notes_draft = @notes_draft, notes_saved_at = @notes_saved_at,
    updated_at = @updated_at
WHERE id = @id;

-- name: notePatientArrival :exec
UPDATE consultations SET patient_arrived_at = @now, updated_at = @now WHERE id = @id AND patient_arrived_at IS NULL;

-- name: noteDoctorArrival :exec
UPDATE consultations SET doctor_arrived_at = @now, updated_at = @now WHERE id = @id AND doctor_arrived_at IS NULL;

-- name: callSides :many
SELECT * FROM call_sides WHERE consultation_id = @consultation_id;

-- name: upsertCallSide :exec
INSERT INTO call_sides (consultation_id, is_doctor, client_id, description, peer_id, updated_at)
VALUES (@consultation_id, @is_doctor, @client_id, sqlc.narg('description'), sqlc.narg('peer_id'), @now)
ON CONFLICT (consultation_id, is_doctor) DO UPDATE SET client_id = excluded.client_id, description = excluded.description,
    peer_id = excluded.peer_id, updated_at = excluded.updated_at;

-- name: insertAddendum :exec
INSERT INTO addenda (id, consultation_id, patient_id, author_id, author_name, text, released_at, created_at)
VALUES (@id, @consultation_id, @patient_id, @author_id, @author_name, @text, sqlc.narg('released_at'), @now);

-- name: countAddenda :one
SELECT count(*) FROM addenda WHERE consultation_id = @consultation_id;

-- name: listAddenda :many
SELECT * FROM addenda WHERE consultation_id = @consultation_id AND (released_at IS NOT NULL OR @drafts::boolean)
ORDER BY id LIMIT 100;

-- name: readAddendum :one
SELECT * FROM addenda WHERE id = @id;

-- name: releaseAddendum :execrows
UPDATE addenda SET released_at = @now WHERE id = @id AND released_at IS NULL;

-- name: listAddendaOfPatient :many
SELECT * FROM addenda WHERE patient_id = @patient_id AND released_at IS NOT NULL AND id > @after
ORDER BY id LIMIT @row_limit;

-- name: insertDispute :exec
INSERT INTO disputes (id, consultation_id, patient_id, doctor_id, status, reason, created_at)
VALUES (@id, @consultation_id, @patient_id, @doctor_id, 'OPEN', @reason, @now);

-- name: readDispute :one
SELECT sqlc.embed(d), k.wrapped FROM disputes d JOIN data_keys k ON k.user_id = d.patient_id
WHERE d.consultation_id = @consultation_id;

-- name: findDispute :one
SELECT consultation_id FROM disputes WHERE id = @id;

-- name: lockDispute :one
SELECT * FROM disputes WHERE id = @id FOR UPDATE;

-- name: decideDispute :exec
UPDATE disputes SET status = @status, decision_reason = @decision_reason, decided_by = @decided_by, decided_at = @now
WHERE id = @id;

-- name: listDisputes :many
SELECT sqlc.embed(d), k.wrapped FROM disputes d JOIN data_keys k ON k.user_id = d.patient_id
WHERE d.status = @status AND d.id > @after ORDER BY d.id LIMIT @row_limit;

-- name: listDisputedVisits :many
SELECT id, scheduled_start, patient_arrived_at, doctor_arrived_at FROM all_consultations WHERE id = ANY (@ids::uuid[]);

-- name: listDisputesOfPatient :many
SELECT sqlc.embed(d), k.wrapped FROM disputes d JOIN data_keys k ON k.user_id = d.patient_id
WHERE d.patient_id = @patient_id ORDER BY d.id;

-- name: eraseDisputes :exec
UPDATE disputes SET reason = NULL, decision_reason = NULL WHERE patient_id = @patient_id;
