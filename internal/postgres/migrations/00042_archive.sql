-- +goose Up

-- The archive: consultations that ended long ago, with their prescriptions and consents. Their payments stay in
-- payments, where a late report of a provider finds them. Columns are those of the live tables in the same order, which
-- TestArchiveHasSameColumns checks; sealed columns stay sealed under the name of the live column. Partitions are of
-- years: a list of a person's consultations looks into one index a year.
CREATE TABLE archived_consultations (
    LIKE consultations INCLUDING DEFAULTS INCLUDING CONSTRAINTS,
    PRIMARY KEY (id),
    CONSTRAINT archived_consultations_final CHECK (status IN ('COMPLETED', 'CANCELLED', 'NO_SHOW'))
) PARTITION BY RANGE (id);
CREATE INDEX archived_consultations_patient_id_idx ON archived_consultations (patient_id, scheduled_start, id);
CREATE INDEX archived_consultations_doctor_id_idx ON archived_consultations (doctor_id, scheduled_start, id);
CREATE INDEX archived_consultations_slot_id_idx ON archived_consultations (slot_id);
CREATE INDEX archived_consultations_scheduled_start_idx ON archived_consultations (scheduled_start, id);

CREATE TABLE archived_prescriptions (
    LIKE prescriptions INCLUDING DEFAULTS INCLUDING CONSTRAINTS,
    PRIMARY KEY (id),
    CONSTRAINT archived_prescriptions_supersedes_key UNIQUE (supersedes)
);
CREATE INDEX archived_prescriptions_consultation_id_idx ON archived_prescriptions (consultation_id);
CREATE INDEX archived_prescriptions_patient_id_idx ON archived_prescriptions (patient_id, id);
CREATE INDEX archived_prescriptions_doctor_id_idx ON archived_prescriptions (doctor_id);

CREATE TABLE archived_consultation_consents (
    LIKE consultation_consents INCLUDING DEFAULTS INCLUDING CONSTRAINTS,
    PRIMARY KEY (consultation_id, basis, given_at)
);

-- Ids that are older than Amrutam, as tests make them. make_archive_partitions makes those of the years.
CREATE TABLE archived_consultations_old PARTITION OF archived_consultations
    FOR VALUES FROM (MINVALUE) TO ('016f5e66-e800-0000-0000-000000000000');
REVOKE ALL ON archived_consultations_old FROM amrutam_app;

-- What is archived never changes, but for two things: an erasure empties the texts of a consultation that was never
-- started, and late money changes the state of the payment.
CREATE TRIGGER archived_consultations_no_change BEFORE UPDATE ON archived_consultations FOR EACH ROW
    WHEN (to_jsonb(OLD) - '{reason,notes,cancellation_reason,payment_status,updated_at}'::text[]
            <> to_jsonb(NEW) - '{reason,notes,cancellation_reason,payment_status,updated_at}'::text[]
        OR (OLD.started_at IS NOT NULL
            AND (OLD.reason, OLD.notes, OLD.cancellation_reason) IS DISTINCT FROM (NEW.reason, NEW.notes, NEW.cancellation_reason)))
    EXECUTE FUNCTION refuse_change();
CREATE TRIGGER archived_consultations_no_delete BEFORE DELETE ON archived_consultations FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER archived_consultations_no_truncate BEFORE TRUNCATE ON archived_consultations EXECUTE FUNCTION refuse_change();
CREATE TRIGGER archived_consultations_old_no_truncate BEFORE TRUNCATE ON archived_consultations_old EXECUTE FUNCTION refuse_change();
CREATE TRIGGER archived_prescriptions_no_change BEFORE UPDATE OR DELETE ON archived_prescriptions
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER archived_prescriptions_no_truncate BEFORE TRUNCATE ON archived_prescriptions EXECUTE FUNCTION refuse_change();
CREATE TRIGGER archived_consultation_consents_no_change BEFORE UPDATE OR DELETE ON archived_consultation_consents
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER archived_consultation_consents_no_truncate BEFORE TRUNCATE ON archived_consultation_consents EXECUTE FUNCTION refuse_change();
REVOKE INSERT, UPDATE, DELETE ON archived_consultations, archived_prescriptions, archived_consultation_consents FROM amrutam_app;
GRANT UPDATE (reason, notes, cancellation_reason, payment_status, updated_at) ON archived_consultations TO amrutam_app;

