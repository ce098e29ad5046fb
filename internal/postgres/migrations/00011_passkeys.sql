-- +goose Up
-- mfa_enabled says that a sign-in needs a second factor: an authenticator, from totp_confirmed_at on (until then
-- mfa_secret waits for its first code), or a passkey.
ALTER TABLE users ADD COLUMN totp_confirmed_at timestamptz;
UPDATE users SET totp_confirmed_at = updated_at WHERE mfa_enabled;
ALTER TABLE users ADD CONSTRAINT users_totp_is_a_factor CHECK (totp_confirmed_at IS NULL OR (mfa_enabled AND mfa_secret IS NOT NULL));

-- Public key credentials (WebAuthn Level 3, "credential record"). public_key is a COSE key; sign_count reveals copies.
CREATE TABLE passkeys (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name text NOT NULL,
    credential_id bytea NOT NULL CONSTRAINT passkeys_credential_id_key UNIQUE CHECK (length(credential_id) BETWEEN 1 AND 1023),
    public_key bytea NOT NULL,
    sign_count bigint NOT NULL,
    transports text[] NOT NULL,
    backup_eligible boolean NOT NULL,
    backup_state boolean NOT NULL,
    created_at timestamptz NOT NULL,
    last_used_at timestamptz
);
CREATE INDEX passkeys_user_id_idx ON passkeys (user_id);
