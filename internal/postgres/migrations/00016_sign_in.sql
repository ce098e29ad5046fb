-- +goose Up

-- When this session last proved the password or signed in; null: it did so when it was created.
ALTER TABLE sessions ADD COLUMN authenticated_at timestamptz;

-- Sign-ups whose address is not verified yet. They are ended when it never is.
CREATE INDEX users_unverified_idx ON users (created_at) WHERE NOT is_email_verified AND deleted_at IS NULL;
