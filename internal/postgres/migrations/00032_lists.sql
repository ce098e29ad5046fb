-- +goose Up

-- Staff list consultations of a status by their time. Consultations of one status lie together (the unpaid and the
-- paid are the newest), so a walk by time alone would pass nearly all rows before the first match.
DROP INDEX consultations_status_idx;
CREATE INDEX consultations_status_idx ON consultations (status, scheduled_start, id);

-- Bookings count a patient's seats; statements don't read the indexes of exclusion constraints.
CREATE INDEX seats_patient_id_idx ON seats (patient_id);

-- Nothing finds a payment by its reference: attempts have their own. But each payment had to write this index.
DROP INDEX payments_transaction_reference_idx;
