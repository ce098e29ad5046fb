-- +goose Up

-- Where a consultation was before its last move, when and how often it was moved, and the part of the fee that a move to a higher
-- fee has left unpaid. Earlier moves are in the audit log. The slot may be deleted meanwhile, so it is no foreign key.
ALTER TABLE consultations ADD COLUMN rescheduled_from_slot uuid, ADD COLUMN rescheduled_from_start timestamptz, ADD COLUMN rescheduled_at timestamptz,
    ADD COLUMN reschedule_count int NOT NULL DEFAULT 0, ADD COLUMN balance_due numeric(12, 2) CHECK (balance_due > 0),
    ADD COLUMN balance_due_at timestamptz;
ALTER TABLE archived_consultations ADD COLUMN rescheduled_from_slot uuid, ADD COLUMN rescheduled_from_start timestamptz, ADD COLUMN rescheduled_at timestamptz,
    ADD COLUMN reschedule_count int NOT NULL DEFAULT 0, ADD COLUMN balance_due numeric(12, 2) CHECK (balance_due > 0),
    ADD COLUMN balance_due_at timestamptz;
ALTER TABLE consultations
    ADD CONSTRAINT consultations_balance CHECK ((balance_due IS NULL) = (balance_due_at IS NULL) AND (balance_due IS NULL OR status = 'CONFIRMED')),
    ADD CONSTRAINT consultations_rescheduled CHECK ((reschedule_count = 0) = (rescheduled_from_slot IS NULL)
        AND (rescheduled_from_slot IS NULL) = (rescheduled_from_start IS NULL)
        AND (rescheduled_from_slot IS NULL) = (rescheduled_at IS NULL));
CREATE INDEX consultations_balance_due_at_idx ON consultations (balance_due_at) WHERE balance_due_at IS NOT NULL;
GRANT SELECT (rescheduled_from_slot, rescheduled_from_start, rescheduled_at, reschedule_count, balance_due, balance_due_at) ON consultations, archived_consultations
    TO amrutam_reader;

DROP VIEW all_consultations;
CREATE VIEW all_consultations WITH (security_invoker = true) AS
SELECT *, false AS archived FROM consultations UNION ALL SELECT *, true FROM archived_consultations;
REVOKE INSERT, UPDATE, DELETE ON all_consultations FROM amrutam_app;

-- An attempt to pay the difference to a higher fee comes beside the one that paid the fee.
ALTER TABLE payment_attempts ADD COLUMN is_balance boolean NOT NULL DEFAULT false;
CREATE UNIQUE INDEX payment_attempts_one_fee ON payment_attempts (payment_id) WHERE status = 'SUCCESS' AND NOT is_balance;
DROP INDEX payment_attempts_one_success;
GRANT SELECT (is_balance) ON payment_attempts TO amrutam_reader;
