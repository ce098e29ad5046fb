-- +goose Up

-- Sign-ups whose address is not verified yet, also those that were ended. All are deleted when it never is. A user who
-- was invited or erased has no password.
DROP INDEX users_unverified_idx;
CREATE INDEX users_unproven_idx ON users (created_at) WHERE NOT is_email_verified AND password_hash <> 'none';

-- Deleting a user searches every table that refers to users.
CREATE INDEX refunds_requested_by_idx ON refunds (requested_by) WHERE requested_by IS NOT NULL;
CREATE INDEX refunds_approved_by_idx ON refunds (approved_by) WHERE approved_by IS NOT NULL;
CREATE INDEX erasures_requested_by_idx ON erasures (requested_by);
-- Only the patient of a consultation consents to it, and the consultation refers to that patient. An index here would
-- cost every booking.
ALTER TABLE consultation_consents DROP CONSTRAINT consultation_consents_actor_id_fkey;
