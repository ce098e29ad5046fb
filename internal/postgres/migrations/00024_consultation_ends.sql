-- +goose Up

-- Who was absent from a consultation that is NO_SHOW.
ALTER TABLE consultations ADD COLUMN absent user_role CHECK (absent IN ('PATIENT', 'DOCTOR'));
UPDATE consultations c SET absent = CASE WHEN EXISTS (SELECT FROM audit_logs a WHERE a.entity_type = 'consultation' AND a.entity_id = c.id::text
    AND a.action = 'consultation.no-show' AND a.actor_id IS NOT NULL) THEN 'PATIENT'::user_role ELSE 'DOCTOR' END
WHERE c.status = 'NO_SHOW';
ALTER TABLE consultations ADD CONSTRAINT consultations_absent CHECK ((status = 'NO_SHOW') = (absent IS NOT NULL));
GRANT SELECT (absent) ON consultations TO amrutam_reader;

-- The sweep also looks for consultations in progress that nobody completed.
DROP INDEX consultations_unfinished_idx;
CREATE INDEX consultations_unfinished_idx ON consultations (scheduled_end) WHERE status IN ('CONFIRMED', 'IN_PROGRESS');
