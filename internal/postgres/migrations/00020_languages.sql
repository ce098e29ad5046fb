-- +goose Up
-- Returns every prefix of the tags: hi also finds hi-IN (RFC 4647, basic filtering).
-- +goose StatementBegin
CREATE FUNCTION language_ranges(tags text[]) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(array_agg(DISTINCT array_to_string((string_to_array(t, '-'))[1:n], '-')), '{}')
    FROM unnest(tags) t, generate_series(1, cardinality(string_to_array(t, '-'))) n
$$;
-- +goose StatementEnd
CREATE INDEX doctors_language_ranges_idx ON doctors USING gin (language_ranges(languages_spoken));

-- Stored tags are in lower case; RFC 5646, 2.1.1 wants Latn, IN.
UPDATE doctors SET languages_spoken = ARRAY(
    SELECT string_agg(CASE WHEN n = 1 THEN part WHEN length(part) = 4 AND part ~ '^[a-z]+$' THEN initcap(part)
        WHEN length(part) = 2 THEN upper(part) ELSE part END, '-' ORDER BY n)
    FROM unnest(languages_spoken) WITH ORDINALITY AS l (tag, k), unnest(string_to_array(tag, '-')) WITH ORDINALITY AS p (part, n)
    GROUP BY k ORDER BY k)
WHERE EXISTS (SELECT FROM unnest(languages_spoken) t WHERE t LIKE '%-%');