-- Rows leave the live tables only if the archive has the same rows, whoever deletes them.
-- +goose StatementBegin
CREATE FUNCTION refuse_delete_unless_archived() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    lost boolean;
BEGIN
    CASE TG_TABLE_NAME
    WHEN 'prescriptions' THEN
        lost := EXISTS (SELECT FROM gone g LEFT JOIN archived_prescriptions a ON a.id = g.id
            WHERE ROW(a.*) IS DISTINCT FROM ROW(g.*));
    WHEN 'consultation_consents' THEN
        lost := EXISTS (SELECT FROM gone g LEFT JOIN archived_consultation_consents a
            ON a.consultation_id = g.consultation_id AND a.basis = g.basis AND a.given_at = g.given_at
            WHERE ROW(a.*) IS DISTINCT FROM ROW(g.*));
    ELSE
        lost := EXISTS (SELECT FROM gone g LEFT JOIN archived_consultations a ON a.id = g.id
            WHERE ROW(a.*) IS DISTINCT FROM ROW(g.*));
    END CASE;
    IF lost THEN
        RAISE EXCEPTION '% is append-only: rows leave it for the archive alone', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
DROP TRIGGER prescriptions_no_change ON prescriptions;
CREATE TRIGGER prescriptions_no_change BEFORE UPDATE ON prescriptions FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER prescriptions_only_archive AFTER DELETE ON prescriptions REFERENCING OLD TABLE AS gone
    EXECUTE FUNCTION refuse_delete_unless_archived();
DROP TRIGGER consultation_consents_no_delete ON consultation_consents;
CREATE TRIGGER consultation_consents_only_archive AFTER DELETE ON consultation_consents REFERENCING OLD TABLE AS gone
    EXECUTE FUNCTION refuse_delete_unless_archived();
CREATE TRIGGER consultations_only_archive AFTER DELETE ON consultations REFERENCING OLD TABLE AS gone
    EXECUTE FUNCTION refuse_delete_unless_archived();
REVOKE DELETE ON consultations FROM amrutam_app;

-- A payment and a review refer to a consultation in either place. Nothing needs to be locked: it may move, and is never
-- gone.
-- +goose StatementBegin
CREATE FUNCTION require_consultation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM consultations WHERE id = NEW.consultation_id)
        AND NOT EXISTS (SELECT FROM archived_consultations WHERE id = NEW.consultation_id) THEN
        RAISE EXCEPTION 'the consultation of a row of % does not exist', TG_TABLE_NAME
            USING ERRCODE = 'foreign_key_violation', TABLE = TG_TABLE_NAME, CONSTRAINT = TG_TABLE_NAME || '_consultation_id_fkey';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
ALTER TABLE payments DROP CONSTRAINT payments_consultation_id_fkey;
CREATE TRIGGER payments_consultation_id_fkey AFTER INSERT OR UPDATE OF consultation_id ON payments
    FOR EACH ROW EXECUTE FUNCTION require_consultation();
ALTER TABLE reviews DROP CONSTRAINT reviews_consultation_id_fkey;
CREATE TRIGGER reviews_consultation_id_fkey AFTER INSERT OR UPDATE OF consultation_id ON reviews
    FOR EACH ROW EXECUTE FUNCTION require_consultation();

-- What else refers to a consultation moves with it, or is gone by then. NO ACTION would look for another consultation of
-- the same id first, which doubles the look-ups for each row that leaves.
ALTER TABLE prescriptions DROP CONSTRAINT prescriptions_consultation_id_fkey, DROP CONSTRAINT prescriptions_supersedes_fkey;
ALTER TABLE prescriptions
    ADD CONSTRAINT prescriptions_consultation_id_fkey FOREIGN KEY (consultation_id) REFERENCES consultations (id) ON DELETE RESTRICT,
    ADD CONSTRAINT prescriptions_supersedes_fkey FOREIGN KEY (supersedes) REFERENCES prescriptions (id) ON DELETE RESTRICT;
ALTER TABLE consultation_consents DROP CONSTRAINT consultation_consents_consultation_id_fkey;
ALTER TABLE consultation_consents ADD CONSTRAINT consultation_consents_consultation_id_fkey
    FOREIGN KEY (consultation_id) REFERENCES consultations (id) ON DELETE RESTRICT;
