-- +goose Up

-- A patient who deletes the account may do so later than a consultation can be cancelled. Then the doctor keeps what
-- was paid.
ALTER TABLE consultations ADD COLUMN cancelled_late boolean NOT NULL DEFAULT false;
