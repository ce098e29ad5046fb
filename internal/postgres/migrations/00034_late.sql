-- +goose Up

-- A patient who leaves for good may do so later than they may cancel: what was paid then stays with the doctor.
ALTER TABLE consultations ADD COLUMN cancelled_late boolean NOT NULL DEFAULT false;
