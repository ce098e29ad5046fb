-- +goose Up

-- A doctor's leave and extra hours. Leaves don't overlap each other, nor do extra hours.
CREATE TYPE availability_exception_kind AS ENUM ('LEAVE', 'EXTRA');
CREATE TABLE availability_exceptions (
    id uuid PRIMARY KEY,
    doctor_id uuid NOT NULL REFERENCES doctors (id),
    kind availability_exception_kind NOT NULL,
    from_time timestamptz NOT NULL,
    to_time timestamptz NOT NULL,
    slot_minutes int CHECK (slot_minutes BETWEEN 5 AND 480),
    buffer_minutes int CHECK (buffer_minutes BETWEEN 0 AND slot_minutes),
    max_patients int CHECK (max_patients BETWEEN 1 AND 100),
    created_at timestamptz NOT NULL,
    CONSTRAINT availability_exceptions_times CHECK (from_time < to_time),
    CONSTRAINT availability_exceptions_extra CHECK (num_nonnulls(slot_minutes, buffer_minutes, max_patients) = CASE kind WHEN 'EXTRA' THEN 3 ELSE 0 END),
    CONSTRAINT availability_exceptions_overlap EXCLUDE USING gist (uuid_send(doctor_id) WITH =, (CASE kind WHEN 'LEAVE' THEN 1 ELSE 0 END) WITH =,
        (tstzrange(from_time, to_time, '[)')) WITH &&)
);
CREATE INDEX availability_exceptions_doctor_id_idx ON availability_exceptions (doctor_id, from_time, id);
CREATE INDEX availability_exceptions_to_time_idx ON availability_exceptions (to_time);
GRANT SELECT ON availability_exceptions TO amrutam_reader;

-- What a patient may choose because their doctor is on leave: another slot, or a refund. Without an answer by expires_at
-- the consultation is cancelled. The offer is void once the consultation is over or in another slot.
CREATE TABLE leave_offers (
    consultation_id uuid PRIMARY KEY REFERENCES consultations (id) ON DELETE CASCADE,
    leave_id uuid NOT NULL,
    slot_id uuid NOT NULL,
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX leave_offers_expires_at_idx ON leave_offers (expires_at);
CREATE INDEX leave_offers_leave_id_idx ON leave_offers (leave_id);
GRANT SELECT ON leave_offers TO amrutam_reader;
