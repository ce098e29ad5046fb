-- +goose Up

-- Returns the time at which a UUIDv7 was made, less an hour for clocks that differ; for other ids -infinity. What a
-- person did is never older than the person, so lists of it skip earlier partitions. substr: the 13th hexadecimal
-- digit is the version.
-- +goose StatementBegin
CREATE FUNCTION made_at(id uuid) RETURNS timestamptz LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE WHEN substr(id::text, 15, 1) = '7'
        THEN to_timestamp(('x' || substr(id::text, 1, 8) || substr(id::text, 10, 4))::bit(48)::bigint / 1000.0 - 3600) ELSE '-infinity' END
$$;
-- +goose StatementEnd

-- Returns the lowest UUIDv7 that can be younger than the given one.
-- +goose StatementBegin
CREATE FUNCTION ids_since(id uuid) RETURNS uuid LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE WHEN made_at(id) > 'epoch' THEN uuid7_floor(made_at(id)) ELSE '00000000-0000-0000-0000-000000000000' END
$$;
-- +goose StatementEnd

CREATE INDEX mails_user_id_idx ON mails (user_id, created_at);
