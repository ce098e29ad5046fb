-- +goose Up
-- Roles belong to the whole cluster: other databases in it may have created them, or may create them at this moment.
-- The server acts as amrutam_app; analysts log in as members of amrutam_reader. See docs/operations/database-roles.md.
-- +goose StatementBegin
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['amrutam_app', 'amrutam_reader'] LOOP
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
                EXECUTE format('CREATE ROLE %I NOLOGIN', name);
            END IF;
        EXCEPTION
            WHEN duplicate_object OR unique_violation THEN NULL;
            WHEN insufficient_privilege THEN
                RAISE EXCEPTION 'the role % is missing and this login may not create it. Have an administrator run, once for the cluster: CREATE ROLE amrutam_app NOLOGIN; CREATE ROLE amrutam_reader NOLOGIN; GRANT amrutam_app TO %; then migrate again (docs/operations/database-roles.md)',
                    name, quote_ident(current_user) USING ERRCODE = 'insufficient_privilege';
        END;
    END LOOP;
    -- The login that migrates may also serve. An owner who may not grant this role serves by another login, or asks an
    -- administrator.
    BEGIN
        SET LOCAL ROLE amrutam_app;
        RESET ROLE;
    EXCEPTION WHEN insufficient_privilege THEN
        BEGIN
            EXECUTE format('GRANT amrutam_app TO %I', current_user);
        -- unique_violation and internal_error: another database is granting it.
        EXCEPTION WHEN insufficient_privilege OR unique_violation OR internal_error THEN NULL;
        END;
    END;
END $$;
-- +goose StatementEnd

-- A database created before PostgreSQL 15 lets everybody create tables.
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO amrutam_app, amrutam_reader;

-- For the tables that exist and those of later migrations. Evidence can only be added and read.
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO amrutam_app;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO amrutam_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO amrutam_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO amrutam_app;
REVOKE UPDATE, DELETE ON audit_logs, prescriptions FROM amrutam_app;
REVOKE INSERT, UPDATE, DELETE ON goose_db_version FROM amrutam_app;

-- A partition is used through its parent, whose privileges apply. It needs none of its own.
-- +goose StatementBegin
DO $$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT inhrelid::regclass::text FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid WHERE c.relkind = 'r' LOOP
        EXECUTE format('REVOKE ALL ON %s FROM amrutam_app', name);
    END LOOP;
END $$;
-- +goose StatementEnd

-- For analytics: no address, name, secret, token or sealed value. The role can't read a later table until its
-- migration allows it.
GRANT SELECT ON doctors, availability_slots, seats, payments TO amrutam_reader;
GRANT SELECT (id, role, is_email_verified, mfa_enabled, disabled_at, created_at, updated_at, deleted_at) ON users TO amrutam_reader;
GRANT SELECT (id, user_id, gender, timezone, created_at, updated_at) ON profiles TO amrutam_reader;
GRANT SELECT (id, patient_id, doctor_id, slot_id, status, payment_status, fee, currency, scheduled_start, scheduled_end, payment_due_at,
    cancelled_by, cancelled_at, started_at, ended_at, created_at, updated_at) ON consultations TO amrutam_reader;
GRANT SELECT (id, consultation_id, doctor_id, patient_id, supersedes, created_at) ON prescriptions TO amrutam_reader;
GRANT SELECT (id, payment_id, provider, amount, currency, captured, status, created_at, updated_at) ON payment_attempts TO amrutam_reader;
GRANT SELECT (id, payment_id, attempt_id, amount, currency, status, requested_by, approved_by, created_at, updated_at) ON refunds TO amrutam_reader;
GRANT SELECT (provider, type, amount, currency, outcome, received_at) ON payment_webhooks TO amrutam_reader;
GRANT SELECT (id, actor_id, actor_role, action, entity_type, entity_id, created_at) ON audit_logs TO amrutam_reader;
GRANT SELECT (id, user_id, kind, created_at, sent_at, failed_at, failure) ON mails TO amrutam_reader;

-- As in 00002, but the new partition gets none of the default privileges.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION make_partition(parent text, name text, lower_bound text, upper_bound text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('make_partition'));
    IF to_regclass(name) IS NOT NULL THEN
        RETURN true;
    END IF;
    EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)', name, parent, lower_bound, upper_bound);
    EXECUTE format('REVOKE ALL ON %I FROM amrutam_app', name);
    IF EXISTS (SELECT FROM pg_trigger WHERE tgrelid = parent::regclass AND tgname = parent || '_no_truncate') THEN
        EXECUTE format('CREATE TRIGGER %I BEFORE TRUNCATE ON %I EXECUTE FUNCTION refuse_change()', name || '_no_truncate', name);
    END IF;
    RETURN true;
EXCEPTION WHEN check_violation THEN
    RETURN false;
END $$;
-- +goose StatementEnd

-- The application makes and drops partitions only through these two functions, with the rights of their owner.
ALTER FUNCTION make_partitions(timestamptz, int, int) SECURITY DEFINER SET search_path = public, pg_temp;
ALTER FUNCTION drop_expired_keys(timestamptz) SECURITY DEFINER SET search_path = public, pg_temp;
REVOKE EXECUTE ON FUNCTION make_partition(text, text, text, text), make_partitions(timestamptz, int, int), drop_expired_keys(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION make_partitions(timestamptz, int, int), drop_expired_keys(timestamptz) TO amrutam_app;

-- sealed is a text under the master key that wraps new data keys. root, under the same key, is what everything else is
-- derived from (null: from the master key itself, until the next start). previous contains such texts under the
-- earlier keys that may still wrap data keys while a rotation is unfinished.
ALTER TABLE master_key ADD COLUMN root bytea, ADD COLUMN previous bytea[] NOT NULL DEFAULT '{}';
