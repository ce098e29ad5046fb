-- +goose Up

-- The registration number in the form in which numbers are compared. Other than registration_key it stays when a
-- refusal or the end of the account frees the number: whoever decides about an application sees who gave it before.
ALTER TABLE doctors ADD COLUMN number_key text;
UPDATE doctors SET number_key = coalesce(registration_key,
    lower(regexp_replace(normalize(registration_number, NFKC), '[[:punct:][:space:]]', '', 'g')))
WHERE registration_number <> 'erased-' || id;
CREATE INDEX doctors_number_key_idx ON doctors (number_key);
