-- +goose Up

-- A grant on whole tables included columns that are no figures: the words that doctors are found by, their
-- registration, the references of a provider. The role can't read a later column until its migration allows it.
REVOKE SELECT ON doctors, availability_slots, seats, payments FROM amrutam_reader;
GRANT SELECT (id, user_id, specialization, years_of_experience, consultation_fee, currency, languages_spoken, is_approved, approval_decided_at, rating,
    created_at, updated_at) ON doctors TO amrutam_reader;
GRANT SELECT (id, doctor_id, start_time, end_time, status, max_patients, seats_taken, created_at, updated_at) ON availability_slots TO amrutam_reader;
GRANT SELECT (slot_id, patient_id, consultation_id, during) ON seats TO amrutam_reader;
GRANT SELECT (id, consultation_id, amount, currency, status, provider, created_at, updated_at) ON payments TO amrutam_reader;
