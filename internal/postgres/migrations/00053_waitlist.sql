-- +goose Up

-- Who waits for a seat of a doctor, in line by queued_at. The days are those of the time zone that the patient had when
-- they joined; from_time and to_time are their bounds.
CREATE TABLE waitlist_entries (
    id uuid PRIMARY KEY,
    patient_id uuid NOT NULL REFERENCES users (id),
    doctor_id uuid NOT NULL REFERENCES doctors (id),
    from_date date NOT NULL,
    to_date date NOT NULL,
    timezone text NOT NULL,
    from_time timestamptz NOT NULL,
    to_time timestamptz NOT NULL,
    part_of_day text CHECK (part_of_day IN ('MORNING', 'AFTERNOON', 'EVENING')),
    status text NOT NULL DEFAULT 'WAITING' CHECK (status IN ('WAITING', 'OFFERED', 'ACCEPTED', 'WITHDRAWN', 'EXPIRED')),
    queued_at timestamptz NOT NULL,
    consultation_id uuid,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT waitlist_entries_period CHECK (from_date <= to_date AND from_time < to_time),
    CONSTRAINT waitlist_entries_accepted CHECK ((status = 'ACCEPTED') = (consultation_id IS NOT NULL))
);
CREATE UNIQUE INDEX waitlist_entries_once ON waitlist_entries (patient_id, doctor_id) WHERE status IN ('WAITING', 'OFFERED');
CREATE INDEX waitlist_entries_line_idx ON waitlist_entries (doctor_id, queued_at, id) WHERE status = 'WAITING';
CREATE INDEX waitlist_entries_patient_id_idx ON waitlist_entries (patient_id, id);
CREATE INDEX waitlist_entries_to_time_idx ON waitlist_entries (to_time) WHERE status = 'WAITING';
CREATE INDEX waitlist_entries_ended_idx ON waitlist_entries (updated_at) WHERE status IN ('ACCEPTED', 'WITHDRAWN', 'EXPIRED');

-- The seats that were offered. An offer without ended_at holds its seat: seats_taken counts it. An entry is offered a slot
-- once.
CREATE TABLE waitlist_offers (
    entry_id uuid NOT NULL REFERENCES waitlist_entries (id) ON DELETE CASCADE,
    slot_id uuid NOT NULL REFERENCES availability_slots (id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    mailed_at timestamptz,
    ended_at timestamptz,
    PRIMARY KEY (entry_id, slot_id),
    CHECK (created_at < expires_at)
);
CREATE UNIQUE INDEX waitlist_offers_open_key ON waitlist_offers (entry_id) WHERE ended_at IS NULL;
CREATE INDEX waitlist_offers_expires_at_idx ON waitlist_offers (expires_at) WHERE ended_at IS NULL;
CREATE INDEX waitlist_offers_unmailed_idx ON waitlist_offers (created_at) WHERE ended_at IS NULL AND mailed_at IS NULL;
CREATE INDEX waitlist_offers_slot_id_idx ON waitlist_offers (slot_id);

-- Until noon, until five in the afternoon, and after that, on the clocks of a zone.
-- +goose StatementBegin
CREATE FUNCTION part_of_day(at timestamptz, zone text) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
    hour int;
BEGIN
    BEGIN
        hour := extract(hour FROM at AT TIME ZONE zone);
    EXCEPTION WHEN invalid_parameter_value THEN -- this PostgreSQL doesn't know the zone
        hour := extract(hour FROM at AT TIME ZONE 'UTC');
    END;
    RETURN CASE WHEN hour < 12 THEN 'MORNING' WHEN hour < 17 THEN 'AFTERNOON' ELSE 'EVENING' END;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION publish_waitlist_offer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM publish_event('offer.changed', ARRAY(SELECT patient_id FROM waitlist_entries WHERE id = NEW.entry_id),
        jsonb_build_object('waitlistId', NEW.entry_id, 'status', CASE WHEN NEW.ended_at IS NULL THEN 'OPEN' ELSE 'ENDED' END),
        coalesce(NEW.ended_at, NEW.created_at));
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER waitlist_offers_event_insert AFTER INSERT ON waitlist_offers FOR EACH ROW EXECUTE FUNCTION publish_waitlist_offer();
CREATE TRIGGER waitlist_offers_event_update AFTER UPDATE ON waitlist_offers FOR EACH ROW
    WHEN (OLD.ended_at IS DISTINCT FROM NEW.ended_at) EXECUTE FUNCTION publish_waitlist_offer();
