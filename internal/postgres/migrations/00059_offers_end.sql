-- +goose Up

-- What a leave offered ends with the patient's move, cancellation or anything else that makes it pointless. It waited
-- for its time limit, and the patient was told that late.
-- +goose StatementBegin
CREATE FUNCTION end_leave_offer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM leave_offers WHERE consultation_id = NEW.id;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER consultations_offer_end AFTER UPDATE ON consultations FOR EACH ROW
    WHEN (OLD.slot_id <> NEW.slot_id OR (OLD.status IN ('REQUESTED', 'CONFIRMED') AND NEW.status NOT IN ('REQUESTED', 'CONFIRMED')))
    EXECUTE FUNCTION end_leave_offer();
DELETE FROM leave_offers o WHERE NOT EXISTS (SELECT FROM consultations c
    WHERE c.id = o.consultation_id AND c.slot_id = o.slot_id AND c.status IN ('REQUESTED', 'CONFIRMED'));
