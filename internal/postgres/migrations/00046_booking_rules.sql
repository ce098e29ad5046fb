-- +goose Up

-- Rules by which a doctor's slots are booked. A doctor without a row has none. Null is no limit; a visit without a
-- length takes its whole slot.
CREATE TABLE booking_rules (
    doctor_id uuid PRIMARY KEY REFERENCES doctors (id),
    minimum_notice_minutes int NOT NULL DEFAULT 0 CHECK (minimum_notice_minutes BETWEEN 0 AND 43200),
    horizon_days int CHECK (horizon_days BETWEEN 1 AND 365),
    daily_maximum int CHECK (daily_maximum BETWEEN 1 AND 1000),
    first_visit_minutes int CHECK (first_visit_minutes BETWEEN 5 AND 480),
    follow_up_minutes int CHECK (follow_up_minutes BETWEEN 5 AND 480),
    updated_at timestamptz NOT NULL
);
GRANT SELECT ON booking_rules TO amrutam_reader;

-- Returns whether the doctor has completed a consultation with the patient. As PL/pgSQL it is planned only when it is
-- called: its plan has all partitions, and few doctors have different lengths of first and later visits. The costs of
-- it and of count_visits let the planner ask them last, and as rarely as it can.
-- +goose StatementBegin
CREATE FUNCTION had_visit(patient uuid, doctor uuid) RETURNS boolean LANGUAGE plpgsql STABLE COST 10000 AS $$
BEGIN
    RETURN EXISTS (SELECT FROM consultations c WHERE c.patient_id = patient AND c.id >= ids_since(patient)
            AND c.doctor_id = doctor AND c.status = 'COMPLETED')
        OR EXISTS (SELECT FROM archived_consultations c WHERE c.patient_id = patient AND c.id >= ids_since(patient)
            AND c.doctor_id = doctor AND c.status = 'COMPLETED');
END $$;
-- +goose StatementEnd

-- Returns how many consultations a doctor has on the day of an instant, in the time zone of their profile: seats that
-- are taken, and consultations that ended and hold none. Those are of days that have begun.
-- +goose StatementBegin
CREATE FUNCTION count_visits(doctor uuid, starts timestamptz, at timestamptz) RETURNS bigint LANGUAGE plpgsql STABLE COST 10000 AS $$
DECLARE
    zone text := (SELECT p.timezone FROM profiles p WHERE p.user_id = doctor);
    midnight timestamp;
    since timestamptz;
    until timestamptz;
    visits bigint;
BEGIN
    BEGIN
        midnight := date_trunc('day', starts AT TIME ZONE zone);
    EXCEPTION WHEN invalid_parameter_value THEN -- this PostgreSQL doesn't know the zone
        zone := 'UTC';
        midnight := date_trunc('day', starts AT TIME ZONE zone);
    END;
    since := midnight AT TIME ZONE zone;
    until := (midnight + interval '1 day') AT TIME ZONE zone;
    visits := (SELECT coalesce(sum(s.seats_taken), 0) FROM availability_slots s
        WHERE s.doctor_id = doctor AND s.start_time >= since AND s.start_time < until);
    IF since <= at + interval '1 hour' THEN
        visits := visits + (SELECT count(*) FROM consultations c WHERE c.doctor_id = doctor
            AND c.id >= uuid7_floor(at - interval '400 days') AND c.status IN ('COMPLETED', 'NO_SHOW')
            AND c.scheduled_start >= since AND c.scheduled_start < until);
    END IF;
    RETURN visits;
END $$;
-- +goose StatementEnd

-- Returns how long a visit takes, or null for the whole slot. seen: the doctor has completed a consultation with the
-- patient. It and the next two are STABLE: an IMMUTABLE function of constants would be folded into cached plans.
-- +goose StatementBegin
CREATE FUNCTION visit_length(r booking_rules, seen boolean) RETURNS interval LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN r.first_visit_minutes IS NOT DISTINCT FROM r.follow_up_minutes THEN r.follow_up_minutes
        WHEN seen THEN r.follow_up_minutes ELSE r.first_visit_minutes END * interval '1 minute'
$$;
-- +goose StatementEnd

-- Returns why a slot can't be booked at an instant, or null if it can. Whatever lists free slots and whatever books one
-- asks this function. The planner puts its expression into the statement.
-- +goose StatementBegin
CREATE FUNCTION slot_refusal(s availability_slots, r booking_rules, seen boolean, at timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN s.status = 'BLOCKED' THEN 'blocked'
        WHEN s.start_time <= at THEN 'begun'
        WHEN s.start_time < at + r.minimum_notice_minutes * interval '1 minute' THEN 'minimum-notice'
        WHEN s.start_time > at + r.horizon_days * interval '24 hours' THEN 'horizon'
        WHEN s.end_time - s.start_time < visit_length(r, seen) THEN 'too-short'
        WHEN s.status = 'BOOKED' THEN 'taken'
        WHEN CASE WHEN r.daily_maximum IS NOT NULL THEN count_visits(s.doctor_id, s.start_time, at) END >= r.daily_maximum
            THEN 'daily-maximum' END
$$;
-- +goose StatementEnd

-- Returns whether a slot can be booked. The planner takes a CASE for true half of the time, but IS NULL for one row in 200:
-- it would read all slots of a doctor to find the first.
-- +goose StatementBegin
CREATE FUNCTION is_bookable(s availability_slots, r booking_rules, seen boolean, at timestamptz) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN slot_refusal(s, r, seen, at) IS NULL THEN true ELSE false END
$$;
-- +goose StatementEnd
