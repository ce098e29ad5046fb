-- +goose Up

-- The language in which a person is written to.
ALTER TABLE profiles ADD COLUMN language text NOT NULL DEFAULT 'en' CONSTRAINT profiles_language_check CHECK (language IN ('en', 'hi'));
