-- +goose Up

-- The form in which registration numbers are compared: letters and digits only (registrationKey in internal/doctor).
-- Set for doctors who are approved, were approved, or wait for a decision. A refusal and the end of the account free
-- the number.
ALTER TABLE doctors ADD COLUMN registration_key text;
-- When two are equal in this form, the doctor who was approved first keeps it. An administrator decides about the
-- other one.
UPDATE doctors d SET registration_key = k.key
FROM (SELECT DISTINCT ON (key) id, key FROM (
        SELECT d.id, d.is_approved, d.created_at,
            lower(regexp_replace(normalize(d.registration_number, NFKC), '[[:punct:][:space:]]', '', 'g')) AS key
        FROM doctors d JOIN users u ON u.id = d.id
        WHERE u.deleted_at IS NULL AND (d.is_approved OR d.approval_decided_at IS NULL OR EXISTS (SELECT FROM audit_logs a
            WHERE a.entity_type = 'doctor' AND a.entity_id = d.id::text AND a.action = 'doctor.approve'))) holding
    WHERE key <> '' ORDER BY key, is_approved DESC, created_at, id) k
WHERE k.id = d.id;
ALTER TABLE doctors DROP CONSTRAINT doctors_registration_number_key;
DROP INDEX doctors_registration_number_folded_key;
CREATE UNIQUE INDEX doctors_registration_number_key ON doctors (registration_key);
