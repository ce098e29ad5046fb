-- name: lockConsultation :one
SELECT c.id, c.patient_id, c.doctor_id, c.status, c.ended_at, k.wrapped FROM consultations c
JOIN data_keys k ON k.user_id = c.patient_id
WHERE c.id = @id FOR SHARE OF c;

-- name: readArchivedDoctor :one
SELECT doctor_id FROM archived_consultations WHERE id = @consultation_id;

-- name: existsInConsultation :one
SELECT EXISTS (SELECT FROM prescriptions WHERE id = @id AND consultation_id = @consultation_id);

-- name: insertPrescription :exec
INSERT INTO prescriptions (id, consultation_id, doctor_id, patient_id, medications, advice, supersedes, created_at)
VALUES (@id, @consultation_id, @doctor_id, @patient_id, @medications, @advice, sqlc.narg('supersedes'), @created_at);

-- name: readPrescription :one
SELECT sqlc.embed(p), k.wrapped, n.id AS superseded_by FROM all_prescriptions p
JOIN data_keys k ON k.user_id = p.patient_id
LEFT JOIN all_prescriptions n ON n.supersedes = p.id
WHERE p.id = @id;

-- name: readParties :one
SELECT patient_id, doctor_id FROM all_consultations WHERE id = @id;

-- name: listPrescriptionsOfConsultation :many
SELECT sqlc.embed(p), k.wrapped, n.id AS superseded_by FROM all_prescriptions p
JOIN data_keys k ON k.user_id = p.patient_id
LEFT JOIN all_prescriptions n ON n.supersedes = p.id
WHERE p.consultation_id = @consultation_id ORDER BY p.id DESC LIMIT 100;

-- name: listPrescriptionsOfVisits :many
SELECT sqlc.embed(p), k.wrapped, n.id AS superseded_by FROM all_prescriptions p
JOIN data_keys k ON k.user_id = p.patient_id
LEFT JOIN all_prescriptions n ON n.supersedes = p.id
WHERE p.consultation_id = ANY(@consultation_ids::uuid[]) ORDER BY p.id DESC LIMIT 200;

-- name: listPrescriptionsOfPatient :many
SELECT sqlc.embed(p), k.wrapped, n.id AS superseded_by FROM all_prescriptions p
JOIN data_keys k ON k.user_id = p.patient_id
LEFT JOIN all_prescriptions n ON n.supersedes = p.id
WHERE p.patient_id = @patient_id AND p.id < @before ORDER BY p.id DESC LIMIT @row_limit;

-- name: listPrescriptionsOfDoctor :many
SELECT sqlc.embed(p), k.wrapped, n.id AS superseded_by FROM all_prescriptions p
JOIN data_keys k ON k.user_id = p.patient_id
LEFT JOIN all_prescriptions n ON n.supersedes = p.id
WHERE p.doctor_id = @doctor_id AND p.id < @before ORDER BY p.id DESC LIMIT @row_limit;

-- name: listPrescriptionsOfDoctorFor :many
SELECT sqlc.embed(p), k.wrapped, n.id AS superseded_by FROM all_prescriptions p
JOIN data_keys k ON k.user_id = p.patient_id
LEFT JOIN all_prescriptions n ON n.supersedes = p.id
WHERE p.patient_id = @patient_id AND p.doctor_id = @doctor_id AND p.id < @before ORDER BY p.id DESC LIMIT @row_limit;

-- name: readName :one
SELECT full_name FROM profiles WHERE user_id = @user_id;
