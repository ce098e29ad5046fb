-- +goose Up

-- The same constraints over keys of type uuid: GiST compares these faster than the bytes of uuid_send, which were most
-- of what a new slot costs. No query contains these expressions either (docs/adr/0030-exclusion-constraints.md).
ALTER TABLE availability_slots DROP CONSTRAINT availability_slots_overlap,
    ADD CONSTRAINT availability_slots_overlap EXCLUDE USING gist ((CASE WHEN status <> 'BLOCKED' THEN doctor_id END) WITH =,
        (CASE WHEN status <> 'BLOCKED' THEN tstzrange(start_time, end_time) END) WITH &&);
