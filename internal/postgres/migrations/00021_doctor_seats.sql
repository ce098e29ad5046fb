-- +goose Up

-- A doctor's live consultations in two slots never overlap, even if the constraint of the slots fails. Several seats
-- of one slot are one consultation for the doctor. started: the consultation is in progress; a doctor is in one slot
-- at a time.
ALTER TABLE seats ADD COLUMN doctor_id uuid, ADD COLUMN started boolean NOT NULL DEFAULT false;
UPDATE seats x SET doctor_id = s.doctor_id FROM availability_slots s WHERE s.id = x.slot_id;
-- Among consultations that nobody completed, those in the doctor's newest slot count as started.
UPDATE seats x SET started = true
FROM (SELECT DISTINCT ON (doctor_id) slot_id FROM consultations WHERE status = 'IN_PROGRESS' ORDER BY doctor_id, started_at DESC, id) newest,
    consultations c
WHERE x.slot_id = newest.slot_id AND c.id = x.consultation_id AND c.status = 'IN_PROGRESS';
-- A row that is updated twice in a transaction has its deferred foreign key checked at the end, and ALTER TABLE fails
-- while that check is pending.
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE seats ALTER COLUMN doctor_id SET NOT NULL,
    ADD CONSTRAINT seats_doctor_overlap EXCLUDE USING gist (doctor_id WITH =, slot_id WITH <>, during WITH &&),
    ADD CONSTRAINT seats_doctor_in_progress EXCLUDE USING gist (doctor_id WITH =, slot_id WITH <>) WHERE (started);
GRANT SELECT (doctor_id, started) ON seats TO amrutam_reader;
