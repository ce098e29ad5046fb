-- +goose Up

-- What reports count of a day in UTC, by source and label (internal/analytics/figures.go). sums[q + 1] is the sum of the
-- day before its quarter of an hour q: a part of the day is the difference of two elements, the whole day the last one.
-- All time zones in use differ from UTC by quarters of an hour, so their days are made of such parts.
CREATE TABLE rollups (
    day date NOT NULL,
    source text NOT NULL,
    label text NOT NULL,
    sums bigint[] NOT NULL CHECK (cardinality(sums) = 97 AND sums[1] = 0),
    PRIMARY KEY (source, day, label)
);

-- Seconds that a doctor offered and that were booked, times seats, by the start of the slot. The arrays have the quarters of
-- the hour that aren't zero.
CREATE TABLE rollup_doctor_days (
    doctor_id uuid NOT NULL,
    day date NOT NULL,
    offered bigint NOT NULL,
    booked bigint NOT NULL,
    quarters smallint[] NOT NULL,
    offered_by_quarter bigint[] NOT NULL,
    booked_by_quarter bigint[] NOT NULL,
    PRIMARY KEY (doctor_id, day),
    CHECK (cardinality(quarters) = cardinality(offered_by_quarter) AND cardinality(quarters) = cardinality(booked_by_quarter))
);
CREATE INDEX rollup_doctor_days_day_idx ON rollup_doctor_days (day) INCLUDE (doctor_id, offered, booked);
CREATE TABLE rollup_doctor_months (
    month date NOT NULL CHECK (month = date_trunc('month', month)::date),
    doctor_id uuid NOT NULL,
    offered bigint NOT NULL,
    booked bigint NOT NULL,
    PRIMARY KEY (month, doctor_id)
);

-- The completed consultations of a day in UTC by group: of a specialization, or of new and returning patients. patients
-- counts each patient once a day, in the group of the first consultation, so that it can be added up.
CREATE TABLE rollup_groups (
    day date NOT NULL,
    kind text NOT NULL CHECK (kind IN ('specialization', 'visit')),
    label text NOT NULL,
    name text NOT NULL,
    consultations bigint NOT NULL,
    patients bigint NOT NULL,
    PRIMARY KEY (day, kind, label)
);

-- What has changed since the rollups were counted: triggers add rows in the transaction of the change, and the job takes
-- them in the transaction that counts anew. The source 'day' means all of the day in UTC. subject is a doctor, or the
-- consultation that was completed.
CREATE TABLE rollup_changes (
    source text NOT NULL,
    at timestamptz NOT NULL,
    subject uuid
);
CREATE INDEX rollup_changes_days_idx ON rollup_changes (at) WHERE source IN ('day', 'completed');
-- Until when every change is in the rollups; NULL before the first run has ended.
CREATE TABLE rollup_state (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    complete_until timestamptz
);
INSERT INTO rollup_state DEFAULT VALUES;
REVOKE INSERT, DELETE ON rollup_state FROM amrutam_app;
GRANT SELECT ON rollups, rollup_doctor_days, rollup_doctor_months, rollup_groups TO amrutam_reader;

-- The consultations that are counted, wherever they are kept. Moving one to another table of this view is no change.
CREATE VIEW rollup_consultations WITH (security_invoker = true) AS
SELECT id, patient_id, doctor_id, status, payment_status, cancelled_by, absent, scheduled_start, scheduled_end, started_at, created_at
FROM consultations;
REVOKE INSERT, UPDATE, DELETE ON rollup_consultations FROM amrutam_app;

-- A statement that adds many rows at once notes their days instead of each row.
-- +goose StatementBegin
CREATE FUNCTION rollup_note_bookings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT count(*) FROM (SELECT FROM added LIMIT 101) AS first) > 100 THEN
        INSERT INTO rollup_changes (source, at)
        SELECT DISTINCT 'day', date_trunc('day', t.at, 'UTC') FROM added a, LATERAL (VALUES (a.created_at), (a.scheduled_start)) AS t (at);
    ELSE
        INSERT INTO rollup_changes (source, at, subject)
        SELECT 'booked', created_at, NULL::uuid FROM added
        UNION ALL SELECT 'due', scheduled_start, doctor_id FROM added
        UNION ALL SELECT 'completed', scheduled_start, id FROM added WHERE status = 'COMPLETED';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER consultations_rollup_insert AFTER INSERT ON consultations REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION rollup_note_bookings();

