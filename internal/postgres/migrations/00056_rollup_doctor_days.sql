-- +goose Up

-- The many slots that a rule makes for one doctor are noted as that doctor's days (source 'doctor-day'): to note the
-- days of all doctors had every doctor's days counted anew. The job notes which days' slots it has to count then
-- ('slots-day').
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION rollup_note_slots() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    doctor uuid;
BEGIN
    IF (SELECT count(*) FROM (SELECT FROM added LIMIT 101) AS first) <= 100 THEN
        INSERT INTO rollup_changes (source, at, subject) SELECT 'slots', start_time, doctor_id FROM added WHERE status <> 'BLOCKED';
        RETURN NULL;
    END IF;
    SELECT doctor_id INTO doctor FROM added LIMIT 1;
    IF EXISTS (SELECT FROM added WHERE doctor_id <> doctor) THEN
        INSERT INTO rollup_changes (source, at) SELECT DISTINCT 'day', date_trunc('day', start_time, 'UTC') FROM added;
    ELSE
        INSERT INTO rollup_changes (source, at, subject)
        SELECT DISTINCT 'doctor-day', date_trunc('day', start_time, 'UTC'), doctor FROM added WHERE status <> 'BLOCKED';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
DROP INDEX rollup_changes_days_idx;
CREATE INDEX rollup_changes_days_idx ON rollup_changes (at) WHERE source IN ('day', 'slots-day', 'completed');