ALTER TABLE seats DROP CONSTRAINT seats_consultation_id_fkey;
ALTER TABLE seats ADD CONSTRAINT seats_consultation_id_fkey FOREIGN KEY (consultation_id) REFERENCES consultations (id)
    ON DELETE RESTRICT DEFERRABLE INITIALLY DEFERRED;

-- The rule of the archive, beside the age: consultations that ended, without money under way and without an erasure that
-- has not begun. The planner can't turn this subquery into a join, which could read all payments for the first batch.
CREATE VIEW quiet_consultations WITH (security_invoker = true) AS
SELECT c.id, c.status, c.scheduled_end, c.updated_at
FROM consultations c
WHERE c.status IN ('COMPLETED', 'CANCELLED', 'NO_SHOW')
    AND (SELECT NOT EXISTS (SELECT FROM payment_attempts a WHERE a.payment_id = p.id AND a.status = 'INITIATED')
            AND NOT EXISTS (SELECT FROM refunds r WHERE r.payment_id = p.id AND r.status IN ('REQUESTED', 'PENDING'))
            AND NOT EXISTS (SELECT FROM unmatched_money u WHERE u.payment_id = p.id AND u.status IN ('WAITING', 'RETURNING'))
        FROM payments p WHERE p.consultation_id = c.id)
    AND NOT EXISTS (SELECT FROM erasures e WHERE e.status = 'PENDING' AND e.user_id IN (c.patient_id, c.doctor_id));
REVOKE INSERT, UPDATE, DELETE ON quiet_consultations FROM amrutam_app;

-- Moves up to so many consultations between two ids, with their prescriptions and consents. Consultations that
-- somebody has locked are left out, so it waits for nobody. last_id is null when none is left. The server may move, but
-- neither write nor delete, and nothing of the last 90 days: then no prescription and no review can follow.
-- +goose StatementBegin
CREATE FUNCTION archive_consultations(before timestamptz, after uuid, until uuid, most int, OUT moved int, OUT moved_prescriptions int,
    OUT moved_consents int, OUT first_id uuid, OUT last_id uuid, OUT seconds float8) LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off AS $$
DECLARE
    ids uuid[];
BEGIN
    IF NOT owns_schema() AND (before <= now() - interval '90 days' AND most BETWEEN 1 AND 10000) IS NOT TRUE THEN
        RAISE EXCEPTION 'consultations are archived after 90 days at the earliest' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    ids := ARRAY(SELECT q.id FROM quiet_consultations q
        WHERE q.id > after AND q.id < until AND q.id < uuid7_floor(before) AND q.scheduled_end < before AND q.updated_at < before
        ORDER BY q.id LIMIT most FOR UPDATE SKIP LOCKED);
    first_id := ids[1];
    last_id := ids[cardinality(ids)];
    -- Planned for these ids, so that it reads one partition.
    EXECUTE 'WITH c AS (DELETE FROM consultations WHERE id BETWEEN $2 AND $3 AND id = ANY ($1) RETURNING *),
        p AS (DELETE FROM prescriptions WHERE consultation_id BETWEEN $2 AND $3 AND consultation_id = ANY ($1) RETURNING *),
        x AS (DELETE FROM consultation_consents WHERE consultation_id BETWEEN $2 AND $3 AND consultation_id = ANY ($1) RETURNING *),
        archived_c AS (INSERT INTO archived_consultations SELECT * FROM c RETURNING 1),
        archived_p AS (INSERT INTO archived_prescriptions SELECT * FROM p RETURNING 1),
        archived_x AS (INSERT INTO archived_consultation_consents SELECT * FROM x RETURNING 1)
        SELECT (SELECT count(*) FROM archived_c), (SELECT count(*) FROM archived_p), (SELECT count(*) FROM archived_x)'
        INTO moved, moved_prescriptions, moved_consents USING ids, first_id, last_id;
    seconds := extract(epoch FROM clock_timestamp() - statement_timestamp());
END $$;
-- +goose StatementEnd

-- Makes the partitions of the archive for the consultations of the years until an instant.
-- +goose StatementBegin
CREATE FUNCTION make_archive_partitions(before timestamptz) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    oldest uuid := (SELECT id FROM consultations ORDER BY id LIMIT 1);
    until timestamptz := CASE WHEN owns_schema() THEN before ELSE least(before, now()) END;
