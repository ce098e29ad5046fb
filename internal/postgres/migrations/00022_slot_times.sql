-- +goose Up

-- A doctor has no two slots of exactly the same times, so that each slot can be blocked. Of two existing ones, the
-- blocked one goes: it is deleted when nothing refers to it, as its doctor could do, otherwise shortened by some
-- microseconds.
-- +goose StatementBegin
DO $$
DECLARE
    twin record;
    kept int := 0;
BEGIN
    FOR twin IN
        SELECT id, seats_taken, nth FROM (SELECT s.*, row_number() OVER (PARTITION BY doctor_id, start_time, end_time
            ORDER BY seats_taken DESC, (status = 'BLOCKED'), created_at DESC, id) - 1 AS nth FROM availability_slots s) numbered
        WHERE nth > 0
    LOOP
        IF twin.seats_taken > 0 THEN
            RAISE EXCEPTION 'two slots of one doctor at the same time hold consultations: %', twin.id
                USING HINT = 'Cancel the consultations of one of the two, then migrate again.';
        ELSIF EXISTS (SELECT FROM consultations c WHERE c.slot_id = twin.id) THEN
            UPDATE availability_slots SET status = 'BLOCKED', end_time = end_time - twin.nth * interval '1 microsecond' WHERE id = twin.id;
            kept := kept + 1;
        ELSE
            DELETE FROM availability_slots WHERE id = twin.id;
            INSERT INTO audit_logs (id, actor_id, actor_role, action, entity_type, entity_id, metadata, ip_address, created_at)
            VALUES (gen_random_uuid(), NULL, NULL, 'slot.delete', 'slot', twin.id::text, '{"job": "migration 00022"}', '', now());
        END IF;
    END LOOP;
    IF kept > 0 THEN
        RAISE NOTICE '% slots that had a twin and consultations are blocked and end some microseconds earlier', kept;
    END IF;
END $$;
-- +goose StatementEnd
ALTER TABLE availability_slots ADD CONSTRAINT availability_slots_doctor_times_key UNIQUE (doctor_id, start_time, end_time);
