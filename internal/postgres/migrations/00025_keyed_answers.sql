-- +goose Up

-- An answer without a body (204) is kept too.
ALTER TABLE idempotency_keys ALTER COLUMN response_body DROP NOT NULL;
