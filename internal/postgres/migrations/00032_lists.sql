-- +goose Up

-- Staff lists consultations of a status by their time. Those of a status lie together (the unpaid and the paid are the newest), so that
-- a walk by time alone would pass nearly all before it comes to the first.
DROP INDEX consultations_status_idx;
CREATE INDEX consultations_status_idx ON consultations (status, scheduled_start, id);

-- Bookings count a patient's seats; statements don't read the indexes of exclusion constraints.
CREATE INDEX seats_patient_id_idx ON seats (patient_id);

-- Nothing looks for a payment by it: attempts have their own. Each payment wrote it.
DROP INDEX payments_transaction_reference_idx;