-- +goose StatementBegin
CREATE FUNCTION rollup_note_consultation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO rollup_changes (source, at, subject)
    VALUES ('booked', NEW.created_at, NULL), ('due', NEW.scheduled_start, NEW.doctor_id);
    IF (OLD.created_at, OLD.scheduled_start, OLD.doctor_id) IS DISTINCT FROM (NEW.created_at, NEW.scheduled_start, NEW.doctor_id) THEN
        INSERT INTO rollup_changes (source, at, subject)
        VALUES ('booked', OLD.created_at, NULL), ('due', OLD.scheduled_start, OLD.doctor_id), ('completed', OLD.scheduled_start, NULL);
    END IF;
    IF 'COMPLETED' IN (OLD.status, NEW.status) THEN
        INSERT INTO rollup_changes (source, at, subject) VALUES ('completed', NEW.scheduled_start, NEW.id);
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER consultations_rollup_update AFTER UPDATE ON consultations FOR EACH ROW
    WHEN ((OLD.status, OLD.payment_status, OLD.cancelled_by, OLD.absent, OLD.doctor_id, OLD.scheduled_start, OLD.scheduled_end, OLD.started_at, OLD.created_at)
        IS DISTINCT FROM
        (NEW.status, NEW.payment_status, NEW.cancelled_by, NEW.absent, NEW.doctor_id, NEW.scheduled_start, NEW.scheduled_end, NEW.started_at, NEW.created_at))
    EXECUTE FUNCTION rollup_note_consultation();

-- +goose StatementBegin
CREATE FUNCTION rollup_note_slots() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT count(*) FROM (SELECT FROM added LIMIT 101) AS first) > 100 THEN
        INSERT INTO rollup_changes (source, at) SELECT DISTINCT 'day', date_trunc('day', start_time, 'UTC') FROM added;
    ELSE
        INSERT INTO rollup_changes (source, at, subject) SELECT 'slots', start_time, doctor_id FROM added WHERE status <> 'BLOCKED';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION rollup_note_slot() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO rollup_changes (source, at, subject) VALUES ('slots', OLD.start_time, OLD.doctor_id);
    IF TG_OP = 'UPDATE' THEN
        INSERT INTO rollup_changes (source, at, subject) VALUES ('slots', NEW.start_time, NEW.doctor_id);
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER availability_slots_rollup_insert AFTER INSERT ON availability_slots REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION rollup_note_slots();
CREATE TRIGGER availability_slots_rollup_update AFTER UPDATE ON availability_slots FOR EACH ROW
    WHEN ((OLD.status = 'BLOCKED', OLD.doctor_id, OLD.start_time, OLD.end_time, OLD.max_patients)
        IS DISTINCT FROM (NEW.status = 'BLOCKED', NEW.doctor_id, NEW.start_time, NEW.end_time, NEW.max_patients))
    EXECUTE FUNCTION rollup_note_slot();
CREATE TRIGGER availability_slots_rollup_delete AFTER DELETE ON availability_slots FOR EACH ROW EXECUTE FUNCTION rollup_note_slot();

-- +goose StatementBegin
CREATE FUNCTION rollup_note_users() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT count(*) FROM (SELECT FROM added LIMIT 101) AS first) > 100 THEN
        INSERT INTO rollup_changes (source, at) SELECT DISTINCT 'day', date_trunc('day', created_at, 'UTC') FROM added;
    ELSE
        INSERT INTO rollup_changes (source, at) SELECT 'users', created_at FROM added;
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION rollup_note_user() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO rollup_changes (source, at) VALUES ('users', OLD.created_at);
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER users_rollup_insert AFTER INSERT ON users REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION rollup_note_users();
CREATE TRIGGER users_rollup_update AFTER UPDATE ON users FOR EACH ROW
    WHEN ((OLD.role, OLD.deleted_at IS NULL) IS DISTINCT FROM (NEW.role, NEW.deleted_at IS NULL)) EXECUTE FUNCTION rollup_note_user();
CREATE TRIGGER users_rollup_delete AFTER DELETE ON users FOR EACH ROW EXECUTE FUNCTION rollup_note_user();

