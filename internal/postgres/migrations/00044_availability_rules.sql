-- +goose Up

-- When a doctor works each week or month (internal/schedule). The times are minutes of the local day in the time zone.
-- fill_at is when a job next makes the slots of the coming days.
CREATE TABLE availability_rules (
    id uuid PRIMARY KEY,
    doctor_id uuid NOT NULL REFERENCES doctors (id),
    rrule text NOT NULL CHECK (length(rrule) BETWEEN 1 AND 500),
    start_minute int NOT NULL CHECK (start_minute >= 0),
    end_minute int NOT NULL CHECK (end_minute <= 1440),
    timezone text NOT NULL CHECK (length(timezone) BETWEEN 1 AND 64),
    slot_minutes int NOT NULL CHECK (slot_minutes BETWEEN 5 AND 480),
    buffer_minutes int NOT NULL CHECK (buffer_minutes BETWEEN 0 AND slot_minutes),
    max_patients int NOT NULL CHECK (max_patients BETWEEN 1 AND 100),
    valid_from date NOT NULL,
    valid_to date,
    fill_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT availability_rules_slot CHECK (start_minute + slot_minutes <= end_minute),
    CONSTRAINT availability_rules_validity CHECK (valid_from <= valid_to)
);
CREATE INDEX availability_rules_doctor_id_idx ON availability_rules (doctor_id, id);
CREATE INDEX availability_rules_fill_at_idx ON availability_rules (fill_at);
GRANT SELECT ON availability_rules TO amrutam_reader;

-- The times of slots of a rule that their doctor deleted or moved by hand: the rule doesn't make them again.
CREATE TABLE availability_removals (
    rule_id uuid NOT NULL REFERENCES availability_rules (id) ON DELETE CASCADE,
    start_time timestamptz NOT NULL,
    end_time timestamptz NOT NULL,
    PRIMARY KEY (rule_id, start_time),
    CONSTRAINT availability_removals_times CHECK (start_time < end_time)
);
CREATE INDEX availability_removals_end_time_idx ON availability_removals (end_time);
GRANT SELECT ON availability_removals TO amrutam_reader;

-- The rule that made the slot, and its start on the clocks of the rule's time zone. A slot may outlive its rule, so
-- rule_id is no foreign key. extra_id has the extra hours that made it. blocked_by is what closed the slot, other than
-- its doctor by hand: a rule that no longer has it, a leave, extra hours that were deleted, or the doctor's own id when
-- they stopped. Such a slot can be reopened by a rule.
ALTER TABLE availability_slots ADD COLUMN rule_id uuid, ADD COLUMN local_start timestamp, ADD COLUMN extra_id uuid,
    ADD COLUMN blocked_by uuid,
    ADD CONSTRAINT availability_slots_local_start CHECK ((rule_id IS NULL) = (local_start IS NULL));
CREATE UNIQUE INDEX availability_slots_rule_start_key ON availability_slots (rule_id, local_start) WHERE rule_id IS NOT NULL;
GRANT SELECT (rule_id, local_start, extra_id, blocked_by) ON availability_slots TO amrutam_reader;
