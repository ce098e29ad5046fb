-- +goose Up

-- The policy by which a patient gets money back, of a doctor who has an own one: "24h=100,2h=50".
ALTER TABLE doctors ADD COLUMN cancellation_policy text
    CHECK (cancellation_policy ~ '^[0-9]{1,3}h=100(,[0-9]{1,3}h=[0-9]{1,2}){0,4}$');
GRANT SELECT (cancellation_policy) ON doctors TO amrutam_reader;

-- cancellation_policy is the one of the booking; null for those of before, which were refunded until 2 h before. Until
-- grace_until a patient gets everything back. refund_percent is what the cancellation gave back; null for those of
-- before, of which cancelled_late says it. notes_draft says that the patient doesn't see the notes; those of before
-- were seen. notes_saved_at is when they were last saved while they were written. *_arrived_at is when a party was
-- there for the first time.
ALTER TABLE consultations
    ADD COLUMN cancellation_policy text,
    ADD COLUMN grace_until timestamptz,
    ADD COLUMN refund_percent smallint,
    ADD COLUMN notes_draft boolean NOT NULL DEFAULT false,
    ADD COLUMN notes_saved_at timestamptz,
    ADD COLUMN patient_arrived_at timestamptz,
    ADD COLUMN doctor_arrived_at timestamptz;
ALTER TABLE archived_consultations
    ADD COLUMN cancellation_policy text,
    ADD COLUMN grace_until timestamptz,
    ADD COLUMN refund_percent smallint,
    ADD COLUMN notes_draft boolean NOT NULL DEFAULT false,
    ADD COLUMN notes_saved_at timestamptz,
    ADD COLUMN patient_arrived_at timestamptz,
    ADD COLUMN doctor_arrived_at timestamptz;
-- NOT VALID, because a check of the rows that are there would lock the table for minutes; these columns are null.
ALTER TABLE consultations ADD CONSTRAINT consultations_refund_percent_check
    CHECK (refund_percent IS NULL OR (refund_percent BETWEEN 0 AND 100 AND status = 'CANCELLED')) NOT VALID;
ALTER TABLE archived_consultations ADD CONSTRAINT archived_consultations_refund_percent_check
    CHECK (refund_percent IS NULL OR (refund_percent BETWEEN 0 AND 100 AND status = 'CANCELLED')) NOT VALID;
GRANT SELECT (cancellation_policy, grace_until, refund_percent, notes_draft, notes_saved_at, patient_arrived_at,
    doctor_arrived_at) ON consultations, archived_consultations TO amrutam_reader;
DROP VIEW all_consultations;
CREATE VIEW all_consultations WITH (security_invoker = true) AS
SELECT *, false AS archived FROM consultations UNION ALL SELECT *, true FROM archived_consultations;
REVOKE INSERT, UPDATE, DELETE ON all_consultations FROM amrutam_app;

-- What the doctor adds to the notes after the end. It is signed with the author's name of that day, which is sealed
-- with the text under the patient's key, and never changes; it can be released to the patient once. It refers to a
-- consultation in either place.
CREATE TABLE addenda (
    id uuid PRIMARY KEY,
    consultation_id uuid NOT NULL,
    patient_id uuid NOT NULL REFERENCES users (id),
    author_id uuid NOT NULL REFERENCES users (id),
    author_name bytea NOT NULL,
    text bytea NOT NULL,
    released_at timestamptz,
    created_at timestamptz NOT NULL
);
CREATE INDEX addenda_consultation_id_idx ON addenda (consultation_id, id);
CREATE INDEX addenda_patient_id_idx ON addenda (patient_id, id);
CREATE INDEX addenda_author_id_idx ON addenda (author_id, id);
CREATE TRIGGER addenda_consultation_id_fkey AFTER INSERT ON addenda FOR EACH ROW EXECUTE FUNCTION require_consultation();
CREATE TRIGGER addenda_no_change BEFORE UPDATE ON addenda FOR EACH ROW
    WHEN (OLD.released_at IS NOT NULL OR NEW.released_at IS NULL
        OR (OLD.id, OLD.consultation_id, OLD.patient_id, OLD.author_id, OLD.author_name, OLD.text, OLD.created_at)
            IS DISTINCT FROM (NEW.id, NEW.consultation_id, NEW.patient_id, NEW.author_id, NEW.author_name, NEW.text, NEW.created_at))
    EXECUTE FUNCTION refuse_change();
CREATE TRIGGER addenda_no_delete BEFORE DELETE ON addenda FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER addenda_no_truncate BEFORE TRUNCATE ON addenda EXECUTE FUNCTION refuse_change();
REVOKE UPDATE, DELETE ON addenda FROM amrutam_app;
GRANT UPDATE (released_at) ON addenda TO amrutam_app;
GRANT SELECT (id, consultation_id, author_id, released_at, created_at) ON addenda TO amrutam_reader;

-- A patient's word against a no-show that was recorded of them, and what staff decided. It refers to a consultation in
-- either place.
CREATE TYPE dispute_status AS ENUM ('OPEN', 'UPHELD', 'REFUNDED');
CREATE TABLE disputes (
    id uuid PRIMARY KEY,
    consultation_id uuid NOT NULL CONSTRAINT disputes_consultation_id_key UNIQUE,
    patient_id uuid NOT NULL REFERENCES users (id),
    doctor_id uuid NOT NULL REFERENCES doctors (id),
    status dispute_status NOT NULL,
    reason bytea, -- null: its patient is erased
    decision_reason text,
    decided_by uuid REFERENCES users (id),
    decided_at timestamptz,
    created_at timestamptz NOT NULL,
    CHECK ((status = 'OPEN') = (decided_at IS NULL)),
    CHECK ((decided_by IS NULL) = (decided_at IS NULL))
);
CREATE INDEX disputes_status_idx ON disputes (status, id);
CREATE INDEX disputes_patient_id_idx ON disputes (patient_id, id);
CREATE INDEX disputes_doctor_id_idx ON disputes (doctor_id);
CREATE INDEX disputes_decided_by_idx ON disputes (decided_by) WHERE decided_by IS NOT NULL;
CREATE TRIGGER disputes_consultation_id_fkey AFTER INSERT ON disputes FOR EACH ROW EXECUTE FUNCTION require_consultation();
REVOKE DELETE ON disputes FROM amrutam_app;
GRANT SELECT (id, consultation_id, status, decided_at, created_at) ON disputes TO amrutam_reader;
