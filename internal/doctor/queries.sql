-- Replaces an application that was refused, which has no registration key. No row if there is another application.
-- name: insertDoctor :one
INSERT INTO doctors (id, user_id, specialization, years_of_experience, registration_number, registration_key, number_key,
    clinic_name, consultation_fee, currency, languages_spoken, bio, created_at, updated_at)
VALUES (@id, @id, @specialization, @years_of_experience, @registration_number, @registration_key::text, @registration_key::text, sqlc.narg('clinic_name'),
    @consultation_fee, @currency, @languages_spoken, sqlc.narg('bio'), @now, @now)
ON CONFLICT (id) DO UPDATE SET specialization = excluded.specialization, years_of_experience = excluded.years_of_experience,
    registration_number = excluded.registration_number, registration_key = excluded.registration_key, number_key = excluded.number_key, clinic_name = excluded.clinic_name,
    consultation_fee = excluded.consultation_fee, currency = excluded.currency, languages_spoken = excluded.languages_spoken,
    bio = excluded.bio, cancellation_policy = NULL, approval_reason = NULL, approval_decided_at = NULL, created_at = excluded.created_at, updated_at = excluded.updated_at
    WHERE NOT doctors.is_approved AND doctors.approval_decided_at IS NOT NULL AND doctors.registration_key IS NULL
RETURNING (SELECT p.full_name FROM profiles p WHERE p.user_id = doctors.id)::text;

-- With the lock an approval and a change of the profile run one after the other.
-- name: lockDoctor :one
SELECT d.id, d.specialization, d.years_of_experience, d.registration_number, d.registration_key, d.clinic_name, d.consultation_fee,
    d.currency, d.languages_spoken, d.bio, d.cancellation_policy, d.is_approved, d.approval_reason, d.approval_decided_at, d.rating, d.rating_count, d.created_at, d.updated_at, p.full_name
FROM doctors d JOIN users u ON u.id = d.id JOIN profiles p ON p.user_id = d.id
WHERE d.id = @id AND u.deleted_at IS NULL
FOR NO KEY UPDATE OF d;

-- name: updateDoctor :exec
UPDATE doctors SET specialization = @specialization, years_of_experience = @years_of_experience,
    registration_number = @registration_number, registration_key = sqlc.narg('registration_key'), number_key = @number_key::text, clinic_name = sqlc.narg('clinic_name'),
    consultation_fee = @consultation_fee, currency = @currency, languages_spoken = @languages_spoken, bio = sqlc.narg('bio'),
    cancellation_policy = sqlc.narg('cancellation_policy'), updated_at = @now
WHERE id = @id;

-- name: decideApproval :exec
UPDATE doctors SET is_approved = @is_approved, approval_reason = sqlc.narg('reason'), approval_decided_at = @now, updated_at = @now,
    registration_key = sqlc.narg('registration_key')
WHERE id = @id;

-- name: nextFreeSlot :one
SELECT s.id, s.start_time, s.end_time FROM availability_slots s LEFT JOIN booking_rules r ON r.doctor_id = s.doctor_id
WHERE s.doctor_id = @doctor_id AND s.status = 'AVAILABLE' AND s.start_time > @now
    AND is_bookable(s, r, false, @now) ORDER BY s.start_time LIMIT 1;

-- name: eraseProfile :exec
UPDATE doctors SET clinic_name = NULL, bio = NULL, approval_reason = NULL, updated_at = @now WHERE id = @id;

-- name: eraseRegistration :exec
UPDATE doctors SET registration_number = 'erased-' || id, registration_key = NULL, number_key = NULL, updated_at = @now WHERE id = @id;

-- name: freeRegistration :exec
UPDATE doctors SET registration_key = NULL WHERE id = @id;

-- An approval and its withdrawal wait for this lock.
-- name: lockApproved :one
SELECT is_approved FROM doctors WHERE id = @id FOR NO KEY UPDATE;

-- Neither updated_at nor the search changes: the version of a profile would tell everybody when a patient wrote.
-- name: addRating :exec
UPDATE doctors SET rating_count = rating_count + @ratings::int, rating_sum = rating_sum + @stars::int,
    rating = CASE WHEN rating_count + @ratings::int = 0 THEN 0
        ELSE round((rating_sum + @stars::int)::numeric / (rating_count + @ratings::int), 2) END
WHERE id = @id;

-- The values in use among the doctors that patients can find. Spellings that a search doesn't distinguish count as one
-- value, in its commonest spelling.
-- name: countFacets :many
WITH found AS (
    SELECT d.specialization, d.languages_spoken, d.currency FROM doctors d JOIN users u ON u.id = d.id
    WHERE d.is_approved AND u.deleted_at IS NULL AND u.disabled_at IS NULL
)
SELECT 'specialization'::text AS facet, (mode() WITHIN GROUP (ORDER BY f.specialization))::text AS value,
    count(*) AS doctors
FROM found f GROUP BY search_fold(f.specialization)
UNION ALL
SELECT 'language', l.tag, count(*) FROM found f, unnest(f.languages_spoken) AS l (tag) GROUP BY l.tag
UNION ALL
SELECT 'currency', f.currency, count(*) FROM found f GROUP BY f.currency
ORDER BY doctors DESC, value;

-- The doctors who have completed a consultation with a patient, and whose later visits have another length than first ones.
-- name: listSeenBy :many
SELECT r.doctor_id
FROM (SELECT DISTINCT c.doctor_id FROM all_consultations c
        WHERE c.patient_id = ANY(@people::uuid[]) AND c.id >= ids_since(@oldest) AND c.status = 'COMPLETED') seen,
    LATERAL (SELECT b.doctor_id FROM booking_rules b
        WHERE b.doctor_id = seen.doctor_id AND b.first_visit_minutes IS DISTINCT FROM b.follow_up_minutes OFFSET 0) r;

-- The doctors who gave a registration number, in the form in which numbers are compared, at most so many of each. A
-- server of the release before stores registration_key alone. Deleted accounts have no name any more.
-- name: listSameNumbers :many
SELECT k.key::text AS key, o.id, o.registration_number, o.is_approved, o.approval_decided_at,
    (o.registration_key IS NOT NULL)::boolean AS holds_number, p.full_name
FROM unnest(@keys::text[]) k (key)
CROSS JOIN LATERAL (SELECT d.* FROM doctors d WHERE d.number_key = k.key OR d.registration_key = k.key
    ORDER BY d.id LIMIT @most) o
LEFT JOIN users u ON u.id = o.id AND u.deleted_at IS NULL
LEFT JOIN profiles p ON p.user_id = u.id
ORDER BY o.id;
