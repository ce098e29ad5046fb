-- +goose Up

-- availability_slots_doctor_times_status_key finds the free slots of a doctor too. Every booking of a slot writes all
-- indexes of the table.
DROP INDEX availability_slots_free_by_doctor_idx;
