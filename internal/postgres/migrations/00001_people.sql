-- +goose Up
CREATE EXTENSION IF NOT EXISTS btree_gist;

CREATE TYPE user_role AS ENUM ('PATIENT', 'DOCTOR', 'ADMIN', 'SUPPORT');
CREATE TYPE gender AS ENUM ('MALE', 'FEMALE', 'OTHER', 'PREFER_NOT_TO_SAY');
CREATE TYPE slot_status AS ENUM ('AVAILABLE', 'BOOKED', 'BLOCKED');
CREATE TYPE consultation_status AS ENUM ('REQUESTED', 'CONFIRMED', 'IN_PROGRESS', 'COMPLETED', 'CANCELLED', 'NO_SHOW');
CREATE TYPE payment_status AS ENUM ('PENDING', 'PAID', 'FAILED');
CREATE TYPE payment_transaction_status AS ENUM ('INITIATED', 'SUCCESS', 'FAILED');

-- The token columns store the SHA-256 of a 256-bit random token; only the mail contains the token.
CREATE TABLE users (
    id uuid PRIMARY KEY,
    email text NOT NULL CHECK (length(email) BETWEEN 3 AND 254),
    password_hash text NOT NULL,
    role user_role NOT NULL,
    is_email_verified boolean NOT NULL DEFAULT false,
    email_verification_token bytea,
    email_verification_expiry timestamptz,
    password_reset_token bytea,
    password_reset_expiry timestamptz,
    mfa_enabled boolean NOT NULL DEFAULT false,
    mfa_secret bytea,
    disabled_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz
);
-- The address of a deleted user can sign up again.
CREATE UNIQUE INDEX users_email_key ON users (lower(email)) WHERE deleted_at IS NULL;
-- For the search of staff by the beginning of an address, deleted users too.
CREATE INDEX users_email_prefix_idx ON users (lower(email) text_pattern_ops);
CREATE UNIQUE INDEX users_email_verification_token_key ON users (email_verification_token) WHERE email_verification_token IS NOT NULL;
CREATE UNIQUE INDEX users_password_reset_token_key ON users (password_reset_token) WHERE password_reset_token IS NOT NULL;
CREATE INDEX users_role_idx ON users (role, created_at);
CREATE INDEX users_deleted_at_idx ON users (deleted_at);

-- Distinguishes the right master key from a wrong one: a text that was sealed with it when the database was created.
CREATE TABLE master_key (
    id boolean PRIMARY KEY DEFAULT true CHECK (id),
    sealed bytea NOT NULL
);

-- One data key for each person, wrapped by the master key of the deployment. Destroying it erases the person.
CREATE TABLE data_keys (
    user_id uuid PRIMARY KEY REFERENCES users (id),
    wrapped bytea,
    created_at timestamptz NOT NULL,
    destroyed_at timestamptz,
    CHECK ((wrapped IS NULL) = (destroyed_at IS NOT NULL))
);

-- phone, address and date_of_birth are sealed; phone_index is an HMAC for look-ups.
CREATE TABLE profiles (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL UNIQUE REFERENCES users (id) ON DELETE CASCADE,
    full_name text NOT NULL,
    gender gender,
    date_of_birth bytea,
    phone bytea,
    phone_index bytea,
    address bytea,
    timezone text NOT NULL DEFAULT 'Asia/Kolkata',
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX profiles_phone_index_idx ON profiles (phone_index) WHERE phone_index IS NOT NULL;

-- A session is the sign-in of one device. Its tokens are rows, so that a rotated refresh token is still recognised.
CREATE TABLE sessions (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    user_agent text NOT NULL,
    ip_address text NOT NULL,
    created_at timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz
);
CREATE INDEX sessions_user_id_idx ON sessions (user_id);
CREATE INDEX sessions_expires_at_idx ON sessions (expires_at);

CREATE TYPE session_token_kind AS ENUM ('ACCESS', 'REFRESH');
CREATE TABLE session_tokens (
    hash bytea PRIMARY KEY,
    session_id uuid NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    kind session_token_kind NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX session_tokens_session_id_idx ON session_tokens (session_id);
CREATE INDEX session_tokens_expires_at_idx ON session_tokens (expires_at);

-- A doctor's id is the id of the user, so that every table refers to a doctor by the same id.
CREATE TABLE doctors (
    id uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    user_id uuid NOT NULL UNIQUE CHECK (user_id = id),
    specialization text NOT NULL,
    years_of_experience int NOT NULL CHECK (years_of_experience BETWEEN 0 AND 80),
    registration_number text NOT NULL CONSTRAINT doctors_registration_number_key UNIQUE,
    clinic_name text,
    consultation_fee numeric(12, 2) NOT NULL CHECK (consultation_fee >= 0),
    currency text NOT NULL DEFAULT 'INR' CHECK (currency ~ '^[A-Z]{3}$'),
    languages_spoken text[] NOT NULL,
    bio text,
    is_approved boolean NOT NULL DEFAULT false,
    approval_reason text,
    approval_decided_at timestamptz,
    rating numeric(3, 2) NOT NULL DEFAULT 0 CHECK (rating BETWEEN 0 AND 5),
    search tsvector NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
-- Upper and lower case make no difference between registration numbers.
CREATE UNIQUE INDEX doctors_registration_number_folded_key ON doctors (lower(registration_number));
CREATE INDEX doctors_specialization_idx ON doctors (specialization);
CREATE INDEX doctors_is_approved_idx ON doctors (is_approved);
CREATE INDEX doctors_rating_idx ON doctors (rating);
-- The orders of the search. In each index both columns have the same direction, so that a page starts by one row
-- comparison.
CREATE INDEX doctors_approved_specialization_idx ON doctors (lower(specialization), rating DESC, id DESC) WHERE is_approved;
CREATE INDEX doctors_approved_rating_idx ON doctors (rating DESC, id DESC) WHERE is_approved;
CREATE INDEX doctors_approved_fee_idx ON doctors (consultation_fee, id) WHERE is_approved;
CREATE INDEX doctors_approved_experience_idx ON doctors (years_of_experience DESC, id DESC) WHERE is_approved;
CREATE INDEX doctors_languages_spoken_idx ON doctors USING gin (languages_spoken);
CREATE INDEX doctors_search_idx ON doctors USING gin (search);

-- The searched text combines doctors and profiles. Triggers fill it, so that no writer can leave it out. ASCII
-- punctuation becomes spaces first, as the search does with its input: the parser would treat "Dr.Rao" or "and/or" as
-- one word.
-- +goose StatementBegin
CREATE FUNCTION doctor_search_text(d doctors, full_name text) RETURNS tsvector
LANGUAGE sql IMMUTABLE AS $$
    SELECT to_tsvector('simple', translate(concat_ws(' ', full_name, d.specialization, d.clinic_name, d.bio,
        array_to_string(d.languages_spoken, ' ')), $p$!"#$%&'()*+,-./:;<=>?@[\]^_`{|}~$p$, repeat(' ', 32)))
$$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION doctors_fill_search() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.search := doctor_search_text(NEW, (SELECT full_name FROM profiles WHERE user_id = NEW.id));
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER doctors_fill_search BEFORE INSERT OR UPDATE ON doctors
    FOR EACH ROW EXECUTE FUNCTION doctors_fill_search();
-- +goose StatementBegin
CREATE FUNCTION profiles_renew_doctor_search() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE doctors SET updated_at = updated_at WHERE id = NEW.user_id;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER profiles_renew_doctor_search AFTER UPDATE OF full_name ON profiles
    FOR EACH ROW EXECUTE FUNCTION profiles_renew_doctor_search();
