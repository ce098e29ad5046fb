-- +goose Up

-- A doctor lists the prescriptions that they wrote, the newest first. The new indexes do what the old ones did.
CREATE INDEX prescriptions_doctor_id_id_idx ON prescriptions (doctor_id, id);
CREATE INDEX archived_prescriptions_doctor_id_id_idx ON archived_prescriptions (doctor_id, id);
DROP INDEX prescriptions_doctor_id_idx;
DROP INDEX archived_prescriptions_doctor_id_idx;
