-- +goose Up

-- Only a consultation to come has an offer, which ends with its slot (00059), so the offer needn't name the slot.
DELETE FROM leave_offers o WHERE NOT EXISTS (SELECT FROM consultations c
    WHERE c.id = o.consultation_id AND c.slot_id = o.slot_id AND c.status IN ('REQUESTED', 'CONFIRMED'));
ALTER TABLE leave_offers DROP COLUMN slot_id;
