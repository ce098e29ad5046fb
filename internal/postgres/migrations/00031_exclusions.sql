-- +goose Up

-- PostgreSQL (seen in 15.18 and 18.4) can mark index entries of live rows as dead in a GiST index, when a join
-- restarts a scan of it after its root page was split (docs/adr/0030-exclusion-constraints.md). Then the constraint
-- accepts overlapping rows. So no statement may read these indexes: their keys are expressions that no query contains,
-- and they have no condition that a query implies. The constraints' own checks scan once and are not affected.
-- Creating the constraints again also restores lost entries.
-- +goose StatementBegin
DO $$
DECLARE
    pair record;
BEGIN
    SELECT a.id AS one, b.id AS other INTO pair FROM availability_slots a JOIN availability_slots b ON b.doctor_id = a.doctor_id AND b.id > a.id
        AND b.start_time < a.end_time AND a.start_time < b.end_time WHERE a.status <> 'BLOCKED' AND b.status <> 'BLOCKED' LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'two open slots of one doctor overlap: % and %', pair.one, pair.other
            USING HINT = 'Block or delete one of them, cancelling its consultations first, then migrate again. amrutam check names them all.';
    END IF;
END $$;
-- +goose StatementEnd

ALTER TABLE availability_slots DROP CONSTRAINT availability_slots_overlap,
    ADD CONSTRAINT availability_slots_overlap EXCLUDE USING gist (uuid_send(doctor_id) WITH =,
        (CASE WHEN status <> 'BLOCKED' THEN tstzrange(start_time, end_time) END) WITH &&);

ALTER TABLE seats DROP CONSTRAINT seats_patient_overlap, DROP CONSTRAINT seats_doctor_overlap, DROP CONSTRAINT seats_doctor_in_progress,
    ADD CONSTRAINT seats_patient_overlap EXCLUDE USING gist (uuid_send(patient_id) WITH =, tstzrange(lower(during), upper(during)) WITH &&),
    ADD CONSTRAINT seats_doctor_overlap EXCLUDE USING gist (uuid_send(doctor_id) WITH =, uuid_send(slot_id) WITH <>,
        tstzrange(lower(during), upper(during)) WITH &&),
    ADD CONSTRAINT seats_doctor_in_progress EXCLUDE USING gist ((CASE WHEN started THEN uuid_send(doctor_id) END) WITH =,
        uuid_send(slot_id) WITH <>);
