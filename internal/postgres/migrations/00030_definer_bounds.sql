-- +goose Up

-- A caller of make_partitions and drop_expired_keys acts with the rights of their owner. So this clock limits what
-- they do, and not the arguments of a stolen login. A login that has the owner's rights anyway isn't limited: it could
-- do all of it directly.
-- +goose StatementBegin
CREATE FUNCTION owns_schema() RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT pg_has_role(session_user, relowner, 'USAGE') FROM pg_class WHERE oid = 'public.consultations'::regclass
$$;
-- +goose StatementEnd

-- As in 00002, within limits.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION make_partitions(at timestamptz, months int, days int) RETURNS SETOF text LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    first timestamp;
    name text;
    lower_bound timestamptz;
    upper_bound timestamptz;
BEGIN
    IF NOT owns_schema() AND (at BETWEEN now() - interval '1 day' AND now() + interval '1 day' AND months BETWEEN 0 AND 12 AND days BETWEEN 0 AND 31) IS NOT TRUE THEN
        RAISE EXCEPTION 'partitions are made for a year from now at most' USING ERRCODE = 'invalid_parameter_value';
    END IF;
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

-- As in 00005, but live keys stay.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION drop_expired_keys(at timestamptz) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    until timestamptz := CASE WHEN owns_schema() THEN at ELSE least(at, now()) END;
    name text;
BEGIN
    FOR name IN SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'idempotency_keys'::regclass AND c.relname < 'idempotency_keys_' || to_char(until AT TIME ZONE 'UTC', 'YYYY_MM_DD')
    LOOP
        EXECUTE format('DROP TABLE %I', name);
    END LOOP;
    DELETE FROM idempotency_keys_default WHERE expires_at < until;
END $$;
-- +goose StatementEnd
