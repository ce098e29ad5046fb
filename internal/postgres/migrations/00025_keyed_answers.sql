-- +goose Up

-- A response without a body (204) is stored too.
ALTER TABLE idempotency_keys ALTER COLUMN response_body DROP NOT NULL;