-- An approval, or with the source 'specialization' all days of the doctor.
-- +goose StatementBegin
CREATE FUNCTION rollup_note_doctor() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' AND OLD.is_approved AND OLD.approval_decided_at IS NOT NULL THEN
        INSERT INTO rollup_changes (source, at) VALUES ('approvals', OLD.approval_decided_at);
    END IF;
    IF TG_OP <> 'DELETE' AND NEW.is_approved AND NEW.approval_decided_at IS NOT NULL THEN
        INSERT INTO rollup_changes (source, at) VALUES ('approvals', NEW.approval_decided_at);
    END IF;
    IF TG_OP = 'UPDATE' AND OLD.specialization <> NEW.specialization THEN
        INSERT INTO rollup_changes (source, at, subject) VALUES ('specialization', NEW.created_at, NEW.id);
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER doctors_rollup AFTER INSERT OR DELETE ON doctors FOR EACH ROW EXECUTE FUNCTION rollup_note_doctor();
CREATE TRIGGER doctors_rollup_update AFTER UPDATE ON doctors FOR EACH ROW
    WHEN ((OLD.is_approved, OLD.approval_decided_at, OLD.specialization) IS DISTINCT FROM (NEW.is_approved, NEW.approval_decided_at, NEW.specialization))
    EXECUTE FUNCTION rollup_note_doctor();

-- Money by when it came or went back.
-- +goose StatementBegin
CREATE FUNCTION rollup_note_captures() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO rollup_changes (source, at) SELECT DISTINCT 'captured', date_bin('15 minutes', updated_at, 'epoch') FROM added WHERE captured > 0;
    RETURN NULL;
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION rollup_note_capture() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO rollup_changes (source, at) VALUES ('captured', OLD.updated_at);
    IF TG_OP = 'UPDATE' THEN
        INSERT INTO rollup_changes (source, at) VALUES ('captured', NEW.updated_at);
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION rollup_note_refunds() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO rollup_changes (source, at) SELECT DISTINCT 'refunded', date_bin('15 minutes', updated_at, 'epoch') FROM added WHERE status = 'SUCCEEDED';
    RETURN NULL;
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION rollup_note_refund() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO rollup_changes (source, at) VALUES ('refunded', OLD.updated_at);
    IF TG_OP = 'UPDATE' THEN
        INSERT INTO rollup_changes (source, at) VALUES ('refunded', NEW.updated_at);
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER payment_attempts_rollup_insert AFTER INSERT ON payment_attempts REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION rollup_note_captures();
CREATE TRIGGER payment_attempts_rollup_update AFTER UPDATE ON payment_attempts FOR EACH ROW
    WHEN (greatest(OLD.captured, NEW.captured) > 0 AND (OLD.captured, OLD.currency, OLD.updated_at) IS DISTINCT FROM (NEW.captured, NEW.currency, NEW.updated_at))
    EXECUTE FUNCTION rollup_note_capture();
CREATE TRIGGER payment_attempts_rollup_delete AFTER DELETE ON payment_attempts FOR EACH ROW WHEN (OLD.captured > 0) EXECUTE FUNCTION rollup_note_capture();
CREATE TRIGGER refunds_rollup_insert AFTER INSERT ON refunds REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION rollup_note_refunds();
CREATE TRIGGER refunds_rollup_update AFTER UPDATE ON refunds FOR EACH ROW
    WHEN ('SUCCEEDED' IN (OLD.status, NEW.status) AND (OLD.status, OLD.amount, OLD.currency, OLD.updated_at) IS DISTINCT FROM (NEW.status, NEW.amount, NEW.currency, NEW.updated_at))
    EXECUTE FUNCTION rollup_note_refund();
CREATE TRIGGER refunds_rollup_delete AFTER DELETE ON refunds FOR EACH ROW WHEN (OLD.status = 'SUCCEEDED') EXECUTE FUNCTION rollup_note_refund();

-- The job counts what is there already, day by day.
INSERT INTO rollup_changes (source, at)
SELECT 'day', d FROM (
    SELECT least((SELECT min(at) FROM unnest(enum_range(NULL::user_role)) role, LATERAL (SELECT min(created_at) AS at FROM users WHERE users.role = role.role) u),
            (SELECT min(created_at) FROM consultations), (SELECT min(start_time) FROM availability_slots)) AS first,
        greatest((SELECT max(scheduled_start) FROM consultations), (SELECT max(start_time) FROM availability_slots), now()) AS last) t,
    generate_series(date_trunc('day', first, 'UTC'), last, interval '24 hours') d;
