-- +goose Up

-- When this session last proved the password or started; null: it did so when it was made.
ALTER TABLE sessions ADD COLUMN authenticated_at timestamptz;

-- Sign-ups that wait for their address to be proven, to be ended when it never is.
CREATE INDEX users_unverified_idx ON users (created_at) WHERE NOT is_email_verified AND deleted_at IS NULL;
