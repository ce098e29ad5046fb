-- +goose Up
CREATE TABLE availability_slots (
    id uuid PRIMARY KEY,
    doctor_id uuid NOT NULL REFERENCES doctors (id),
    start_time timestamptz NOT NULL,
    end_time timestamptz NOT NULL,
    status slot_status NOT NULL DEFAULT 'AVAILABLE',
    max_patients int NOT NULL DEFAULT 1 CHECK (max_patients BETWEEN 1 AND 100),
    seats_taken int NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT availability_slots_times CHECK (start_time < end_time),
    CONSTRAINT availability_slots_seats CHECK (seats_taken BETWEEN 0 AND max_patients),
    CONSTRAINT availability_slots_booked_when_full CHECK ((status = 'BOOKED') = (seats_taken = max_patients)),
    CONSTRAINT availability_slots_blocked_empty CHECK (status <> 'BLOCKED' OR seats_taken = 0),
    CONSTRAINT availability_slots_doctor_times_status_key UNIQUE (doctor_id, start_time, end_time, status),
    CONSTRAINT availability_slots_overlap EXCLUDE USING gist (doctor_id WITH =, tstzrange(start_time, end_time) WITH &&)
        WHERE (status <> 'BLOCKED')
);
CREATE INDEX availability_slots_doctor_id_status_idx ON availability_slots (doctor_id, status);
CREATE INDEX availability_slots_start_time_end_time_idx ON availability_slots (start_time, end_time) INCLUDE (status, max_patients);
CREATE INDEX availability_slots_free_by_doctor_idx ON availability_slots (doctor_id, start_time) WHERE status = 'AVAILABLE';
CREATE INDEX availability_slots_free_by_time_idx ON availability_slots (start_time, doctor_id) WHERE status = 'AVAILABLE';

-- Range partitions on the UUIDv7 id: the primary key and every foreign key are one column. The default partition takes
-- a booking when the partition of its month is missing. reason and notes are sealed.
CREATE TABLE consultations (
    id uuid PRIMARY KEY,
    patient_id uuid NOT NULL REFERENCES users (id),
    doctor_id uuid NOT NULL REFERENCES doctors (id),
    slot_id uuid NOT NULL REFERENCES availability_slots (id),
    status consultation_status NOT NULL,
    reason bytea NOT NULL,
    notes bytea,
    payment_status payment_status NOT NULL,
    fee numeric(12, 2) NOT NULL CHECK (fee >= 0),
    currency text NOT NULL,
    scheduled_start timestamptz NOT NULL,
    scheduled_end timestamptz NOT NULL,
    payment_due_at timestamptz,
    cancelled_by user_role,
    cancellation_reason bytea,
    cancelled_at timestamptz,
    started_at timestamptz,
    ended_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
) PARTITION BY RANGE (id);
CREATE TABLE consultations_default PARTITION OF consultations DEFAULT;
CREATE INDEX consultations_patient_id_idx ON consultations (patient_id, scheduled_start, id);
CREATE INDEX consultations_doctor_id_idx ON consultations (doctor_id, scheduled_start, id);
CREATE INDEX consultations_slot_id_idx ON consultations (slot_id);
CREATE INDEX consultations_status_idx ON consultations (status);
-- The figures of a period are counted from these two indexes without reading the table. The included columns change
-- only together with status, which is indexed anyway.
CREATE INDEX consultations_created_at_idx ON consultations (created_at) INCLUDE (id, status);
CREATE INDEX consultations_scheduled_start_idx ON consultations (scheduled_start) INCLUDE (status, cancelled_by, started_at, created_at);
CREATE INDEX consultations_payment_due_at_idx ON consultations (payment_due_at) WHERE status = 'REQUESTED';
CREATE INDEX consultations_unfinished_idx ON consultations (scheduled_end) WHERE status = 'CONFIRMED';

-- One row for each taken seat. It enforces "no double booking" and "no patient in two places", because a unique
-- constraint on the partitioned consultations can't span its partitions.
CREATE TABLE seats (
    slot_id uuid NOT NULL REFERENCES availability_slots (id),
    patient_id uuid NOT NULL REFERENCES users (id),
    consultation_id uuid NOT NULL REFERENCES consultations (id) DEFERRABLE INITIALLY DEFERRED,
    during tstzrange NOT NULL,
    CONSTRAINT seats_pkey PRIMARY KEY (slot_id, patient_id),
    CONSTRAINT seats_consultation_id_key UNIQUE (consultation_id),
    CONSTRAINT seats_patient_overlap EXCLUDE USING gist (patient_id WITH =, during WITH &&)
);

CREATE TABLE prescriptions (
    id uuid PRIMARY KEY,
    consultation_id uuid NOT NULL REFERENCES consultations (id),
    doctor_id uuid NOT NULL REFERENCES doctors (id),
    patient_id uuid NOT NULL REFERENCES users (id),
    medications bytea NOT NULL,
    advice bytea,
    supersedes uuid CONSTRAINT prescriptions_supersedes_key UNIQUE REFERENCES prescriptions (id),
    created_at timestamptz NOT NULL
);
CREATE INDEX prescriptions_consultation_id_idx ON prescriptions (consultation_id);
CREATE INDEX prescriptions_patient_id_idx ON prescriptions (patient_id, id);
CREATE INDEX prescriptions_doctor_id_idx ON prescriptions (doctor_id);
CREATE TRIGGER prescriptions_no_change BEFORE UPDATE OR DELETE ON prescriptions
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER prescriptions_no_truncate BEFORE TRUNCATE ON prescriptions EXECUTE FUNCTION refuse_change();