BEGIN
    IF oldest IS NULL THEN
        RETURN;
    END IF;
    FOR year IN greatest(2020, extract(year FROM made_at(oldest) AT TIME ZONE 'UTC'))..extract(year FROM until AT TIME ZONE 'UTC') LOOP
        PERFORM make_partition('archived_consultations', 'archived_consultations_' || year,
            uuid7_floor(make_timestamptz(year, 1, 1, 0, 0, 0, 'UTC'))::text,
            uuid7_floor(make_timestamptz(year + 1, 1, 1, 0, 0, 0, 'UTC'))::text);
    END LOOP;
END $$;
-- +goose StatementEnd

-- Drops the oldest empty month of consultations that ended before an instant, and returns its name, or null. Nobody
-- waits longer for it than the lock_timeout.
-- +goose StatementBegin
CREATE FUNCTION drop_archived_month(before timestamptz) RETURNS text LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '100ms' AS $$
DECLARE
    until timestamptz := CASE WHEN owns_schema() THEN before ELSE least(before, now() - interval '90 days') END;
    name text;
    is_empty boolean;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtext('make_partition')) THEN -- another run is at it
        RETURN NULL;
    END IF;
    FOR name IN SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'consultations'::regclass AND c.relname < 'consultations_' || to_char(until AT TIME ZONE 'UTC', 'YYYY_MM')
        ORDER BY c.relname
    LOOP
        EXECUTE format('SELECT NOT EXISTS (SELECT FROM %I)', name) INTO is_empty;
        CONTINUE WHEN NOT is_empty;
        LOCK TABLE consultations IN ACCESS EXCLUSIVE MODE;
        EXECUTE format('SELECT NOT EXISTS (SELECT FROM %I)', name) INTO is_empty;
        CONTINUE WHEN NOT is_empty;
        EXECUTE format('ALTER TABLE consultations DETACH PARTITION %I', name);
        EXECUTE format('DROP TABLE %I', name);
        RETURN name;
    END LOOP;
    RETURN NULL;
END $$;
-- +goose StatementEnd
REVOKE EXECUTE ON FUNCTION archive_consultations(timestamptz, uuid, uuid, int), make_archive_partitions(timestamptz), drop_archived_month(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION archive_consultations(timestamptz, uuid, uuid, int), make_archive_partitions(timestamptz), drop_archived_month(timestamptz) TO amrutam_app;

-- Live and archived rows. A later migration that adds a column makes these views again. A WHERE would keep conditions
-- of a join out of the two parts.
CREATE VIEW all_consultations WITH (security_invoker = true) AS
SELECT *, false AS archived FROM consultations UNION ALL SELECT *, true FROM archived_consultations;
CREATE VIEW all_prescriptions WITH (security_invoker = true) AS
SELECT *, false AS archived FROM prescriptions UNION ALL SELECT *, true FROM archived_prescriptions;
CREATE VIEW all_consultation_consents WITH (security_invoker = true) AS
SELECT * FROM consultation_consents UNION ALL SELECT * FROM archived_consultation_consents;
REVOKE INSERT, UPDATE, DELETE ON all_consultations, all_prescriptions, all_consultation_consents FROM amrutam_app;

-- As for the live tables.
GRANT SELECT (id, patient_id, doctor_id, slot_id, status, payment_status, fee, currency, scheduled_start, scheduled_end, payment_due_at,
    cancelled_by, cancelled_at, started_at, ended_at, absent, created_at, updated_at) ON archived_consultations TO amrutam_reader;
GRANT SELECT (id, consultation_id, doctor_id, patient_id, supersedes, created_at) ON archived_prescriptions TO amrutam_reader;

-- Reports count archived consultations as before. They hear of late money too.
CREATE OR REPLACE VIEW rollup_consultations WITH (security_invoker = true) AS
SELECT id, patient_id, doctor_id, status, payment_status, cancelled_by, absent, scheduled_start, scheduled_end, started_at, created_at
FROM consultations
UNION ALL
SELECT id, patient_id, doctor_id, status, payment_status, cancelled_by, absent, scheduled_start, scheduled_end, started_at, created_at
FROM archived_consultations;
CREATE TRIGGER archived_consultations_rollup_update AFTER UPDATE ON archived_consultations FOR EACH ROW
    WHEN (OLD.payment_status IS DISTINCT FROM NEW.payment_status) EXECUTE FUNCTION rollup_note_consultation();
