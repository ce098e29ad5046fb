-- +goose Up

-- Returns the lowest UUIDv7 of this instant (RFC 9562: the first 48 bits are milliseconds).
-- +goose StatementBegin
CREATE FUNCTION uuid7_floor(at timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT (lpad(to_hex(floor(extract(epoch FROM at) * 1000)::bigint), 12, '0') || '00000000000000000000')::uuid
$$;
-- +goose StatementEnd

-- Refuses a change to rows that are evidence.
-- +goose StatementBegin
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
-- +goose StatementEnd

-- Makes one partition of a table for [from, to). Returns false when that is impossible: the default partition already
-- has rows of that range, and they stay there. TRUNCATE triggers are not inherited, so each partition of an
-- append-only table gets one.
-- +goose StatementBegin
CREATE FUNCTION make_partition(parent text, name text, lower_bound text, upper_bound text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('make_partition'));
    IF to_regclass(name) IS NOT NULL THEN
        RETURN true;
    END IF;
    EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)', name, parent, lower_bound, upper_bound);
    IF EXISTS (SELECT FROM pg_trigger WHERE tgrelid = parent::regclass AND tgname = parent || '_no_truncate') THEN
        EXECUTE format('CREATE TRIGGER %I BEFORE TRUNCATE ON %I EXECUTE FUNCTION refuse_change()', name || '_no_truncate', name);
    END IF;
    RETURN true;
EXCEPTION WHEN check_violation THEN
    RETURN false;
END $$;
-- +goose StatementEnd

-- Makes the partitions of this month and the next ones, and of the next days. Returns the names of those that it could
-- not make.
-- +goose StatementBegin
CREATE FUNCTION make_partitions(at timestamptz, months int, days int) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    first timestamp;
    name text;
    lower_bound timestamptz;
    upper_bound timestamptz;
BEGIN
    FOR i IN 0..months LOOP
        first := date_trunc('month', at AT TIME ZONE 'UTC') + make_interval(months => i);
        lower_bound := first AT TIME ZONE 'UTC';
        upper_bound := (first + interval '1 month') AT TIME ZONE 'UTC';
        name := 'consultations_' || to_char(first, 'YYYY_MM');
        IF NOT make_partition('consultations', name, uuid7_floor(lower_bound)::text, uuid7_floor(upper_bound)::text) THEN
            RETURN NEXT name;
        END IF;
        name := 'audit_logs_' || to_char(first, 'YYYY_MM');
        IF NOT make_partition('audit_logs', name, lower_bound::text, upper_bound::text) THEN
            RETURN NEXT name;
        END IF;
    END LOOP;
    FOR i IN 0..days LOOP
        first := date_trunc('day', at AT TIME ZONE 'UTC') + make_interval(days => i);
        lower_bound := first AT TIME ZONE 'UTC';
        upper_bound := (first + interval '1 day') AT TIME ZONE 'UTC';
        name := 'idempotency_keys_' || to_char(first, 'YYYY_MM_DD');
        IF NOT make_partition('idempotency_keys', name, lower_bound::text, upper_bound::text) THEN
            RETURN NEXT name;
        END IF;
    END LOOP;
END $$;
-- +goose StatementEnd
