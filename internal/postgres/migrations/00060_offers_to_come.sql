-- +goose Up

-- Only a consultation to come has an offer. slot_id is read by servers of the release before alone.
DELETE FROM leave_offers o WHERE NOT EXISTS (SELECT FROM consultations c
    WHERE c.id = o.consultation_id AND c.slot_id = o.slot_id AND c.status IN ('REQUESTED', 'CONFIRMED'));
