-- +goose Up

-- A person for whom somebody else's account acts. They have a user, a profile and a data key as everybody does, so that
-- seats, consultations, prescriptions and sealed texts are theirs; but they can't sign in.
ALTER TYPE user_role ADD VALUE 'DEPENDANT';
-- As text, because a new value can't be used by the migration that adds it. NOT VALID spares a scan: no row has it yet.
ALTER TABLE users ADD CONSTRAINT users_dependant_has_no_sign_in
    CHECK (role::text <> 'DEPENDANT' OR (password_hash = 'none' AND NOT mfa_enabled AND NOT is_email_verified)) NOT VALID;

-- user_id is whose account acts for the person, relation what the person is to them. SELF: the person came of age, or
-- got an account of their own for another reason, and what is here was moved to it.
CREATE TYPE dependant_relation AS ENUM ('CHILD', 'PARENT', 'SPOUSE', 'SIBLING', 'OTHER', 'SELF');
CREATE TABLE dependants (
    id uuid PRIMARY KEY REFERENCES users (id),
    user_id uuid NOT NULL REFERENCES users (id),
    relation dependant_relation NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    CONSTRAINT dependants_not_oneself CHECK (id <> user_id)
);
CREATE INDEX dependants_user_id_idx ON dependants (user_id, id);
REVOKE DELETE ON dependants FROM amrutam_app;
GRANT SELECT (id, user_id, relation, created_at, updated_at, deleted_at) ON dependants TO amrutam_reader;

-- Who booked for the patient, what the patient is to them, and whether the patient is a minor at the start; as it was
-- at the booking. Null: the patients booked for themselves. booked_by is no foreign key, which would need an index of
-- all consultations: only users who never verified their address are deleted.
ALTER TABLE consultations ADD COLUMN booked_by uuid, ADD COLUMN relation dependant_relation,
    ADD COLUMN is_minor boolean NOT NULL DEFAULT false;
ALTER TABLE archived_consultations ADD COLUMN booked_by uuid, ADD COLUMN relation dependant_relation,
    ADD COLUMN is_minor boolean NOT NULL DEFAULT false;
-- NOT VALID, because a check of the rows that are there would lock the table for minutes; these columns are null.
ALTER TABLE consultations ADD CONSTRAINT consultations_booked_by_check
    CHECK ((booked_by IS NULL) = (relation IS NULL) AND booked_by <> patient_id AND (booked_by IS NOT NULL OR NOT is_minor)) NOT VALID;
ALTER TABLE archived_consultations ADD CONSTRAINT archived_consultations_booked_by_check
    CHECK ((booked_by IS NULL) = (relation IS NULL) AND booked_by <> patient_id AND (booked_by IS NOT NULL OR NOT is_minor)) NOT VALID;
GRANT SELECT (booked_by, relation, is_minor) ON consultations, archived_consultations TO amrutam_reader;
DROP VIEW all_consultations;
CREATE VIEW all_consultations WITH (security_invoker = true) AS
SELECT *, false AS archived FROM consultations UNION ALL SELECT *, true FROM archived_consultations;
REVOKE INSERT, UPDATE, DELETE ON all_consultations FROM amrutam_app;

-- A request to move a dependant's record to an account of their own. The adult asks, the owner of the address accepts,
-- and staff approve, in whatever order; then user_id of the dependant changes. The address is empty once it is over.
CREATE TYPE dependant_transfer_status AS ENUM ('OPEN', 'DONE', 'CANCELLED', 'REFUSED');
CREATE TABLE dependant_transfers (
    id uuid PRIMARY KEY,
    dependant_id uuid NOT NULL REFERENCES dependants (id),
    user_id uuid NOT NULL REFERENCES users (id),
    status dependant_transfer_status NOT NULL,
    email text,
    accepted_by uuid REFERENCES users (id),
    accepted_at timestamptz,
    approved_by uuid REFERENCES users (id),
    approved_at timestamptz,
    ended_at timestamptz,
    created_at timestamptz NOT NULL,
    CHECK ((email IS NOT NULL) = (status = 'OPEN') AND (ended_at IS NULL) = (status = 'OPEN')),
    CHECK ((accepted_by IS NULL) = (accepted_at IS NULL) AND (approved_by IS NULL) = (approved_at IS NULL)),
    CHECK (status <> 'DONE' OR (accepted_at IS NOT NULL AND approved_at IS NOT NULL)),
    CHECK (accepted_by <> user_id AND approved_by <> user_id AND approved_by <> accepted_by)
);
CREATE UNIQUE INDEX dependant_transfers_one_open ON dependant_transfers (dependant_id) WHERE status = 'OPEN';
CREATE INDEX dependant_transfers_dependant_id_idx ON dependant_transfers (dependant_id);
CREATE INDEX dependant_transfers_user_id_idx ON dependant_transfers (user_id, id);
CREATE INDEX dependant_transfers_email_idx ON dependant_transfers (lower(email)) WHERE status = 'OPEN';
CREATE INDEX dependant_transfers_accepted_by_idx ON dependant_transfers (accepted_by, id) WHERE accepted_by IS NOT NULL;
CREATE INDEX dependant_transfers_approved_by_idx ON dependant_transfers (approved_by) WHERE approved_by IS NOT NULL;
CREATE INDEX dependant_transfers_open_idx ON dependant_transfers (id) WHERE status = 'OPEN';
CREATE INDEX dependant_transfers_created_at_idx ON dependant_transfers (created_at) WHERE status = 'OPEN';
GRANT SELECT (id, dependant_id, user_id, status, accepted_by, accepted_at, approved_by, approved_at, ended_at, created_at)
    ON dependant_transfers TO amrutam_reader;

-- What was moved to an account is a record of the account's own person.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION had_visit(patient uuid, doctor uuid) RETURNS boolean LANGUAGE plpgsql STABLE COST 10000 AS $$
BEGIN
    RETURN EXISTS (SELECT FROM consultations c WHERE c.patient_id = patient AND c.id >= ids_since(patient)
            AND c.doctor_id = doctor AND c.status = 'COMPLETED')
        OR EXISTS (SELECT FROM archived_consultations c WHERE c.patient_id = patient AND c.id >= ids_since(patient)
            AND c.doctor_id = doctor AND c.status = 'COMPLETED')
        OR EXISTS (SELECT FROM dependants d WHERE d.user_id = patient AND d.relation = 'SELF' AND had_visit(d.id, doctor));
END $$;
-- +goose StatementEnd

-- What happens to a dependant is told to the account that acts for them.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION publish_event(type text, recipients uuid[], payload jsonb, at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    users uuid[];
BEGIN
    IF coalesce(cardinality(recipients), 0) = 0 OR current_setting('amrutam.quiet', true) = 'on' THEN
        RETURN;
    END IF;
    users := ARRAY(SELECT coalesce((SELECT d.user_id FROM dependants d WHERE d.id = r), r) FROM unnest(recipients) r);
    INSERT INTO events (user_id, type, payload, created_at) SELECT u, publish_event.type, publish_event.payload, at FROM unnest(users) u;
    PERFORM pg_notify('events', array_to_string(users, ','));
END $$;
-- +goose StatementEnd
