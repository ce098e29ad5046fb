-- +goose Up

-- Sign-ups that wait for their address to be proven, those that were ended too: all are deleted when it never is. Who was invited
-- or erased has no password.
DROP INDEX users_unverified_idx;
CREATE INDEX users_unproven_idx ON users (created_at) WHERE NOT is_email_verified AND password_hash <> 'none';

-- A user who is deleted is looked for in every table that refers to users.
CREATE INDEX refunds_requested_by_idx ON refunds (requested_by) WHERE requested_by IS NOT NULL;
CREATE INDEX refunds_approved_by_idx ON refunds (approved_by) WHERE approved_by IS NOT NULL;
CREATE INDEX erasures_requested_by_idx ON erasures (requested_by);
-- Only a consultation's patient consents to it: the consultation refers to them. An index here would be paid by every booking.
ALTER TABLE consultation_consents DROP CONSTRAINT consultation_consents_actor_id_fkey;
